import { checkAnthropicMessages } from './anthropic-check-messages.ts'
import { type Json, isObject, listOf } from './json.ts'
import type { Access, Headers, Operation, Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'

/** What the API takes at the top level; anything else is `x: Extra inputs are not permitted`. */
const TOP_LEVEL = new Set(
  (
    'model messages system tools tool_choice metadata max_tokens thinking context_management safeguards ' +
    'output_config output_format stream stop_sequences temperature top_p top_k service_tier container ' +
    'mcp_servers speed inference_geo fallbacks diagnostics cache_control'
  ).split(' '),
)

const TOOL_FIELDS = new Set(
  (
    'name description input_schema type cache_control defer_loading strict input_examples ' +
    'eager_input_streaming allowed_callers'
  ).split(' '),
)

const CACHE_MARKS_MAX = 4

/** Fields that the API knows only while one of these betas is on: header and body must travel together. */
const BETAS = {
  context_management: ['context-management-2025-06-27'],
  safeguards: ['dangerous-tool-use-2026-09-03'],
  defer_loading: ['advanced-tool-use-2025-11-20', 'tool-search-tool-2025-10-19'],
  turn_control: ['per-turn-control-2026-07-01'],
  oauth: ['oauth-2025-04-20'],
}

export function authenticateAnthropic({ headers }: RecordedRequest, access: Access): Refusal | undefined {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  const key = headers['x-api-key'] || bearer
  if (!key) return { status: 401, message: 'x-api-key header is required' }
  if (bearer?.startsWith('sk-ant-oat') && !headers['x-api-key'] && !hasBeta(headers, BETAS.oauth)) {
    return { status: 401, message: 'OAuth authentication is currently not supported.' }
  }
  if (!headers['anthropic-version']) return { status: 400, message: 'anthropic-version: header is required' }
  return access.accepts(key) ? undefined : { status: 401, message: 'invalid x-api-key' }
}

/** The Messages API's validation of a body, in its wording: some of it is what agents adapt to. */
export function checkAnthropic(body: Json, headers: Headers, operation: Operation): Refusal | undefined {
  if (!isObject(body)) return { status: 400, message: 'The request body is not valid JSON' }
  const message =
    checkTopLevel(body, headers, operation) ??
    checkThinking(body) ??
    checkTools(listOf(body.tools), headers) ??
    checkAnthropicMessages(body, (beta) => hasBeta(headers, BETAS[beta])) ??
    checkCacheMarks(body)
  return message === undefined ? undefined : { status: 400, message }
}

function checkTopLevel(body: Json, headers: Headers, operation: Operation): string | undefined {
  const required =
    operation.kind === 'count_tokens' ? ['model', 'messages'] : ['model', 'messages', 'max_tokens']
  const missing = required.find((name) => body[name] === undefined)
  if (missing) return `${missing}: Field required`
  const guarded = (['context_management', 'safeguards'] as const).find(
    (name) => name in body && !hasBeta(headers, BETAS[name]),
  )
  const extra = guarded ?? Object.keys(body).find((name) => !TOP_LEVEL.has(name))
  if (extra) return `${extra}: Extra inputs are not permitted`
  if (operation.kind === 'generate' && !(Number.isInteger(body.max_tokens) && body.max_tokens >= 1)) {
    return 'max_tokens: Input should be greater than or equal to 1'
  }
  return undefined
}

function checkThinking({ thinking, max_tokens, tool_choice, temperature }: Json): string | undefined {
  if (!thinking || thinking.type === 'disabled') return undefined
  if (thinking.type === 'enabled' && thinking.budget_tokens < 1024) {
    return 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024'
  }
  if (thinking.type === 'enabled' && thinking.budget_tokens >= max_tokens) {
    return '`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation.'
  }
  if (tool_choice && ['any', 'tool'].includes(tool_choice.type)) {
    return 'Thinking may not be enabled when tool_choice forces tool use.'
  }
  if (temperature !== undefined && temperature !== 1) {
    return '`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.'
  }
  return undefined
}

function checkTools(tools: Json[], headers: Headers): string | undefined {
  const names = tools.map((tool) => tool.name)
  for (const [index, tool] of tools.entries()) {
    const at = `tools.${index}.custom`
    if (tool.type && tool.type !== 'custom') continue
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name ?? '')) {
      return `${at}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`
    }
    if (!isObject(tool.input_schema)) return `${at}.input_schema: Field required`
    if (tool.input_schema.type !== 'object') return `${at}.input_schema.type: Input should be 'object'`
    if (['oneOf', 'allOf', 'anyOf'].some((name) => name in tool.input_schema)) {
      return `${at}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`
    }
    const unknown = Object.keys(tool).find((name) => !TOOL_FIELDS.has(name))
    const deferred =
      'defer_loading' in tool && !hasBeta(headers, BETAS.defer_loading) ? 'defer_loading' : undefined
    if (unknown ?? deferred) return `${at}.${unknown ?? deferred}: Extra inputs are not permitted`
  }
  return new Set(names).size < names.length ? 'tools: Tool names must be unique.' : undefined
}

function checkCacheMarks(body: Json): string | undefined {
  const marks = countMarks([body.system, body.tools, body.messages])
  if (marks <= CACHE_MARKS_MAX) return undefined
  return `A maximum of ${CACHE_MARKS_MAX} blocks with cache_control may be provided. Found ${marks}.`
}

/** Tool inputs and schemas may hold a property of the same name, so only lists of blocks are searched. */
function countMarks(value: Json): number {
  if (Array.isArray(value)) return value.reduce((sum, one) => sum + countMarks(one), 0)
  if (!isObject(value)) return 0
  return (value.cache_control ? 1 : 0) + countMarks(Array.isArray(value.content) ? value.content : null)
}

function hasBeta(headers: Headers, names: string[]): boolean {
  const present = (headers['anthropic-beta'] ?? '').split(',').map((name) => name.trim())
  return names.some((name) => present.includes(name))
}
