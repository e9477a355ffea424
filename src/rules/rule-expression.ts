import { createLanguage } from '../lib/cel/language.ts'
import { RULE_VARIABLES } from './rule-variables.ts'

/**
 * The expressions of routing rules. Import this module when there is one to compile: it brings a parser and an engine
 * for patterns, which a gateway without rules has no use for.
 */
export const RULE_LANGUAGE = createLanguage(RULE_VARIABLES)
