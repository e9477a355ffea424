import { anthropic as protocol } from '../protocols/anthropic/index.ts'
import { inHeader } from './auth.ts'
import { OPERATIONS } from './operations.ts'
import type { Provider } from './provider.ts'

/** https://docs.anthropic.com/en/api/overview */
export const anthropic: Provider = {
  id: 'anthropic',
  surfaces: [
    {
      protocol,
      paths: { generate: '/v1/messages', countTokens: '/v1/messages/count_tokens', models: '/v1/models' },
      headers: { 'anthropic-version': '2023-06-01' },
      quirks: {},
    },
  ],
  baseUrl: 'https://api.anthropic.com',
  operations: OPERATIONS['anthropic'],
  authorize: inHeader('x-api-key'),
  keyVariables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_KEY'],
  loginTokenPrefix: 'sk-ant-oat',
}
