import type { Path, Problem } from './problem.ts'

/** Looking into values that may be anything: the checks of `consistency.ts` run beside those of the types, not after. */
export type Fields = Readonly<Record<string, unknown>>

export interface Placed {
  path: Path
  value: unknown
}

const NOTHING: Fields = Object.freeze(Object.create(null) as Fields)

/** The value's fields; none when it is no object, which the types have reported. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : NOTHING
}

export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Text that says something; undefined for all else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The items of a list with their places. */
export function place(path: Path, value: unknown): Placed[] {
  return items(value).map((item, index) => ({ path: [...path, index], value: item }))
}

/** Reports each text of the field that came before. */
export function checkUnique(
  placed: readonly Placed[],
  field: string,
  expected: string,
  problems: Problem[],
): void {
  const seen = new Set<string>()
  for (const { path, value } of placed) {
    const text = textOf(fields(value)[field])
    if (text === undefined) continue
    if (seen.has(text))
      problems.push({ path: [...path, field], found: `${JSON.stringify(text)} again`, expected })
    seen.add(text)
  }
}
