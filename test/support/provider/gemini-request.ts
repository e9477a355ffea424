import type { Conversation, OfferedTool, Turn } from './conversation.ts'
import { camelCased } from './gemini-fields.ts'
import { type Json, listOf } from './json.ts'
import type { Operation } from './protocol.ts'

/** What a generateContent body asks for; model and streaming stand in the path. */
export function readGemini(body: Json, operation: Operation): Conversation {
  const whole = camelCased(body ?? {}, 'GenerateContentRequest')
  const request = whole.generateContentRequest ?? whole
  const config = request.generationConfig ?? {}
  const schema = config.responseJsonSchema ?? config.responseSchema ?? { type: 'object' }
  return {
    model: operation.model ?? '',
    stream: operation.stream === true,
    turns: listOf(request.contents).map(readTurn),
    tools: listOf(request.tools).flatMap(readTool),
    stopSequences: listOf(config.stopSequences),
    ...(config.responseMimeType === 'application/json' && { jsonSchema: schema }),
    thinking: readThinking(config.thinkingConfig),
    usageInStream: true,
    asksVerdict: false,
  }
}

function readTurn(content: Json): Turn {
  const parts = listOf(content.parts)
  return {
    role: content.role === 'model' ? 'assistant' : 'user',
    texts: parts.flatMap((part) => (typeof part.text === 'string' && !part.thought ? [part.text] : [])),
    results: parts.flatMap(({ functionResponse }) =>
      functionResponse
        ? [
            {
              id: functionResponse.id ?? functionResponse.name,
              text: JSON.stringify(functionResponse.response),
              isError: functionResponse.response?.error !== undefined,
            },
          ]
        : [],
    ),
  }
}

/** Google's search goes by the name that the script knows web searches by. */
function readTool(tool: Json): OfferedTool[] {
  const functions = listOf(tool.functionDeclarations).map((one): OfferedTool => ({
    name: one.name,
    kind: 'function',
    schema: one.parametersJsonSchema ?? one.parameters,
  }))
  const own = Object.keys(tool).filter((name) => name !== 'functionDeclarations')
  const hosted = own.map((name): OfferedTool => ({
    name,
    kind: 'server',
    type: name === 'googleSearch' ? 'web_search' : name,
  }))
  return [...functions, ...hosted]
}

function readThinking(config: Json): Conversation['thinking'] {
  if (config?.thinkingBudget === 0) return 'off'
  return config?.includeThoughts === true ? 'shown' : 'hidden'
}
