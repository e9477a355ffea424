import type { Endpoint } from '../protocol.ts'

/** https://platform.openai.com/docs/api-reference; clients disagree whether the version belongs to the base URL. */
export const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/chat/completions', operation: 'generate' },
  { method: 'POST', path: '/v1/chat/completions', operation: 'generate' },
  { method: 'GET', path: '/models', operation: 'list-models' },
  { method: 'GET', path: '/v1/models', operation: 'list-models' },
  { method: 'GET', path: '/models/{model}', operation: 'get-model' },
  { method: 'GET', path: '/v1/models/{model}', operation: 'get-model' },
]
