import {
  anthropicOperations,
  azureOperations,
  bedrockOperations,
  cohereOperations,
  googleOperations,
  openaiOperations,
} from '../operations/endpoints.ts'
import type { OperationEndpoint } from '../operations/operation.ts'
import { bedrockEndpoints, vertexEndpoints } from '../protocols/anthropic/endpoints.ts'
import { anthropic } from '../protocols/anthropic/index.ts'
import { bedrockConverse } from '../protocols/bedrock-converse/index.ts'
import { cohere } from '../protocols/cohere/index.ts'
import type { Endpoint } from '../protocols/endpoint.ts'
import { gemini } from '../protocols/gemini/index.ts'
import { azureEndpoints } from '../protocols/openai-chat/endpoints.ts'
import { openaiChat } from '../protocols/openai-chat/index.ts'
import { openaiResponses } from '../protocols/openai-responses/index.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { cursor } from './cursor.ts'
import type { Mount } from './router.ts'

type Served = Omit<Mount, 'prefix'>

/** Of a protocol, what some other protocol below the same prefix does not say, too. */
const only = ({ endpoints }: Protocol, is: (endpoint: Endpoint) => boolean) => endpoints.filter(is)

/** A prefix that ends with the version stands before paths that do not begin with it. */
const withoutVersion = ({ path }: Endpoint) => !path.startsWith('/v1')
const isAnswer = ({ operation }: Endpoint) => operation === 'generate' || operation === 'count-tokens'
const isProbe = ({ operation }: Endpoint) => operation === 'probe'
/** Vertex has Gemini below a project or a publisher, Google's AI Studio has not. */
const isVertex = ({ path }: Endpoint) => path.includes('/publishers/')

/** Of operations, those of models: files and the like belong to the route of their provider. */
const isOfModel = ({ below }: OperationEndpoint) => below === undefined

const OPENAI: readonly Served[] = [
  { protocol: openaiChat, preferredProviders: ['openai'] },
  { protocol: openaiResponses, preferredProviders: ['openai'] },
]
const OPENAI_OPERATIONS: Served = {
  protocol: openaiChat,
  endpoints: openaiOperations,
  preferredProviders: ['openai'],
}
/** Azure's SDKs put `/openai` before a deployment themselves, users often in the base URL. */
const AZURE: Served = {
  protocol: openaiChat,
  endpoints: [...azureEndpoints, ...azureOperations],
  preferredProviders: ['azure', 'openai'],
}
const ANTHROPIC: Served = { protocol: anthropic, preferredProviders: ['anthropic'] }
const MESSAGES: Served = { ...ANTHROPIC, endpoints: only(anthropic, isAnswer) }
const GOOGLE: readonly Served[] = [
  {
    protocol: gemini,
    endpoints: only(gemini, (endpoint) => !isVertex(endpoint)),
    preferredProviders: ['gemini', 'vertex'],
  },
  { protocol: gemini, endpoints: only(gemini, isVertex), preferredProviders: ['vertex', 'gemini'] },
  { protocol: anthropic, endpoints: vertexEndpoints, preferredProviders: ['vertex', 'anthropic'] },
  {
    protocol: gemini,
    endpoints: googleOperations.filter((endpoint) => !isVertex(endpoint)),
    preferredProviders: ['gemini', 'vertex'],
  },
  {
    protocol: gemini,
    endpoints: googleOperations.filter(isVertex),
    preferredProviders: ['vertex', 'gemini'],
  },
]
const BEDROCK: readonly Served[] = [
  {
    protocol: bedrockConverse,
    endpoints: [...bedrockConverse.endpoints, ...bedrockOperations],
    preferredProviders: ['bedrock', 'anthropic'],
  },
  { protocol: anthropic, endpoints: bedrockEndpoints, preferredProviders: ['bedrock', 'anthropic'] },
]

const COHERE: Served = {
  protocol: cohere,
  endpoints: [...cohere.endpoints, ...cohereOperations],
  preferredProviders: ['cohere'],
}

/** For clients that have several SDKs below one base URL. */
const FRAMEWORK: readonly Served[] = [
  ...OPENAI,
  { ...OPENAI_OPERATIONS, endpoints: openaiOperations.filter(isOfModel) },
  MESSAGES,
  ...GOOGLE,
  ...BEDROCK,
  COHERE,
]

const TABLE: readonly (readonly [prefix: string, served: readonly Served[]])[] = [
  // One name for every model: `provider/model`.
  [
    '/v1',
    [
      { protocol: openaiChat, endpoints: only(openaiChat, withoutVersion), isUnified: true },
      { protocol: openaiResponses, endpoints: only(openaiResponses, withoutVersion), isUnified: true },
      { protocol: openaiChat, endpoints: openaiOperations.filter(withoutVersion), isUnified: true },
    ],
  ],
  ['/openai', [...OPENAI, OPENAI_OPERATIONS, AZURE]],
  ['/openai/openai', [...OPENAI, OPENAI_OPERATIONS, AZURE]],
  ['/anthropic', [ANTHROPIC, { ...ANTHROPIC, endpoints: anthropicOperations }]],
  ['/genai', GOOGLE],
  ['/bedrock', BEDROCK],
  ['/cohere', [COHERE]],
  ['/litellm', FRAMEWORK],
  ['/langchain', FRAMEWORK],
  ['/pydanticai', FRAMEWORK],
  [
    '/cursor',
    [{ protocol: cursor, preferredProviders: ['openai'] }, MESSAGES, ...GOOGLE, ...BEDROCK, COHERE],
  ],
  [
    '/openai_passthrough',
    [{ protocol: openaiChat, preferredProviders: ['openai'], passthroughOf: '/openai' }],
  ],
  ['/anthropic_passthrough', [{ ...ANTHROPIC, passthroughOf: '/anthropic' }]],
  [
    '/genai_passthrough',
    [{ protocol: gemini, preferredProviders: ['gemini', 'vertex'], passthroughOf: '/genai' }],
  ],
  // Only what agents whose base URL has no prefix ask at their start.
  ['', [{ protocol: anthropic, endpoints: only(anthropic, isProbe) }]],
]

/** Where clients reach each protocol. An agent's base URL ends with the prefix. Where two serve a path, the first does. */
export const MOUNTS: readonly Mount[] = TABLE.flatMap(([prefix, served]) =>
  served.map((one) => ({ prefix, ...one })),
)
