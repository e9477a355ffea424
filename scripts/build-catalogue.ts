/**
 * Builds src/models/catalogue.json from the data of three packages, and of `catalogue/pieces.ts`:
 *
 *   npm pack @pydantic/genai-prices@0.1.8 @earendil-works/pi-ai@1.5.2 opencode-linux-x64@1.18.33
 *   (unpack each into a folder of its own)
 *   node scripts/build-catalogue.ts --prices <folder of genai-prices> --limits <folder of pi-ai> --models <folder of opencode>
 *
 * They are not dependencies: one brings every provider's SDK along, one is a program of 180 MB, and of all only a
 * table is wanted. The sources disagree now and then; each disagreement is printed, so that a new edition is
 * reviewed and not believed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { formatCatalogue } from '../src/models/catalogue-file.ts'
import type { Source } from '../src/models/catalogue-file.ts'
import { readLimits } from './catalogue/limits.ts'
import { mergeSources } from './catalogue/merge.ts'
import { readModelsDev } from './catalogue/models-dev.ts'
import { readPieces } from './catalogue/pieces.ts'
import { readPrices } from './catalogue/prices.ts'

const USAGE =
  'usage: build-catalogue.ts --prices <folder of @pydantic/genai-prices> --limits <folder of @earendil-works/pi-ai> --models <folder of opencode-linux-x64>'
const { prices, limits, models } = parseArgs({
  options: { prices: { type: 'string' }, limits: { type: 'string' }, models: { type: 'string' } },
}).values
if (prices === undefined || limits === undefined || models === undefined) throw new Error(USAGE)

const date = editionDate(limits)
const { entries, conflicts } = mergeSources(
  await readPrices(prices, date),
  readLimits(limits),
  readModelsDev(models),
  readPieces(),
)
const sources = [
  source(prices, 'Copyright (c) Pydantic Services Inc.'),
  source(limits, 'Copyright (c) Mario Zechner'),
  // Of the table, which is models.dev's.
  { ...source(models, 'Copyright (c) 2025 spin.dev'), licence: 'MIT' },
  { name: 'promptfoo@0.123.1', licence: 'MIT', copyright: 'Copyright (c) Promptfoo 2025' },
]
const target = fileURLToPath(new URL('../src/models/catalogue.json', import.meta.url))
writeFileSync(target, formatCatalogue({ date, sources }, entries))
for (const conflict of conflicts) console.log(conflict)
console.log(`${entries.size} models, ${conflicts.length} conflicts, ${target}`)

/** The fresher source says when it was generated. */
function editionDate(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'dist/providers/data/.manifest.json'), 'utf8'))
  return String(manifest.generatedAt).slice(0, 10)
}

function source(folder: string, copyright: string): Source {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { name: `${manifest.name}@${manifest.version}`, licence: manifest.license, copyright }
}
