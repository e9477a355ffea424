import { anthropic } from './anthropic.ts'
import type { Json } from './json.ts'
import { openaiChat } from './openai-chat.ts'
import { checkOpenAiChat } from './openai-chat-check.ts'
import { openaiResponses } from './openai-responses.ts'
import { findService } from './openai-services.ts'
import type { Access, Operation, ProviderProtocol, Refusal } from './protocol.ts'
import { serverSentEvent } from './protocol.ts'
import type { RecordedRequest } from './record.ts'
import { identifier } from './script.ts'

/** What all of Azure's OpenAI has in common: keys, and deployments, which may have any name. */
const azure = {
  authenticate,
  serves: (model) => !model.includes('/'),
  unknownModel: () => ({
    status: 404,
    code: 'DeploymentNotFound',
    message:
      'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.',
  }),
  responseHeaders: () => ({ 'apim-request-id': identifier(), 'x-ms-region': 'East US 2' }),
} satisfies Partial<ProviderProtocol>

const FILTERED = Object.fromEntries(
  ['hate', 'self_harm', 'sexual', 'violence'].map((name) => [name, { filtered: false, severity: 'safe' }]),
)

/** `POST …/openai/deployments/{d}/chat/completions?api-version=…`, `POST …/openai/v1/chat/completions`. */
export const azureChat: ProviderProtocol = {
  ...openaiChat,
  ...azure,
  name: 'azure-openai-chat',
  operation: (request) => generating(request, /\/chat\/completions$/),
  check: (body, _headers, { model }) => checkOpenAiChat(model ? { model, ...body } : body),
  reply: (generation) => {
    const answer: Json = openaiChat.reply(generation)
    const choices = answer.choices.map((choice: Json) => ({ ...choice, content_filter_results: FILTERED }))
    return { ...answer, choices, prompt_filter_results: promptFilter() }
  },
  // What the filter says of the prompt comes first, in a chunk without a choice, an id or a model.
  events: (generation) => {
    const first = {
      id: '',
      object: '',
      created: 0,
      model: '',
      choices: [],
      prompt_filter_results: promptFilter(),
    }
    return [serverSentEvent('filter', first, false), ...openaiChat.events(generation)]
  },
}

/** `POST …/openai/v1/responses`, `POST …/openai/responses?api-version=…`. */
export const azureResponses: ProviderProtocol = {
  ...openaiResponses,
  ...azure,
  name: 'azure-openai-responses',
  operation: (request) => generating(request, /\/openai(\/v1)?\/responses$/),
}

/** Embeddings, pictures, sound, files. */
export const azureServices: ProviderProtocol = {
  ...azureChat,
  name: 'azure-openai',
  operation(request) {
    const service = findService(request)
    return service && isAzure(request.path)
      ? { kind: 'service', service, ...deploymentOf(request) }
      : undefined
  },
}

/** Claude in Foundry, below a path of its own: `POST …/anthropic/v1/messages`, with a key or a token of Azure's. */
export const azureClaude: ProviderProtocol = {
  ...anthropic,
  name: 'azure-anthropic',
  operation: (request) =>
    request.path.includes('/anthropic/v1/messages') ? anthropic.operation(request) : undefined,
  authenticate(request, access) {
    const { headers } = request
    const key = headers['api-key']
    return anthropic.authenticate(
      key ? { ...request, headers: { ...headers, 'x-api-key': key } } : request,
      access,
    )
  },
}

const promptFilter = () => [{ prompt_index: 0, content_filter_results: FILTERED }]

/** OpenAI's own service has no such paths. */
const isAzure = (path: string) => /\/openai\/(deployments|v1|responses)(\/|$)/.test(path)

function generating(request: RecordedRequest, path: RegExp): Operation | undefined {
  if (request.method !== 'POST' || !isAzure(request.path) || !path.test(request.path)) return undefined
  return { kind: 'generate', ...deploymentOf(request) }
}

function deploymentOf({ path }: RecordedRequest): { model?: string } {
  const model = /\/openai\/deployments\/([^/]+)\//.exec(path)?.[1]
  return model === undefined ? {} : { model: decodeURIComponent(model) }
}

/** Only `/openai/v1` goes without a version. */
function authenticate({ headers, path, query }: RecordedRequest, access: Access): Refusal | undefined {
  const key = headers['api-key'] || /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  if (!key || !access.accepts(key)) {
    const message =
      'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.'
    return { status: 401, code: '401', message }
  }
  if (path.includes('/openai/v1/') || query.get('api-version')) return undefined
  return { status: 404, code: '404', message: 'Resource not found' }
}
