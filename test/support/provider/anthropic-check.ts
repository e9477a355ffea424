import { checkAnthropicMessages } from './anthropic-check-messages.ts'
import { checkClaudeModel } from './anthropic-check-model.ts'
import { ANTHROPIC_DIALECT, type ClaudeDialect } from './anthropic-dialect.ts'
import { type Json, isObject, listOf } from './json.ts'
import type { Access, Headers, Operation, Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'

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
  cache_scope: ['prompt-caching-scope-2026-01-05'],
  oauth: ['oauth-2025-04-20'],
}

/** A body on its way through the checks. */
interface Checked {
  body: Json
  dialect: ClaudeDialect
  hasBeta: (beta: keyof typeof BETAS) => boolean
}

export function authenticateAnthropic({ headers }: RecordedRequest, access: Access): Refusal | undefined {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  const key = headers['x-api-key'] || bearer
  if (!key) return { status: 401, message: 'x-api-key header is required' }
  if (
    bearer?.startsWith('sk-ant-oat') &&
    !headers['x-api-key'] &&
    !betasOf(headers).includes(BETAS.oauth[0]!)
  ) {
    return { status: 401, message: 'OAuth authentication is currently not supported.' }
  }
  if (!headers['anthropic-version']) return { status: 400, message: 'anthropic-version: header is required' }
  return access.accepts(key) ? undefined : { status: 401, message: 'invalid x-api-key' }
}

/** The Messages API's validation of a body, in its wording: some of it is what agents adapt to. */
export const checkAnthropic =
  (dialect: ClaudeDialect) =>
  (body: Json, headers: Headers, operation: Operation): Refusal | undefined => {
    if (!isObject(body)) return { status: 400, message: 'The request body is not valid JSON' }
    const betas = dialect.betas(body, headers)
    const checked: Checked = {
      body,
      dialect,
      hasBeta: (beta) => BETAS[beta].some((name) => betas.includes(name)),
    }
    const message =
      checkBetas(betas, dialect) ??
      checkTopLevel(checked, operation) ??
      checkClaudeThinking(body) ??
      checkTools(checked) ??
      checkCacheMarks(checked) ??
      checkAnthropicMessages(body, checked.hasBeta) ??
      checkClaudeModel(body, String(operation.model ?? body.model))
    return message === undefined ? undefined : { status: 400, message }
  }

function checkBetas(betas: string[], { knownBetas, unknownBeta }: ClaudeDialect): string | undefined {
  const unknown = betas.filter((beta) => knownBetas && !knownBetas.some((name) => beta.startsWith(name)))
  return unknown.length > 0 ? unknownBeta(unknown) : undefined
}

function checkTopLevel({ body, dialect, hasBeta }: Checked, operation: Operation): string | undefined {
  const { fields, versions, withoutOutput = [] } = dialect
  const extra = (name: string) => `${name}: Extra inputs are not permitted`
  // A cloud has the model in its path, but for counting.
  const counted = operation.kind === 'count_tokens' && operation.model === undefined ? ['model'] : []
  const known = [...fields.split(' '), ...counted]
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  if (unknown) return extra(unknown)
  const guarded = (['context_management', 'safeguards'] as const).find(
    (name) => name in body && !hasBeta(name),
  )
  if (guarded) return extra(guarded)
  const required = [
    ...(versions ? ['anthropic_version', ...counted] : ['model']),
    'messages',
    ...(operation.kind === 'generate' ? ['max_tokens'] : []),
  ]
  const missing = required.find((name) => body[name] === undefined)
  if (missing) return `${missing}: Field required`
  if (versions && !versions.includes(body.anthropic_version)) {
    return `anthropic_version: Input should be '${versions[0]}'`
  }
  const output = withoutOutput.find((name) => body.output_config?.[name] !== undefined)
  if (output) return extra(`output_config.${output}`)
  if (operation.kind === 'generate' && !(Number.isInteger(body.max_tokens) && body.max_tokens >= 1)) {
    return 'max_tokens: Input should be greater than or equal to 1'
  }
  return undefined
}

/** How thinking agrees with the rest of a request. */
export function checkClaudeThinking(body: Json): string | undefined {
  const { thinking, max_tokens, tool_choice, temperature } = body
  const clears = listOf(body.context_management?.edits).some((edit) =>
    edit.type?.startsWith('clear_thinking_'),
  )
  if (clears && !['enabled', 'adaptive'].includes(thinking?.type)) {
    return '`clear_thinking_20251015` strategy requires `thinking` to be enabled or adaptive'
  }
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

function checkTools({ body, dialect, hasBeta }: Checked): string | undefined {
  const tools = listOf(body.tools)
  const names = tools.map((tool) => tool.name)
  for (const [index, tool] of tools.entries()) {
    const at = `tools.${index}.custom`
    if (tool.type && tool.type !== 'custom') {
      if (dialect.hostedTools.test(tool.type)) continue
      return `tools.${index}: Input tag '${tool.type}' found using 'type' does not match any of the expected tags: 'bash_20250124', 'custom', 'memory_20250818', 'text_editor_20250728'`
    }
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name ?? '')) {
      return `${at}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`
    }
    if (!isObject(tool.input_schema)) return `${at}.input_schema: Field required`
    if (tool.input_schema.type !== 'object') return `${at}.input_schema.type: Input should be 'object'`
    if (['oneOf', 'allOf', 'anyOf'].some((name) => name in tool.input_schema)) {
      return `${at}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`
    }
    const unknown = Object.keys(tool).find((name) => !TOOL_FIELDS.has(name))
    const deferred = 'defer_loading' in tool && !hasBeta('defer_loading') ? 'defer_loading' : undefined
    if (unknown ?? deferred) return `${at}.${unknown ?? deferred}: Extra inputs are not permitted`
  }
  return new Set(names).size < names.length ? 'tools: Tool names must be unique.' : undefined
}

function checkCacheMarks({ body, hasBeta }: Checked): string | undefined {
  const marks = [
    ...marksIn(body.system, 'system'),
    ...marksIn(body.tools, 'tools'),
    ...marksIn(body.messages, 'messages'),
  ]
  const scoped = marks.find(({ mark }) => mark.scope !== undefined)
  if (scoped && !hasBeta('cache_scope')) {
    return `${scoped.at}.cache_control.ephemeral.scope: Extra inputs are not permitted`
  }
  if (marks.length <= CACHE_MARKS_MAX) return undefined
  return `A maximum of ${CACHE_MARKS_MAX} blocks with cache_control may be provided. Found ${marks.length}.`
}

/** Tool inputs and schemas may hold a property of the same name, so only lists of blocks are searched. */
function marksIn(list: Json, at: string): { at: string; mark: Json }[] {
  return listOf(list).flatMap((one, index) => {
    const here = `${at}.${index}`
    const own = isObject(one?.cache_control) ? [{ at: here, mark: one.cache_control }] : []
    return [...own, ...marksIn(one?.content, `${here}.content`)]
  })
}

const betasOf = (headers: Headers) => ANTHROPIC_DIALECT.betas({}, headers)
