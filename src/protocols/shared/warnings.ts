import type { Warning } from '../../message/request.ts'

/** What a translation could not carry: one warning a field, however often it came. */
export class Warnings {
  readonly #byField = new Map<string, Warning>()

  add(kind: Warning['kind'], field: string, reason: string): void {
    if (!this.#byField.has(field)) this.#byField.set(field, { kind, field, reason })
  }

  list(): Warning[] {
    return [...this.#byField.values()]
  }
}
