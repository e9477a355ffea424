import type { Effort, JsonObject, Message, OutputFormat, Reasoning, Request } from '../../message/request.ts'
import type { Operation } from '../endpoint.ts'
import { given, leftover } from '../shared/object.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Decoded } from '../translation.ts'
import { decodeContent, decodeSystem } from './content-decode.ts'
import {
  Place,
  asBoolean,
  asCount,
  asList,
  asNumber,
  asObject,
  asString,
  fail,
  listOf,
  optional,
  required,
} from './fields.ts'
import type { Path } from './fields.ts'
import { applyToolChanges, decodeToolChoice, decodeTools } from './tools-decode.ts'

/**
 * A client's Messages body in the hub's terms. Unknown fields are kept in `extra`, unknown blocks as opaque ones.
 * Throws `invalid_request` in the words of Anthropic's API.
 */
export function decodeRequest(body: JsonObject, operation: Operation = 'generate'): Decoded {
  const warnings = new Warnings()
  const { messages, effort } = decodeMessages(required(body['messages'], 'messages', asList), warnings)
  const request: Request = {
    // At hosts that have it in the path it is not in the body.
    model: optional(body['model'], 'model', asString) ?? '',
    system: optional(body['system'], 'system', (system, path) => decodeSystem(system, path, warnings)) ?? [],
    messages,
    tools: applyToolChanges(
      messages,
      optional(body['tools'], 'tools', (tools) => decodeTools(tools, warnings)) ?? [],
      warnings,
    ),
    stopSequences: optional(body['stop_sequences'], 'stop_sequences', listOf(asString)) ?? [],
    stream: optional(body['stream'], 'stream', asBoolean) ?? false,
    extra: leftover(body, KNOWN_FIELDS),
    ...given('maxTokens', decodeMaxTokens(body, operation)),
    ...given('temperature', optional(body['temperature'], 'temperature', asNumber)),
    ...given('topP', optional(body['top_p'], 'top_p', asNumber)),
    ...given('topK', optional(body['top_k'], 'top_k', asCount)),
  }
  request.messages = messages.filter(isWorthKeeping)
  if (body['tool_choice'] !== undefined && body['tool_choice'] !== null)
    decodeToolChoice(body['tool_choice'], request)
  decodeMetadata(body['metadata'], request)
  decodeOutput(body, effort, request, warnings)
  return { request, warnings: warnings.list() }
}

const KNOWN_FIELDS = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'metadata',
  'max_tokens',
  'stop_sequences',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'thinking',
  'output_config',
  'output_format',
  // Of the dialects of other hosts, which know no header.
  'anthropic_version',
  'anthropic_beta',
])

/** Counting needs no limit of the answer. */
function decodeMaxTokens(body: JsonObject, operation: Operation): number | undefined {
  if (operation === 'count-tokens') return optional(body['max_tokens'], 'max_tokens', asCount)
  return required(body['max_tokens'], 'max_tokens', asCount)
}

// Messages

interface DecodedMessages {
  messages: Message[]
  /** Of the newest message that set one: it holds for the turn that is asked for. */
  effort: unknown
}

function decodeMessages(list: unknown[], warnings: Warnings): DecodedMessages {
  if (list.length === 0) fail('messages', 'at least one message is required')
  const lastUser = list.findLastIndex((message) => (message as JsonObject | null)?.['role'] === 'user')
  let effort: unknown
  const messages: Message[] = []
  list.forEach((element, at) => {
    const path = new Place('messages', at)
    const wire = asObject(element, path)
    const role = decodeRole(wire['role'], path)
    effort = decodeMessageEffort(wire, role, path) ?? effort
    // Such a text is for one turn: the model no longer sees it once the user has spoken again.
    if (role === 'system' && wire['clear_at'] === 'next_user_message' && at < lastUser) return
    const content =
      role === 'system' && wire['content'] === undefined
        ? []
        : decodeContent(wire['content'], new Place(path, 'content'), warnings)
    messages.push({ role, content })
  })
  return { messages, effort }
}

function decodeRole(value: unknown, path: Path): Message['role'] {
  const role = required(value, path, asString, 'role')
  if (role === 'user' || role === 'assistant' || role === 'system') return role
  return fail(path, "Input should be 'user', 'assistant' or 'system'", 'role')
}

function decodeMessageEffort(wire: JsonObject, role: Message['role'], path: Path): unknown {
  if (role !== 'system') return undefined
  return optional(wire['output_config'], path, asObject, 'output_config')?.['effort'] ?? undefined
}

/** Claude Code sends system messages without text to change the effort; they say nothing to the model. */
function isWorthKeeping(message: Message): boolean {
  return message.role !== 'system' || message.content.length > 0
}

// What is asked of the answer

function decodeMetadata(value: unknown, request: Request): void {
  const metadata = optional(value, 'metadata', asObject)
  if (metadata === undefined) return
  const userId = optional(metadata['user_id'], 'metadata.user_id', asString)
  if (userId !== undefined) request.userId = userId
  const rest = leftover(metadata, new Set(['user_id']))
  if (Object.keys(rest).length > 0) request.extra['metadata'] = rest
}

/** `thinking`, `output_config` and the older `output_format`. What the hub has no word for stays in `extra`. */
function decodeOutput(body: JsonObject, messageEffort: unknown, request: Request, warnings: Warnings): void {
  const config = optional(body['output_config'], 'output_config', asObject)
  const effort = decodeEffort(messageEffort ?? config?.['effort'], warnings)
  const reasoning = decodeReasoning(
    optional(body['thinking'], 'thinking', asObject),
    effort,
    request,
    warnings,
  )
  if (reasoning !== undefined) request.reasoning = reasoning
  const format =
    optional(config?.['format'], 'output_config.format', decodeFormat) ??
    optional(body['output_format'], 'output_format', decodeFormat)
  if (format !== undefined) request.format = format
  const rest = leftover(config ?? {}, new Set(['effort', 'format']))
  if (Object.keys(rest).length > 0) request.extra['output_config'] = rest
}

const EFFORTS: ReadonlySet<unknown> = new Set<Effort>(['low', 'medium', 'high', 'xhigh', 'max'])

function decodeEffort(value: unknown, warnings: Warnings): Effort | undefined {
  const effort = optional(value, 'output_config.effort', asString)
  if (effort === undefined || EFFORTS.has(effort)) return effort as Effort | undefined
  warnings.add('dropped', 'output_config.effort', `unknown value ${JSON.stringify(effort)}`)
  return undefined
}

function decodeReasoning(
  thinking: JsonObject | undefined,
  effort: Effort | undefined,
  request: Request,
  warnings: Warnings,
): Reasoning | undefined {
  // Current models think when nothing is said, as much as the effort says.
  if (thinking === undefined) return effort === undefined ? undefined : { mode: 'adaptive', effort }
  const type = required(thinking['type'], 'thinking.type', asString)
  const rest = leftover(thinking, new Set(['type', 'budget_tokens', 'display']))
  if (Object.keys(rest).length > 0) request.extra['thinking'] = rest
  const display = optional(thinking['display'], 'thinking.display', asString)
  const shared = { ...given('effort', effort), ...given('display', display) }
  switch (type) {
    case 'disabled':
      return { mode: 'off', ...shared }
    case 'enabled': {
      const budgetTokens = required(thinking['budget_tokens'], 'thinking.enabled.budget_tokens', asCount)
      return { mode: 'budget', budgetTokens, ...shared }
    }
    case 'adaptive':
      return { mode: 'adaptive', ...shared }
    default:
      warnings.add(
        'changed',
        'thinking.type',
        `${JSON.stringify(type)} is only known to Anthropic; the model decides how much it thinks`,
      )
      return { mode: 'adaptive', ...shared }
  }
}

function decodeFormat(value: unknown, path: Path): OutputFormat {
  const format = asObject(value, path)
  if (format['type'] !== 'json_schema') fail(path, "Input should be 'json_schema'", 'type')
  return { type: 'json', schema: required(format['schema'], path, asObject, 'schema'), strict: true }
}
