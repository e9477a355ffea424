import type { Guard } from './part.ts'
import { FAILED } from './scope.ts'
import type { Run, Scope } from './scope.ts'

/** A compiled expression: it holds when all its conditions do. */
export interface Program {
  readonly text: string
  /** The parts that `&&` joins. */
  readonly conditions: readonly Condition[]
  /** What must be so for the expression to hold, if one can look it up. */
  readonly guard: Guard | undefined
}

export interface Condition {
  /** As it stands in the expression. */
  readonly text: string
  readonly run: Run
  /** What it looks at, by name: variables, and entries of maps as `headers["x-team"]`. */
  readonly reads: ReadonlyMap<string, Run>
}

/** A part that failed does not hold. */
export function holds({ conditions }: Program, scope: Scope): boolean {
  for (const { run } of conditions) if (run(scope) !== true) return false
  return true
}

/** One condition with its outcome. `failed`: it could not be decided, as when a header is not there. */
export function outcome({ run }: Condition, scope: Scope): boolean | 'failed' {
  const value = run(scope)
  return value === FAILED ? 'failed' : value === true
}
