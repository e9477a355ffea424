import type { Endpoint } from '../endpoint.ts'

/**
 * https://platform.openai.com/docs/api-reference/responses; clients disagree whether the version belongs to the base
 * URL. The lists of models are the Chat API's.
 */
export const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/responses', operation: 'generate' },
  { method: 'POST', path: '/v1/responses', operation: 'generate' },
  { method: 'POST', path: '/responses/input_tokens', operation: 'count-tokens' },
  { method: 'POST', path: '/v1/responses/input_tokens', operation: 'count-tokens' },
]
