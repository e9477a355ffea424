import { cohere as protocol } from '../protocols/cohere/index.ts'
import { bearer } from './auth.ts'
import { OPERATIONS } from './operations.ts'
import type { Provider } from './provider.ts'

/** https://docs.cohere.com/v2/reference */
export const cohere: Provider = {
  id: 'cohere',
  surfaces: [{ protocol, paths: { generate: '/v2/chat', models: '/v1/models' }, quirks: {} }],
  operations: OPERATIONS['cohere'],
  baseUrl: 'https://api.cohere.com',
  authorize: bearer,
  keyVariables: ['COHERE_API_KEY', 'CO_API_KEY'],
}
