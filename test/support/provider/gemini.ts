import { GEMINI_API, checkGemini } from './gemini-check.ts'
import { geminiError, geminiEvents, geminiReply } from './gemini-answer.ts'
import { readGemini } from './gemini-request.ts'
import { geminiEmbeddings } from './gemini-services.ts'
import { EVENT_STREAM, type Access, type Operation, type ProviderProtocol, type Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'

/** `POST …/v1beta/models/{model}:{method}`, `GET …/v1beta/models[/{model}]`. */
export const gemini: ProviderProtocol = {
  name: 'gemini',
  operation(request) {
    const { method, path, headers } = request
    const models = method === 'GET' ? /\/v1(beta|alpha)?\/models(?:\/(.+))?$/.exec(path) : null
    // OpenAI and Anthropic serve `/v1/models`, too; the header tells who is asked.
    if (models && (models[1] || headers['x-goog-api-key'])) {
      return { kind: 'models', ...(models[2] && { model: decodeURIComponent(models[2]) }) }
    }
    const called = method === 'POST' ? /\/v1(?:beta|alpha)?\/models\/(.+):(\w+)$/.exec(path) : null
    return called ? googleOperation(request, decodeURIComponent(called[1] ?? ''), called[2] ?? '') : undefined
  },
  authenticate,
  check: checkGemini(GEMINI_API),
  serves: (model) => model.startsWith('gemini-'),
  unknownModel: (model) => ({
    status: 404,
    message: `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
  }),
  read: readGemini,
  reply: geminiReply,
  events: geminiEvents,
  streamType: ({ framing }) => (framing === 'json-array' ? 'application/json; charset=UTF-8' : EVENT_STREAM),
  errorEvent: geminiError,
  error: googleError,
  models(ids, id) {
    const model = (one: string) => ({
      name: `models/${one}`,
      version: '001',
      displayName: one,
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedGenerationMethods: ['generateContent', 'countTokens'],
    })
    return id ? model(id) : { models: ids.filter((one) => one.startsWith('gemini-')).map(model) }
  },
  tokenCount: (tokens) => ({
    totalTokens: tokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }],
  }),
  responseHeaders: () => ({ 'server-timing': 'gfet4t7; dur=1' }),
}

/** The operation behind the colon of a path. Undefined: there is none of that name. */
export function googleOperation(
  request: RecordedRequest,
  model: string,
  name: string,
): Operation | undefined {
  switch (name) {
    case 'generateContent':
      return { kind: 'generate', model, stream: false }
    case 'streamGenerateContent': {
      const isArray = request.query.get('alt') !== 'sse'
      return { kind: 'generate', model, stream: true, ...(isArray && { framing: 'json-array' as const }) }
    }
    case 'countTokens':
      return { kind: 'count_tokens', model }
    case 'embedContent':
    case 'batchEmbedContents':
      return { kind: 'service', model, service: geminiEmbeddings(name === 'batchEmbedContents') }
    default:
      return undefined
  }
}

function authenticate({ headers, query }: RecordedRequest, access: Access): Refusal | undefined {
  const key =
    headers['x-goog-api-key'] || query.get('key') || /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  if (!key) {
    return {
      status: 403,
      message:
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    }
  }
  return access.accepts(key)
    ? undefined
    : { status: 400, message: 'API key not valid. Please pass a valid API key.' }
}

const STATUSES: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

/** An error as Google's APIs tell it: in a list of one where the answer would have been a list. */
export function googleError({ status, message, type }: Refusal, operation?: Operation): unknown {
  const error = { error: { code: status, message, status: type ?? STATUSES[status] ?? 'UNKNOWN' } }
  return operation?.framing === 'json-array' ? [error] : error
}
