import { GatewayError } from '../../message/error.ts'
import type { JsonObject, OutputFormat, Reasoning, Request } from '../../message/request.ts'
import { given, leftover } from '../shared/object.ts'
import { Fields, refuse, refuseValue, readEffort } from '../shared/openai-fields.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Decoded } from '../translation.ts'
import { CallForms } from './call-forms.ts'
import { decodeInput } from './messages-decode.ts'
import { decodeChoice, OfferedTools } from './tools-decode.ts'

/** A client's Responses body in the hub's terms. Throws `invalid_request` in OpenAI's words. */
export function decodeRequest(body: JsonObject): Decoded {
  const fields = new Fields(body, '')
  const warnings = new Warnings()
  const forms = new CallForms()
  refuseState(fields)
  const model = fields.required('model', fields.string('model'))
  const items = inputItems(fields)
  const { tools, toolChoice } = decodeTools(fields, items, forms, warnings)
  const { system, messages } = decodeInput(items, forms, warnings)
  const instructions = fields.string('instructions') ?? ''
  const request: Request = {
    model,
    system: instructions === '' ? system : [{ type: 'text', text: instructions }, ...system],
    messages,
    tools,
    stopSequences: [],
    stream: fields.boolean('stream') ?? false,
    extra: extraOf(fields),
    ...given('toolChoice', toolChoice),
    ...given('parallelTools', fields.boolean('parallel_tool_calls')),
    ...given('maxTokens', fields.number('max_output_tokens')),
    ...given('temperature', fields.number('temperature')),
    ...given('topP', fields.number('top_p')),
    ...given('reasoning', decodeReasoning(fields)),
    ...given('format', decodeFormat(fields)),
    ...given('userId', userIdOf(fields)),
  }
  return { request, warnings: warnings.list(), answerMemo: { callForms: forms.byName, echo: echoOf(body) } }
}

// ==== Input

/** Fields that speak of what only OpenAI keeps. */
const STATE: Readonly<Record<string, string>> = {
  previous_response_id: 'earlier answers are not kept; send the whole conversation in input',
  conversation: 'conversations are not kept; send the whole conversation in input',
  prompt: 'prompt templates are kept at OpenAI; send their text in instructions and input',
}

/** What a model of another provider cannot know is refused: an answer without it would look right and be wrong. */
function refuseState(fields: Fields): void {
  for (const field in STATE) {
    if (fields.has(field)) throw unsupported(field, STATE[field]!)
  }
  if (fields.boolean('background') === true)
    throw unsupported('background', 'answers are not kept for later; send stream: true')
}

function unsupported(field: string, why: string): GatewayError {
  return new GatewayError('unsupported', `Unsupported parameter for this model: '${field}': ${why}.`, {
    field,
  })
}

function inputItems(fields: Fields): Fields[] {
  const { input } = fields.raw
  if (typeof input === 'string') return [new Fields({ role: 'user', content: input }, 'input')]
  if (fields.has('input') && !Array.isArray(input)) throw refuse('input', 'a string or an array', input)
  return fields.required('input', fields.objects('input'))
}

function decodeTools(fields: Fields, items: readonly Fields[], forms: CallForms, warnings: Warnings) {
  const offered = new OfferedTools(forms, warnings)
  offered.add(fields.objects('tools') ?? [])
  for (const item of items) {
    const type = item.string('type')
    if (type === 'additional_tools') offered.add(item.objects('tools') ?? [])
    else if (type === 'tool_search_output') offered.add(item.objects('tools') ?? [], true)
  }
  return decodeChoice(fields.raw.tool_choice, offered.list(), forms, warnings)
}

// ==== Settings

/** Reasoning is shown only to a client that asks for its summary. */
function decodeReasoning(fields: Fields): Reasoning | undefined {
  const reasoning = fields.object('reasoning')
  if (reasoning === undefined) return undefined
  const effort = readEffort('reasoning.effort', reasoning.string('effort'))
  if (effort === 'none') return { mode: 'off' }
  const summary = reasoning.string('summary') ?? reasoning.string('generate_summary')
  if (effort === undefined && summary === undefined) return undefined
  return {
    mode: 'adaptive',
    ...given('effort', effort),
    ...(summary !== undefined && { display: 'summarized' }),
  }
}

const FORMATS = ['text', 'json_object', 'json_schema']

function decodeFormat(fields: Fields): OutputFormat | undefined {
  const format = fields.object('text')?.object('format')
  if (format === undefined) return undefined
  const type = format.required('type', format.string('type'))
  if (!FORMATS.includes(type)) throw refuseValue('text.format.type', type, FORMATS)
  if (type === 'text') return undefined
  if (type === 'json_object') return { type: 'json' }
  const schema = format.required('schema', format.object('schema'))
  return {
    type: 'json',
    schema: schema.raw,
    ...given('name', format.string('name')),
    ...given('strict', format.boolean('strict')),
  }
}

/** The conversation, where the client names one, in the form in which Claude Code does. */
function userIdOf(fields: Fields): string | undefined {
  const user = fields.string('safety_identifier') ?? fields.string('user')
  const session = fields.string('prompt_cache_key')
  if (user === undefined || session === undefined) return user ?? session
  return JSON.stringify({ user, session_id: session })
}

// ==== The rest

const KNOWN = new Set(
  [
    'model input instructions tools tool_choice parallel_tool_calls max_output_tokens temperature top_p stream',
    'stream_options reasoning text safety_identifier user prompt_cache_key metadata store include truncation',
    'service_tier background previous_response_id conversation prompt',
  ]
    .join(' ')
    .split(' '),
)

/** What an answer without it may differ in. */
function extraOf(fields: Fields): JsonObject {
  const { raw } = fields
  const text = fields.object('text')?.raw
  const reasoning = fields.object('reasoning')?.raw
  const include = (fields.list('include') ?? []).filter((one) => one !== 'reasoning.encrypted_content')
  return {
    ...leftover(raw, KNOWN),
    ...(text !== undefined && text.verbosity != null && { 'text.verbosity': text.verbosity }),
    ...(reasoning !== undefined && reasoning.context != null && { 'reasoning.context': reasoning.context }),
    ...(fields.boolean('store') === true && { store: true }),
    ...(include.length > 0 && { include }),
    ...(fields.string('truncation') === 'auto' && { truncation: 'auto' }),
    ...(isSpecialTier(fields.string('service_tier')) && { service_tier: raw.service_tier }),
  }
}

function isSpecialTier(tier: string | undefined): boolean {
  return tier !== undefined && tier !== 'auto' && tier !== 'default'
}

/** Settings that an answer repeats as they were given. */
const ECHOED = [
  'max_output_tokens',
  'metadata',
  'parallel_tool_calls',
  'prompt_cache_key',
  'reasoning',
  'safety_identifier',
  'temperature',
  'text',
  'tool_choice',
  'top_p',
  'user',
]

/** OpenAI repeats `instructions` and `tools`, too, three times a stream: 150 KB for an agent's. No client reads them. */
function echoOf(body: JsonObject): JsonObject {
  const said = ECHOED.filter((name) => body[name] !== undefined && body[name] !== null)
  return Object.fromEntries(said.map((name) => [name, body[name]]))
}
