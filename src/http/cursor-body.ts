import { onceForFrozen } from '../lib/frozen.ts'
import type { JsonObject } from '../message/request.ts'
import { isObject } from '../protocols/shared/object.ts'

/**
 * Cursor's bodies as the APIs that they are nearest to have them. Agents of it mix these: tools of the Responses API
 * stand beside messages, and for Claude's models Anthropic's tools and blocks stand in a chat.
 * https://forum.cursor.com/t/wrong-tools-handling-on-openai-compatible-endpoint/145588
 */
export type CursorBody =
  | { api: 'responses'; body: JsonObject }
  /** `tools` and `tool_choice` as the Responses API has them, and so not in the body. */
  | { api: 'chat'; body: JsonObject; offered: JsonObject }

export function readCursorBody(body: JsonObject): CursorBody {
  const { messages, tools, tool_choice, ...rest } = body
  const offered = {
    ...(tools !== undefined && { tools: Array.isArray(tools) ? tools.map(flatTool) : tools }),
    ...(tool_choice !== undefined && { tool_choice: flatChoice(tool_choice) }),
  }
  const isChat = body.input === undefined || (Array.isArray(messages) && messages.length > 0)
  if (!isChat) return { api: 'responses', body: { ...rest, ...offered } }
  return { api: 'chat', body: { ...rest, messages: chatMessages(messages) }, offered }
}

// ==== Tools

/** Whatever a tool is, its own reader says of it. */
function flatTool(tool: unknown): unknown {
  return isObject(tool) ? flattened(tool) : tool
}

const flattened = onceForFrozen((tool: JsonObject): JsonObject => {
  const { type } = tool
  if (type === undefined || type === null) {
    const { input_schema, ...named } = tool
    return { type: 'function', ...(input_schema !== undefined && { parameters: input_schema }), ...named }
  }
  return inner(tool)
})

/** `{"type": "function", "function": {…}}` of a chat as `{"type": "function", …}`. */
function inner(wrapped: JsonObject): JsonObject {
  const { type } = wrapped
  const held = type === 'function' || type === 'custom' ? wrapped[type] : undefined
  return isObject(held) ? { type, ...held } : wrapped
}

function flatChoice(choice: unknown): unknown {
  if (!isObject(choice)) return choice
  switch (choice.type) {
    case 'tool':
      return { type: 'function', name: choice.name }
    case 'any':
      return 'required'
    case 'auto':
    case 'none':
      return choice.type
    case 'allowed_tools': {
      const allowed = isObject(choice.allowed_tools) ? choice.allowed_tools : choice
      const { tools } = allowed
      return {
        type: 'allowed_tools',
        mode: allowed.mode,
        tools: Array.isArray(tools) ? tools.map(flatTool) : tools,
      }
    }
    default:
      return inner(choice)
  }
}

// ==== Messages

function chatMessages(messages: unknown): unknown {
  return Array.isArray(messages) ? messages.flatMap((message) => splitMessage(message)) : messages
}

/** A message without Anthropic's blocks: results of tools are messages of their own, and calls stand beside the text. */
function splitMessage(message: unknown): unknown[] {
  if (!isObject(message) || !Array.isArray(message.content)) return [message]
  const parts: unknown[] = message.content
  const results = parts.filter((part) => isOfType(part, 'tool_result')).map(resultMessage)
  const calls = parts.filter((part) => isOfType(part, 'tool_use')).map(chatCall)
  const content = chatParts(parts)
  if (results.length > 0 && content.length === 0) return results
  const { tool_calls } = message
  const told = calls.length === 0 ? tool_calls : [...calls, ...(Array.isArray(tool_calls) ? tool_calls : [])]
  return [...results, { ...message, content, ...(told !== undefined && { tool_calls: told }) }]
}

function resultMessage({ tool_use_id, content }: JsonObject): JsonObject {
  return {
    role: 'tool',
    tool_call_id: tool_use_id,
    content: Array.isArray(content) ? chatParts(content) : content,
  }
}

function chatCall({ id, name, input }: JsonObject): JsonObject {
  return { id, type: 'function', function: { name, arguments: input } }
}

function chatParts(parts: readonly unknown[]): unknown[] {
  return parts
    .filter((part) => !isOfType(part, 'tool_result') && !isOfType(part, 'tool_use'))
    .map((part) => (isOfType(part, 'image') ? chatImage(part) : part))
}

function chatImage(part: JsonObject): JsonObject {
  const { source } = part
  if (!isObject(source)) return part
  const url =
    source.type === 'base64' ? `data:${String(source.media_type)};base64,${String(source.data)}` : source.url
  return { type: 'image_url', image_url: { url } }
}

function isOfType(part: unknown, type: string): part is JsonObject {
  return isObject(part) && part.type === type
}
