import { anthropic } from '../protocols/anthropic/index.ts'
import { pathSegment } from '../operations/template.ts'
import { bedrockInvoke } from '../protocols/anthropic/dialects.ts'
import { bedrockConverse } from '../protocols/bedrock-converse/index.ts'
import { looksLikeClaude } from '../models/names.ts'
import { awsChunks, awsEvents } from '../wire/aws-eventstream.ts'
import { awsDomain } from '../wire/aws-domain.ts'
import type { BedrockSettings } from './authorization.ts'
import { authorizeAws } from './cloud-auth.ts'
import { OPERATIONS } from './operations.ts'
import type { Place, Provider } from './provider.ts'

/**
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-api.html. Claude is asked in its own body, which
 * Converse would take apart: order of blocks, signatures, cache marks and tools of the server survive only there.
 */
export const bedrock: Provider = {
  id: 'bedrock',
  surfaces: [
    {
      protocol: anthropic,
      dialect: bedrockInvoke,
      framing: awsChunks,
      paths: {
        generate: (place) => modelPath(place, place.stream ? 'invoke-with-response-stream' : 'invoke'),
      },
      quirks: {},
      serves: (model, requested) => looksLikeClaude(model) || looksLikeClaude(requested),
    },
    {
      protocol: bedrockConverse,
      framing: awsEvents,
      paths: {
        generate: (place) => modelPath(place, place.stream ? 'converse-stream' : 'converse'),
        countTokens: (place) => modelPath(place, 'count-tokens'),
      },
      quirks: {},
    },
  ],
  cloud: {
    kind: 'bedrock',
    baseUrl: ({ region }: BedrockSettings) => `https://bedrock-runtime.${region}.${awsDomain(region)}`,
  },
  operations: OPERATIONS['bedrock'],
  authorize: authorizeAws,
}

function modelPath({ model }: Place, operation: string): string {
  return `/model/${pathSegment('model', model)}/${operation}`
}
