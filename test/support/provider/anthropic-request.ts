import { type Conversation, type OfferedTool, type Turn, textOf } from './conversation.ts'
import { type Json, listOf } from './json.ts'
import type { Operation } from './protocol.ts'

/** What a Messages body asks for. Clouds that put the model into the path leave it out of the body. */
export function readClaude(body: Json, operation: Operation): Conversation {
  const format = body.output_config?.format ?? body.output_format
  return {
    model: operation.model ?? body.model,
    stream: operation.stream ?? body.stream === true,
    turns: listOf(body.messages).map(readTurn),
    tools: listOf(body.tools).map(readTool),
    stopSequences: listOf(body.stop_sequences),
    ...(format?.type === 'json_schema' && { jsonSchema: format.schema }),
    thinking: readThinking(body.thinking),
    // A model with a budget spends some of it, and wants it back with the calls that it led to.
    alwaysThinks: body.thinking?.type === 'enabled',
    usageInStream: true,
    asksVerdict: Array.isArray(body.safeguards),
  }
}

/** A `role: "system"` message in the middle counts as a user turn: it may not hide a directive, nor hold one. */
function readTurn(message: Json): Turn {
  const blocks =
    typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : listOf(message.content)
  return {
    role: message.role === 'assistant' ? 'assistant' : 'user',
    texts: blocks.filter((block) => block.type === 'text').map((block) => block.text),
    results: blocks
      .filter((block) => block.type === 'tool_result')
      .map((block) => ({
        id: block.tool_use_id,
        text: textOf(block.content),
        isError: block.is_error === true,
      })),
  }
}

const readTool = (tool: Json): OfferedTool => ({
  name: tool.name,
  kind: tool.type && tool.type !== 'custom' ? 'server' : 'function',
  ...(tool.type && { type: tool.type }),
  schema: tool.input_schema,
})

function readThinking(thinking: Json): Conversation['thinking'] {
  if (!thinking || thinking.type === 'disabled') return 'off'
  return thinking.display === 'omitted' ? 'hidden' : 'shown'
}
