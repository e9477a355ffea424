import { looksLikeClaude } from '../models/names.ts'
import { pathSegment } from '../operations/template.ts'
import { anthropic } from '../protocols/anthropic/index.ts'
import { openaiChat } from '../protocols/openai-chat/index.ts'
import { openaiResponses } from '../protocols/openai-responses/index.ts'
import type { AzureSettings } from './authorization.ts'
import { authorizeAzure } from './cloud-auth.ts'
import { OPERATIONS } from './operations.ts'
import type { Place, Provider } from './provider.ts'

/**
 * OpenAI's models by the names of their deployments, and Claude in Foundry.
 * https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
export const azure: Provider = {
  id: 'azure',
  surfaces: [
    {
      protocol: anthropic,
      paths: { generate: '/anthropic/v1/messages', countTokens: '/anthropic/v1/messages/count_tokens' },
      headers: { 'anthropic-version': '2023-06-01' },
      quirks: {},
      serves: isClaude,
    },
    {
      // Its versions are not those of deployments, and need not be named.
      protocol: openaiResponses,
      paths: { generate: '/openai/v1/responses' },
      quirks: {},
      serves: (model, requested) => !isClaude(model, requested),
    },
    {
      protocol: openaiChat,
      paths: { generate: deploymentPath },
      quirks: {
        maxTokensField: 'max_completion_tokens',
        toolsNeedEffortNone: true,
        knownMessageFieldsOnly: true,
        userField: 'user',
        promptCacheKey: true,
      },
      serves: (model, requested) => !isClaude(model, requested),
    },
  ],
  cloud: {
    kind: 'azure',
    baseUrl: ({ endpoint }: AzureSettings) => endpoint,
  },
  operations: OPERATIONS['azure'],
  authorize: authorizeAzure,
}

/** A deployment may have any name: what the client called it tells, too. */
function isClaude(model: string, requested: string): boolean {
  return looksLikeClaude(model) || looksLikeClaude(requested)
}

function deploymentPath({ model, cloud }: Place): string {
  const version = cloud?.kind === 'azure' ? cloud.apiVersion : ''
  return `/openai/deployments/${pathSegment('model', model)}/chat/completions?api-version=${encodeURIComponent(version)}`
}
