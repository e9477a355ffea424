import type { Endpoint } from '../protocol.ts'

/** https://platform.openai.com/docs/api-reference/responses; the lists of models are the Chat API's. */
export const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/responses', operation: 'generate' },
  { method: 'POST', path: '/v1/responses', operation: 'generate' },
]
