import { openaiChat } from '../protocols/openai-chat/index.ts'
import { openaiResponses } from '../protocols/openai-responses/index.ts'
import type { Protocol } from '../protocols/protocol.ts'

/**
 * Cursor, told of another base URL, asks Chat Completions' path for GPT models with a body of the Responses API, and
 * wants the answer of a chat. Other models it asks for with a chat's body. No provider speaks this.
 */
export const cursor: Protocol = {
  ...openaiChat,
  id: 'cursor',
  endpoints: [
    { method: 'POST', path: '/chat/completions', operation: 'generate' },
    { method: 'POST', path: '/v1/chat/completions', operation: 'generate' },
    ...['/models', '/v1/models', '/openai/models'].flatMap((models) => [
      { method: 'GET', path: models, operation: 'list-models' } as const,
      { method: 'GET', path: `${models}/{model}`, operation: 'get-model' } as const,
    ]),
  ],
  request: {
    decode(body, operation) {
      const asked = body.messages === undefined ? openaiResponses : openaiChat
      return asked.request.decode(body, operation)
    },
    encode: (request, target) => openaiChat.request.encode(request, target),
  },
}
