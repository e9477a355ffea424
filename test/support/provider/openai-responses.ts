import { EVENT_STREAM, type ProviderProtocol } from './protocol.ts'
import { openAi } from './openai.ts'
import { responsesReply } from './openai-responses-answer.ts'
import { checkResponses } from './openai-responses-check.ts'
import { responsesError, responsesEvents } from './openai-responses-events.ts'
import { readResponses } from './openai-responses-request.ts'

/** The Responses API: `POST …/responses`, `POST …/responses/input_tokens`. */
export const openaiResponses: ProviderProtocol = {
  name: 'openai-responses',
  operation({ method, path }) {
    if (method === 'POST' && path.endsWith('/responses')) return { kind: 'generate' }
    return method === 'POST' && path.endsWith('/responses/input_tokens')
      ? { kind: 'count_tokens' }
      : undefined
  },
  check: checkResponses,
  read: readResponses,
  reply: responsesReply,
  events: responsesEvents,
  streamType: () => EVENT_STREAM,
  keepAlive: 'event: keepalive\ndata: {"type":"keepalive","sequence_number":0}\n\n',
  errorEvent: responsesError,
  ...openAi,
}
