import type { Effort, JsonObject, OutputFormat, Reasoning, Request } from '../../message/request.ts'
import { given, leftover, parseObject } from '../shared/object.ts'
import { Fields, refuseValue, readEffort } from '../shared/openai-fields.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Decoded } from '../translation.ts'
import { decodeMessages, decodeSystem } from './messages-decode.ts'
import { decodeServerTools, decodeTools } from './tools-decode.ts'

/**
 * A client's Converse body in the hub's terms. The model stands in the path, and so does whether the answer is a
 * stream. Throws `invalid_request` naming the field.
 */
export function decodeRequest(body: JsonObject): Decoded {
  const fields = new Fields(body, '')
  const warnings = new Warnings()
  const more = new Fields(body.additionalModelRequestFields ?? {}, 'additionalModelRequestFields')
  const inference = fields.object('inferenceConfig')
  const { tools, toolChoice, parallelTools } = decodeTools(fields, more, warnings)
  const topK = more.number('top_k') ?? more.number('k') ?? more.object('inferenceConfig')?.number('topK')
  const request: Request = {
    model: '',
    system: decodeSystem(fields.objects('system') ?? [], warnings),
    messages: decodeMessages(fields.required('messages', fields.objects('messages')), warnings),
    tools: [...tools, ...decodeServerTools(more)],
    stopSequences: inference?.strings('stopSequences') ?? [],
    stream: false,
    extra: { ...leftover(body, KNOWN), ...leftoverMore(more.raw) },
    ...given('toolChoice', toolChoice),
    ...given('parallelTools', parallelTools),
    ...given('maxTokens', inference?.number('maxTokens')),
    ...given('temperature', inference?.number('temperature')),
    ...given('topP', inference?.number('topP')),
    ...given('topK', topK),
    ...given('reasoning', decodeReasoning(fields, more)),
    ...given('format', decodeFormat(fields, more)),
    ...given('userId', more.object('metadata')?.string('user_id')),
  }
  const paths = fields.list('additionalModelResponseFieldPaths')
  return {
    request,
    warnings: warnings.list(),
    ...(paths !== undefined && { answerMemo: { echo: { additionalModelResponseFieldPaths: paths } } }),
  }
}

const KNOWN = new Set([
  'modelId',
  'messages',
  'system',
  'inferenceConfig',
  'toolConfig',
  'additionalModelRequestFields',
  'additionalModelResponseFieldPaths',
  'outputConfig',
])

const KNOWN_MORE = new Set([
  'top_k',
  'k',
  'inferenceConfig',
  'thinking',
  'reasoning_config',
  'reasoningConfig',
  'reasoning_effort',
  'output_config',
  'metadata',
  'tools',
  'tool_choice',
  'anthropic_version',
  // Betas are for one host's service; what they turn on stands in the hub's own fields.
  'anthropic_beta',
])

function leftoverMore(more: JsonObject): JsonObject {
  const rest = leftover(more, KNOWN_MORE)
  return Object.keys(rest).length === 0 ? {} : { additionalModelRequestFields: rest }
}

// ==== What is asked of the answer

/** Each maker's own words among the additional fields, and Converse's own for an effort. */
function decodeReasoning(fields: Fields, more: Fields): Reasoning | undefined {
  const effort = decodeEffort(fields, more)
  const thinking = more.object('thinking') ?? more.object('reasoning_config')
  const shared = effort === undefined ? {} : { effort }
  if (thinking !== undefined) return { ...decodeThinking(thinking), ...shared }
  const nova = more.object('reasoningConfig')
  if (nova?.string('type') === 'disabled' || effort === 'none') return { mode: 'off' }
  if (nova === undefined && effort === undefined) return undefined
  return { mode: 'adaptive', ...shared }
}

function decodeEffort(fields: Fields, more: Fields): Effort | undefined {
  const found =
    more.object('output_config')?.string('effort') ??
    fields.object('outputConfig')?.string('effort') ??
    more.string('reasoning_effort') ??
    more.object('reasoningConfig')?.string('maxReasoningEffort')
  return readEffort('outputConfig.effort', found)
}

function decodeThinking(thinking: Fields): Reasoning {
  const budgetTokens = thinking.number('budget_tokens')
  const display = thinking.string('display')
  const shown = display === undefined ? {} : { display }
  if (thinking.string('type') === 'disabled') return { mode: 'off', ...shown }
  return budgetTokens === undefined
    ? { mode: 'adaptive', ...shown }
    : { mode: 'budget', budgetTokens, ...shown }
}

function decodeFormat(fields: Fields, more: Fields): OutputFormat | undefined {
  const own = more.object('output_config')?.object('format')?.object('schema')?.raw
  if (own !== undefined) return { type: 'json', schema: own, strict: true }
  const told = fields.object('outputConfig')?.object('textFormat')?.object('structure')?.object('jsonSchema')
  if (told === undefined) return undefined
  const name = told.string('name')
  const schema = parseSchema(told.required('schema', told.string('schema')), told.path('schema'))
  return { type: 'json', schema, strict: true, ...(name !== undefined && { name }) }
}

/** The schema is JSON in a string. */
function parseSchema(text: string, path: string): JsonObject {
  const schema = parseObject(text)
  if (schema !== undefined) return schema
  throw refuseValue(path, text.slice(0, 100), ['the JSON text of a schema'])
}
