import type { Survey } from './survey.ts'

/** Something about an accepted configuration that its author should know. One line, no secrets. */
export interface Notice {
  readonly kind:
    | 'unserved'
    | 'unknown'
    | 'provider'
    | 'provider-key'
    | 'virtual-key'
    | 'client'
    | 'logs'
    | 'ledger'
    | 'governance'
    | 'prices'
    | 'file'
  readonly message: string
}

/** What the file sets without effect, in at most two notices. */
export function surveyNotices(file: string, { unserved, unenforced, unknown }: Survey): Notice[] {
  const found: Notice[] = []
  if (unserved.length > 0) {
    const warning =
      unenforced.length === 0
        ? ''
        : ` Of these, the following limit access or spending, and nothing enforces them: ${unenforced.join(', ')}.`
    const message = `${file} has settings that this version accepts and does not serve: ${unserved.join(', ')}.${warning}`
    found.push({ kind: 'unserved', message })
  }
  if (unknown.length > 0) {
    found.push({
      kind: 'unknown',
      message: `${file} has names that are no settings: ${unknown.map(shown).join(', ')}.`,
    })
  }
  return found
}

function shown({ place, meant }: Survey['unknown'][number]): string {
  return meant === undefined ? place : `${place} (did you mean ${meant}?)`
}
