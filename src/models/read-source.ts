import { parseCatalogue } from './catalogue-file.ts'
import type { CatalogueEntry, Edition, Entries } from './catalogue-file.ts'
import { fromDatasheet, isDatasheet } from './datasheet.ts'
import { fromModelsDev } from './models-dev.ts'
import type { ModelsDev } from './models-dev.ts'

/** What a file from outside knows. */
export interface ReadSource {
  entries: Entries
  /** Of a catalogue in our own form, which says it. */
  edition: Edition | undefined
}

/**
 * A catalogue in our own form, the table of models.dev, or a datasheet as LiteLLM and Bifrost have it. Throws an Error
 * that says why it is none.
 */
export function readSource(text: string): ReadSource {
  const value = parse(text)
  if ('date' in value && 'models' in value) {
    const { models, date, sources } = parseCatalogue(text)
    return { entries: new Map(Object.entries(models)), edition: { date, sources } }
  }
  const entries = isDatasheet(value)
    ? fromDatasheet(value)
    : isModelsDev(value)
      ? fromModelsDev(value)
      : undefined
  if (entries === undefined || entries.size === 0)
    throw new Error(
      'it is no catalogue of Signalbox, no api.json of models.dev and no datasheet of LiteLLM’s form',
    )
  return { entries: checked(entries), edition: undefined }
}

function parse(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('it is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('it is no JSON object')
  return value as Record<string, unknown>
}

function isModelsDev(table: Record<string, unknown>): table is ModelsDev {
  return Object.values(table).some(
    (provider) =>
      typeof provider === 'object' && provider !== null && 'models' in provider && 'env' in provider,
  )
}

/** A source's slip in one model must not cost all others: such an entry is left out. */
function checked(entries: Entries): Entries {
  const whole: Entries = new Map()
  for (const [key, entry] of entries) {
    if (isWhole(key, entry)) whole.set(key, entry)
  }
  return whole
}

function isWhole(key: string, entry: CatalogueEntry): boolean {
  try {
    parseCatalogue(JSON.stringify({ date: '2000-01-01', models: { [key]: entry } }))
    return true
  } catch {
    return false
  }
}
