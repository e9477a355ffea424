import type {
  FunctionTool,
  JsonObject,
  OutputFormat,
  Reasoning,
  Request,
  Tool,
  ToolChoice,
} from '../../message/request.ts'
import { given, leftover } from '../shared/object.ts'
import { webSearchTool } from '../shared/offered-tools.ts'
import { Fields, onceForFields, refuseValue, readEffort } from '../shared/openai-fields.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Decoded } from '../translation.ts'
import { decodeMessages } from './messages-decode.ts'

/** A client's Chat Completions body in the hub's terms. Throws `invalid_request` in OpenAI's words. */
export function decodeRequest(body: JsonObject): Decoded {
  const fields = new Fields(body, '')
  const warnings = new Warnings()
  const model = fields.required('model', fields.string('model'))
  const { system, messages } = decodeMessages(fields.required('messages', fields.objects('messages')))
  const { tools, toolChoice } = decodeTools(fields, warnings)
  const request: Request = {
    model,
    system,
    messages,
    tools,
    stopSequences: decodeStop(fields),
    stream: fields.boolean('stream') ?? false,
    extra: leftover(body, KNOWN),
    ...given('toolChoice', toolChoice),
    ...given('parallelTools', fields.boolean('parallel_tool_calls')),
    ...given('maxTokens', fields.number('max_completion_tokens') ?? fields.number('max_tokens')),
    ...given('temperature', fields.number('temperature')),
    ...given('topP', fields.number('top_p')),
    ...given('topK', fields.number('top_k')),
    ...given('reasoning', decodeReasoning(fields)),
    ...given('format', decodeFormat(fields)),
    ...given('userId', fields.string('safety_identifier') ?? fields.string('user')),
  }
  const includeUsage = fields.object('stream_options')?.boolean('include_usage')
  return { request, warnings: warnings.list(), ...given('includeUsage', includeUsage) }
}

const KNOWN = new Set(
  [
    'model messages tools tool_choice functions function_call parallel_tool_calls max_tokens max_completion_tokens',
    'temperature top_p top_k stop stream stream_options reasoning_effort reasoning response_format user safety_identifier web_search_options',
  ]
    .join(' ')
    .split(' '),
)

function decodeStop(fields: Fields): string[] {
  const { stop } = fields.raw
  if (typeof stop === 'string') return [stop]
  return (fields.list('stop') ?? []).map((one, at) => {
    if (typeof one === 'string') return one
    throw refuseValue(`stop[${at}]`, one, ['a string'])
  })
}

// ==== Tools

function decodeTools(
  fields: Fields,
  warnings: Warnings,
): { tools: Tool[]; toolChoice: ToolChoice | undefined } {
  const tools = (fields.objects('tools') ?? []).map(decodeTool)
  // The older spelling: functions without the wrapping, and a choice among them.
  for (const one of fields.objects('functions') ?? []) tools.push(decodeFunction(one))
  if (fields.has('web_search_options')) {
    const location = fields.object('web_search_options')!.object('user_location')?.object('approximate')?.raw
    tools.push(webSearchTool(given('user_location', location && { ...location, type: 'approximate' })))
  }
  const choice = fields.raw.tool_choice ?? fields.raw.function_call
  if (choice === undefined || choice === null) return { tools, toolChoice: undefined }
  return decodeChoice(choice, tools, warnings)
}

const decodeTool = onceForFields((tool): Tool => {
  const type = tool.required('type', tool.string('type'))
  if (type === 'function') return decodeFunction(tool.required('function', tool.object('function')))
  const name = tool.object(type)?.string('name') ?? type
  return { kind: 'server', type, name, raw: tool.raw }
})

function decodeFunction(fields: Fields): FunctionTool {
  return {
    kind: 'function',
    name: fields.required('name', fields.string('name')),
    ...given('description', fields.string('description')),
    ...given('schema', fields.object('parameters')?.raw),
    ...given('strict', fields.boolean('strict')),
    extra: {},
  }
}

const CHOICES = ['none', 'auto', 'required']

function decodeChoice(
  choice: unknown,
  tools: Tool[],
  warnings: Warnings,
): { tools: Tool[]; toolChoice: ToolChoice | undefined } {
  if (typeof choice === 'string') {
    if (!CHOICES.includes(choice)) throw refuseValue('tool_choice', choice, CHOICES)
    return { tools, toolChoice: { type: choice as 'none' | 'auto' | 'required' } }
  }
  const fields = new Fields(choice, 'tool_choice')
  const allowed = fields.object('allowed_tools')
  if (allowed !== undefined) {
    const names = new Set(
      (allowed.objects('tools') ?? []).map(
        (one) => one.object('function')?.string('name') ?? one.string('name'),
      ),
    )
    warnings.add('changed', 'tool_choice.allowed_tools', 'the other tools are left out')
    return {
      tools: tools.filter(({ name }) => names.has(name)),
      toolChoice: { type: allowed.string('mode') === 'required' ? 'required' : 'auto' },
    }
  }
  const named = fields.object('function') ?? fields.object('custom') ?? fields
  return { tools, toolChoice: { type: 'tool', name: named.required('name', named.string('name')) } }
}

// ==== Reasoning and format

/** OpenAI's `reasoning_effort`, or OpenRouter's object. */
function decodeReasoning(fields: Fields): Reasoning | undefined {
  const object = fields.object('reasoning')
  const effort = readEffort('reasoning_effort', fields.string('reasoning_effort') ?? object?.string('effort'))
  if (effort !== undefined) return effort === 'none' ? { mode: 'off' } : { mode: 'adaptive', effort }
  const budgetTokens = object?.number('max_tokens')
  if (budgetTokens !== undefined) return { mode: 'budget', budgetTokens }
  const enabled = object?.boolean('enabled')
  return enabled === undefined ? undefined : { mode: enabled ? 'adaptive' : 'off' }
}

const FORMATS = ['text', 'json_object', 'json_schema']

function decodeFormat(fields: Fields): OutputFormat | undefined {
  const format = fields.object('response_format')
  if (format === undefined) return undefined
  const type = format.required('type', format.string('type'))
  if (!FORMATS.includes(type)) throw refuseValue('response_format.type', type, FORMATS)
  if (type === 'text') return undefined
  if (type === 'json_object') return { type: 'json' }
  const wanted = format.required('json_schema', format.object('json_schema'))
  return {
    type: 'json',
    ...given('name', wanted.string('name')),
    ...given('schema', wanted.object('schema')?.raw),
    ...given('strict', wanted.boolean('strict')),
  }
}
