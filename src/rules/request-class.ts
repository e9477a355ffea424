import { hasTools } from './request-traits.ts'
import type { TraitSigns } from './request-traits.ts'

/**
 * What an agent makes a call for. Costs are read by it: titles, probes and counts are no work of the user's, and the
 * subagents of one task may cost more than the task itself.
 */
export type RequestClass =
  | 'main'
  | 'subagent'
  | 'title'
  | 'compaction'
  | 'web-search'
  | 'classifier'
  | 'probe'
  | (string & {})

/** What shows it. Nothing here needs the body to be parsed. */
export interface RequestSigns extends TraitSigns {
  readonly operation: string
  readonly path: string
  header(name: string): string | undefined
  /** The text stands in what `field` returns, of which no copy is made: of long fields, most calls ask no more. */
  fieldHas(name: string, text: string): boolean
  lastMessageHas(text: string): boolean
}

/**
 * The class, by marks that the agents' requests have (Claude Code 2.1, OpenCode 1.18, Codex 0.169). An agent that
 * says it itself is believed. `main` where nothing shows another. Pure.
 */
export function requestClass(signs: RequestSigns): RequestClass {
  if (signs.operation !== 'generate') return signs.operation
  const hint = signs.header('x-claude-code-request-class') ?? signs.header('x-claude-1p-request-class')
  if (hint !== undefined && hint !== 'main' && /^[a-z][a-z0-9_-]{0,39}$/.test(hint)) return hint
  if (signs.path.endsWith('/compact')) return 'compaction'
  if (!hasTools(signs)) return withoutTools(signs)
  if (signs.fieldHas('tools', WEB_SEARCH) && WEB_SEARCH_ALONE.test(signs.field('tools')!)) return 'web-search'
  if (signs.lastMessageHas(COMPACTION)) return 'compaction'
  return isSubagent(signs) ? 'subagent' : 'main'
}

/** Claude Code searches in a call of its own, whose one tool is the search. */
const WEB_SEARCH = '"web_search_'
const WEB_SEARCH_ALONE = /^\[\s*\{[^{}]*"type"\s*:\s*"web_search_\d+"[^{}]*\}\s*\]$/

/** Claude Code's words to a model that is to sum up the conversation. */
const COMPACTION = 'Respond with TEXT ONLY'

/** Fields of the protocols that bound the answer. */
const LIMITS = ['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'generationConfig']
const ONE_TOKEN = /^1$|"maxOutputTokens"\s*:\s*1\b/

/** How a title is asked for: with a form for the answer, or in words (OpenCode). */
const TITLE_FORM = /"properties"\s*:\s*\{\s*"title"\s*:\s*\{[^{}]*\}\s*\}/
const TITLE_WORDS = /title generator/i

function withoutTools(signs: RequestSigns): RequestClass {
  const field = (name: string) => signs.field(name) ?? ''
  if (LIMITS.some((name) => ONE_TOKEN.test(field(name)))) return 'probe'
  if (['output_config', 'response_format', 'text'].some((name) => TITLE_FORM.test(field(name))))
    return 'title'
  if (['system', 'instructions', 'messages', 'input'].some((name) => TITLE_WORDS.test(field(name))))
    return 'title'
  // Claude Code's judge of commands, in both of its stages.
  const isJudge = field('stop_sequences').includes('</severity>') || isPlainHelper(signs)
  if (isJudge) return 'classifier'
  if (signs.lastMessageHas(COMPACTION)) return 'compaction'
  return isSubagent(signs) ? 'subagent' : 'main'
}

function isPlainHelper(signs: RequestSigns): boolean {
  if (signs.header('x-app') !== 'cli' || signs.field('stream') === 'true') return false
  return /"type"\s*:\s*"disabled"/.test(signs.field('thinking') ?? '') && signs.field('max_tokens') === '8192'
}

/** A subagent makes the call, whatever for. */
export function isSubagent(signs: Pick<RequestSigns, 'header' | 'fieldHas'>): boolean {
  return (
    signs.header('x-claude-code-agent-id') !== undefined || signs.fieldHas('system', 'cc_is_subagent=true')
  )
}
