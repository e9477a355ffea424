import { anthropic as protocol } from '../protocols/anthropic/index.ts'
import type { Provider } from './provider.ts'

/** https://docs.anthropic.com/en/api/overview */
export const anthropic: Provider = {
  id: 'anthropic',
  protocol,
  baseUrl: 'https://api.anthropic.com',
  paths: { generate: '/v1/messages', countTokens: '/v1/messages/count_tokens', models: '/v1/models' },
  auth: (key) => ({ 'x-api-key': key }),
  headers: { 'anthropic-version': '2023-06-01' },
  quirks: {},
  keyVariables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_KEY'],
  loginTokenPrefix: 'sk-ant-oat',
}
