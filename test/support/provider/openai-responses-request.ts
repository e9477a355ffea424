import { type Conversation, type OfferedTool, type Turn, textOf } from './conversation.ts'
import { type Json, listOf } from './json.ts'
import { keptConversation, keptItem } from './openai-responses-store.ts'

/** What a Responses body asks for. Tools may stand in an item of the input as well as at the top. */
export function readResponses(body: Json): Conversation {
  const items = inputItems(body)
  const format = body.text?.format
  const later = items.filter((item) => item.type === 'additional_tools').flatMap((item) => listOf(item.tools))
  return {
    model: body.model,
    stream: body.stream === true,
    turns: items.flatMap(readItem),
    tools: [...listOf(body.tools), ...later].flatMap((tool) => readTool(tool)),
    stopSequences: [],
    ...(format?.type === 'json_schema' && { jsonSchema: format.schema }),
    thinking: readThinking(body.reasoning),
    usageInStream: true,
    asksVerdict: false,
  }
}

/**
 * The whole conversation: a string is one message of the user, a reference the item that it points to, and what an
 * earlier answer ended comes before. References that point to nothing stay as they are.
 */
export function inputItems({ input, previous_response_id }: Json): Json[] {
  const own = typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : listOf(input)
  const before = keptConversation(previous_response_id) ?? []
  return [
    ...before,
    ...own.map((item) => (item.type === 'item_reference' ? (keptItem(item.id) ?? item) : item)),
  ]
}

/** The type of an item; only messages may leave it out. */
export const itemType = (item: Json): string => item?.type ?? 'message'

function readItem(item: Json): Turn[] {
  const type = itemType(item)
  if (type.endsWith('_call_output')) {
    const text = textOf(item.output)
    return [{ role: 'user', texts: [], results: [{ id: item.call_id ?? item.id, text, isError: false }] }]
  }
  if (type !== 'message' || item.role === 'system' || item.role === 'developer') return []
  const texts =
    typeof item.content === 'string'
      ? [item.content]
      : listOf(item.content).flatMap((part) => (part.text === undefined ? [] : [part.text]))
  return [{ role: item.role === 'assistant' ? 'assistant' : 'user', texts, results: [] }]
}

function readTool(tool: Json, namespace?: string): OfferedTool[] {
  const group = namespace === undefined ? {} : { namespace }
  switch (tool.type) {
    case 'namespace':
      return listOf(tool.tools).flatMap((one) => readTool(one, tool.name))
    case 'function':
      return [{ name: tool.name, kind: 'function', schema: tool.parameters, ...group }]
    case 'custom':
      return [{ name: tool.name, kind: 'custom', ...group }]
    case 'local_shell':
      return [{ name: 'local_shell', kind: 'local_shell' }]
    default:
      return [{ name: tool.name ?? tool.type, kind: 'server', type: tool.type }]
  }
}

function readThinking(reasoning: Json): Conversation['thinking'] {
  if (reasoning?.effort === 'none') return 'off'
  return reasoning?.summary ? 'shown' : 'hidden'
}
