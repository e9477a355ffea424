import { readFileSync, writeFileSync } from 'node:fs'
import { compatibilityTables } from './docs/compatibility.ts'
import { errorTable } from './docs/errors.ts'
import { operationTables } from './docs/operations.ts'
import { quirkTable } from './docs/quirks.ts'
import { routeTables } from './docs/routes.ts'
import { settingsTables } from './docs/settings.ts'
import { tierTable } from './docs/tiers.ts'
import { variableTable } from './docs/variables.ts'

/** Parts of the documentation that are made from the code; a test fails when one of them is stale. */
export const GENERATED: readonly { file: string; name: string; build: () => string }[] = [
  { file: 'docs/settings.md', name: 'settings', build: settingsTables },
  { file: 'docs/errors.md', name: 'errors', build: errorTable },
  { file: 'docs/adding-a-provider.md', name: 'quirks', build: quirkTable },
  { file: 'docs/claude-code.md', name: 'classes', build: tierTable },
  { file: 'docs/operations.md', name: 'operations', build: operationTables },
  { file: 'docs/routes.md', name: 'routes', build: routeTables },
  { file: 'docs/compatibility.md', name: 'compatibility', build: compatibilityTables },
  { file: 'docs/routing-rules.md', name: 'variables', build: variableTable },
]

/** The page with the text between `<!-- name -->` and `<!-- /name -->` replaced. */
export function withPart(page: string, name: string, part: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const start = page.indexOf(open)
  const end = page.indexOf(close)
  if (start < 0 || end < start) throw new Error(`no place for ${name}: expected ${open} and ${close}`)
  return `${page.slice(0, start + open.length)}\n\n${part}\n\n${page.slice(end)}`
}

if (import.meta.main) {
  for (const { file, name, build } of GENERATED) {
    writeFileSync(file, withPart(readFileSync(file, 'utf8'), name, build()))
  }
}
