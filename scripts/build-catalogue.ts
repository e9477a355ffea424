/**
 * Builds src/models/catalogue.json from the data of two packages:
 *
 *   npm pack @pydantic/genai-prices@0.1.8 @earendil-works/pi-ai@1.5.2
 *   (unpack each into a folder of its own)
 *   node scripts/build-catalogue.ts --prices <folder of genai-prices> --limits <folder of pi-ai>
 *
 * They are not dependencies: pi-ai brings every provider's SDK along, and of both only a table is wanted. The
 * sources disagree now and then; each disagreement is printed, so that a new edition is reviewed and not believed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { format } from './catalogue/format.ts'
import { readLimits } from './catalogue/limits.ts'
import { mergeSources } from './catalogue/merge.ts'
import { readPrices } from './catalogue/prices.ts'

const USAGE =
  'usage: build-catalogue.ts --prices <folder of @pydantic/genai-prices> --limits <folder of @earendil-works/pi-ai>'
const { prices, limits } = parseArgs({
  options: { prices: { type: 'string' }, limits: { type: 'string' } },
}).values
if (prices === undefined || limits === undefined) throw new Error(USAGE)

const date = editionDate(limits)
const { entries, conflicts } = mergeSources(await readPrices(prices, date), readLimits(limits))
const sources = [
  source(prices, 'Copyright (c) Pydantic Services Inc.'),
  source(limits, 'Copyright (c) Mario Zechner'),
]
const target = fileURLToPath(new URL('../src/models/catalogue.json', import.meta.url))
writeFileSync(target, format(date, sources, entries))
for (const conflict of conflicts) console.log(conflict)
console.log(`${entries.size} models, ${conflicts.length} conflicts, ${target}`)

/** The fresher source says when it was generated. */
function editionDate(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'dist/providers/data/.manifest.json'), 'utf8'))
  return String(manifest.generatedAt).slice(0, 10)
}

function source(folder: string, copyright: string): object {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { package: `${manifest.name}@${manifest.version}`, licence: manifest.license, copyright }
}
