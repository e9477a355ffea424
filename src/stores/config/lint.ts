import { lintKeys } from './lint-keys.ts'
import { lintLimits } from './lint-limits.ts'
import { lintModels } from './lint-models.ts'
import { lintRules } from './lint-rules.ts'
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

/** What a valid configuration says in vain: rules, limits and keys that nothing reaches, names that lead nowhere. */
export async function lint(question: LintQuestion): Promise<Finding[]> {
  const findings: Finding[] = []
  const tell: Tell = (place, found, expected) => void findings.push({ place, found, expected })
  await lintRules(question, tell)
  lintKeys(question, tell)
  lintLimits(question, tell)
  lintModels(question, tell)
  return findings
}
