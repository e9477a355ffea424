import type { Finding, LintQuestion, Tell } from './finding.ts'
import { lintKeys } from './lint-keys.ts'
import { lintLimits } from './lint-limits.ts'
import { lintModels } from './lint-models.ts'
import { lintPrices } from './lint-prices.ts'
import { lintRules } from './lint-rules.ts'

/** What a valid configuration says in vain: rules, limits and keys that nothing reaches, names that lead nowhere. */
export async function lint(question: LintQuestion): Promise<Finding[]> {
  const findings: Finding[] = []
  const tell: Tell = (place, found, expected) => void findings.push({ place, found, expected })
  await lintRules(question, tell)
  lintKeys(question, tell)
  lintLimits(question, tell)
  lintModels(question, tell)
  lintPrices(question, tell)
  return findings
}
