import type { Conversation, Turn } from './conversation.ts'
import { type Json, listOf } from './json.ts'
import type { Operation } from './protocol.ts'

/** What a Converse body asks for; model and streaming stand in the path. */
export function readConverse(body: Json, operation: Operation): Conversation {
  const request = body?.input?.converse ?? body ?? {}
  const more = request.additionalModelRequestFields ?? {}
  const format = request.outputConfig?.textFormat?.structure?.jsonSchema?.schema
  return {
    model: operation.model ?? '',
    stream: operation.stream === true,
    turns: listOf(request.messages).map(readTurn),
    tools: listOf(request.toolConfig?.tools).flatMap(({ toolSpec }) =>
      toolSpec
        ? [{ name: toolSpec.name, kind: 'function' as const, schema: toolSpec.inputSchema?.json }]
        : [],
    ),
    stopSequences: listOf(request.inferenceConfig?.stopSequences),
    ...(format && { jsonSchema: JSON.parse(format) }),
    thinking: readThinking(more.thinking ?? more.reasoning_config),
    alwaysThinks: more.thinking?.type === 'enabled',
    usageInStream: true,
    asksVerdict: false,
  }
}

function readTurn(message: Json): Turn {
  const blocks = listOf(message.content)
  return {
    role: message.role === 'assistant' ? 'assistant' : 'user',
    texts: blocks.flatMap((block) => (typeof block.text === 'string' ? [block.text] : [])),
    results: blocks.flatMap(({ toolResult }) =>
      toolResult
        ? [
            {
              id: toolResult.toolUseId,
              text: listOf(toolResult.content)
                .map((one) => one.text ?? JSON.stringify(one.json ?? ''))
                .join('\n'),
              isError: toolResult.status === 'error',
            },
          ]
        : [],
    ),
  }
}

function readThinking(thinking: Json): Conversation['thinking'] {
  if (!thinking || thinking.type === 'disabled') return 'off'
  return thinking.display === 'omitted' ? 'hidden' : 'shown'
}
