import type { Dialect } from '../dialect.ts'
import type { Endpoint } from '../endpoint.ts'

/** https://platform.openai.com/docs/api-reference; clients disagree whether the version belongs to the base URL. */
export const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/chat/completions', operation: 'generate' },
  { method: 'POST', path: '/v1/chat/completions', operation: 'generate' },
  { method: 'GET', path: '/models', operation: 'list-models' },
  { method: 'GET', path: '/v1/models', operation: 'list-models' },
  { method: 'GET', path: '/models/{model}', operation: 'get-model' },
  { method: 'GET', path: '/v1/models/{model}', operation: 'get-model' },
]

/** Azure's deployments: the model is the deployment in the path, and the body need not name it. */
const deployment: Dialect = {
  id: 'azure-deployment',
  without: ['model'],
  needs: {},
  betas: new Map(),
  refuses: [],
}

/** https://learn.microsoft.com/azure/ai-foundry/openai/reference */
export const azureEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/deployments/{model}/chat/completions',
    operation: 'generate',
    dialect: deployment,
  },
]
