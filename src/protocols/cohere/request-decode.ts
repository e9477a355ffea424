import type {
  FunctionTool,
  JsonObject,
  Message,
  OutputFormat,
  Reasoning,
  Request,
  ToolChoice,
} from '../../message/request.ts'
import { given, leftover } from '../shared/object.ts'
import { Fields, onceForFields, refuseValue } from '../shared/openai-fields.ts'
import type { Decoded } from '../translation.ts'
import { decodeDocument, decodeMessages } from './messages-decode.ts'

/** A client's `/v2/chat` body in the hub's terms. Throws `invalid_request` naming the field. */
export function decodeRequest(body: JsonObject): Decoded {
  const fields = new Fields(body, '')
  const model = fields.required('model', fields.string('model'))
  const { system, messages } = decodeMessages(fields.required('messages', fields.objects('messages')))
  const documents = (fields.list('documents') ?? []).map(decodeDocument)
  const topK = fields.number('k')
  const request: Request = {
    model,
    system,
    messages: documents.length === 0 ? messages : withDocuments(messages, documents),
    tools: decodeTools(fields),
    stopSequences: fields.strings('stop_sequences') ?? [],
    stream: fields.boolean('stream') ?? false,
    extra: leftover(body, KNOWN),
    ...given('toolChoice', decodeChoice(fields)),
    ...given('maxTokens', fields.number('max_tokens')),
    ...given('temperature', fields.number('temperature')),
    ...given('topP', fields.number('p')),
    // 0 switches it off.
    ...(topK !== undefined && topK > 0 && { topK }),
    ...given('reasoning', decodeReasoning(fields)),
    ...given('format', decodeFormat(fields)),
  }
  return { request, warnings: [] }
}

const KNOWN = new Set(
  [
    'model messages documents tools strict_tools tool_choice max_tokens temperature p k stop_sequences stream',
    'thinking response_format',
  ]
    .join(' ')
    .split(' '),
)

/** What the answer shall be drawn from stands before what is asked. */
function withDocuments(messages: readonly Message[], documents: Message['content']): Message[] {
  const at = messages.findLastIndex(({ role }) => role === 'user')
  if (at === -1) return [...messages, { role: 'user', content: documents }]
  const asked = messages[at]!
  return messages.with(at, { ...asked, content: [...documents, ...asked.content] })
}

// ==== Tools

function decodeTools(fields: Fields): FunctionTool[] {
  const strict = fields.boolean('strict_tools') === true
  const tools = (fields.objects('tools') ?? []).map(decodeTool)
  return strict ? tools.map((tool) => ({ ...tool, strict })) : tools
}

const decodeTool = onceForFields((fields): FunctionTool => {
  const called = fields.required('function', fields.object('function'))
  return {
    kind: 'function',
    name: called.required('name', called.string('name')),
    ...given('description', called.string('description')),
    ...given('schema', called.object('parameters')?.raw),
    extra: {},
  }
})

const CHOICES = ['REQUIRED', 'NONE']

function decodeChoice(fields: Fields): ToolChoice | undefined {
  const choice = fields.string('tool_choice')
  if (choice === undefined) return undefined
  if (!CHOICES.includes(choice)) throw refuseValue('tool_choice', choice, CHOICES)
  return { type: choice === 'NONE' ? 'none' : 'required' }
}

// ==== Reasoning and format

const THINKING = ['enabled', 'disabled']

function decodeReasoning(fields: Fields): Reasoning | undefined {
  const thinking = fields.object('thinking')
  if (thinking === undefined) return undefined
  const type = thinking.required('type', thinking.string('type'))
  if (!THINKING.includes(type)) throw refuseValue('thinking.type', type, THINKING)
  if (type === 'disabled') return { mode: 'off' }
  const budgetTokens = thinking.number('token_budget')
  return budgetTokens === undefined ? { mode: 'adaptive' } : { mode: 'budget', budgetTokens }
}

const FORMATS = ['text', 'json_object']

function decodeFormat(fields: Fields): OutputFormat | undefined {
  const format = fields.object('response_format')
  if (format === undefined) return undefined
  const type = format.required('type', format.string('type'))
  if (!FORMATS.includes(type)) throw refuseValue('response_format.type', type, FORMATS)
  if (type === 'text') return undefined
  // `schema` is what version 1 called it; both are understood.
  const schema = (format.object('json_schema') ?? format.object('schema'))?.raw
  return { type: 'json', ...given('schema', schema) }
}
