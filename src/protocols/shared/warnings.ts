import type { Warning } from '../../message/request.ts'

/** Names of fields and blocks are the client's choice, and each warning is kept in the row of its call. */
const WARNINGS_MAX = 64
const TEXT_MAX_LENGTH = 200

/** What a translation could not carry: one warning a field, however often it came. */
export class Warnings {
  readonly #byField = new Map<string, Warning>()

  add(kind: Warning['kind'], name: string, reason: string): void {
    const field = clipped(name)
    if (this.#byField.has(field)) return
    if (this.#byField.size < WARNINGS_MAX) this.#byField.set(field, { kind, field, reason: clipped(reason) })
    else this.#byField.set('…', { kind: 'dropped', field: '…', reason: `more than ${WARNINGS_MAX} fields` })
  }

  /** Those of a part that was translated by itself. */
  include(warnings: readonly Warning[]): void {
    for (const { kind, field, reason } of warnings) this.add(kind, field, reason)
  }

  list(): Warning[] {
    return [...this.#byField.values()]
  }
}

function clipped(text: string): string {
  return text.length > TEXT_MAX_LENGTH ? `${text.slice(0, TEXT_MAX_LENGTH)}…` : text
}
