import type { Configuration } from './configuration.ts'
import type { Settings } from './schema.ts'

/** Something in a valid configuration that cannot be meant so. */
export interface Finding {
  /** As `formatPath` writes it: `governance.routing_rules[2]`. */
  readonly place: string
  readonly found: string
  /** What would be right. */
  readonly expected: string
}

export interface LintQuestion {
  readonly configuration: Configuration
  /** As they stand in the file. */
  readonly settings: Settings
  readonly nowMs: number
}

export type Tell = (place: string, found: string, expected: string) => void

/** For messages: the names that would have been right. */
export function oneOf(names: Iterable<string>): string {
  const all = [...names]
  if (all.length === 0) return 'one that is configured; there is none'
  const shown = all.slice(0, SHOWN_MAX).join(', ')
  return `one of ${shown}${all.length > SHOWN_MAX ? ` and ${all.length - SHOWN_MAX} more` : ''}`
}

const SHOWN_MAX = 10
