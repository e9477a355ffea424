import { claudeReply } from './anthropic-answer.ts'
import { anthropic } from './anthropic.ts'
import { checkAnthropic } from './anthropic-check.ts'
import { BEDROCK_DIALECT } from './anthropic-dialect.ts'
import { AWS_EVENT_STREAM } from './aws-event-stream.ts'
import { checkSignature } from './aws-signature.ts'
import { bedrockError, converseEvents, converseReply, invokeEvents } from './bedrock-answer.ts'
import { checkConverse } from './bedrock-check.ts'
import { readConverse } from './bedrock-request.ts'
import { bedrockEmbeddings } from './bedrock-services.ts'
import { type Json, parseJson } from './json.ts'
import type { Access, Headers, Operation, ProviderProtocol, Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'
import { identifier } from './script.ts'

/** What all of Bedrock's operations have in common. */
const bedrock = {
  authenticate,
  serves: (model) =>
    /^(arn:aws[\w-]*:bedrock:|((us|us-gov|eu|apac|au|jp|ca|global)\.)?[a-z0-9]+\.[\w.:-]+$)/.test(model),
  unknownModel: () => ({ status: 400, message: 'The provided model identifier is invalid.' }),
  streamType: () => AWS_EVENT_STREAM,
  errorEvent: bedrockError,
  error: ({ message }) => ({ message }),
  errorHeaders: ({ status, type }) => ({
    'x-amzn-errortype': `${type ?? EXCEPTIONS[status] ?? 'InternalServerException'}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
  }),
  models(ids) {
    const modelSummaries = ids.map((modelId) => ({
      modelId,
      modelName: modelId,
      responseStreamingSupported: true,
    }))
    return { modelSummaries }
  },
  tokenCount: (inputTokens) => ({ inputTokens }),
  responseHeaders: () => ({ 'x-amzn-requestid': identifier() }),
} satisfies Partial<ProviderProtocol>

/** `POST …/model/{id}/converse`, `converse-stream`, `count-tokens`, and `GET …/foundation-models`. */
export const bedrockConverse: ProviderProtocol = {
  ...bedrock,
  name: 'bedrock-converse',
  operation(request) {
    if (request.method === 'GET' && request.path.endsWith('/foundation-models')) return { kind: 'models' }
    const { model, method } = calledOf(request)
    if (method === 'count-tokens') return { kind: 'count_tokens', model }
    const streams = method === 'converse-stream'
    return method === 'converse' || streams ? { kind: 'generate', model, stream: streams } : undefined
  },
  check: (body, headers, operation) =>
    operation.kind === 'count_tokens'
      ? checkCount(body, headers, operation)
      : checkConverse(body, headers, operation),
  read: readConverse,
  reply: converseReply,
  events: converseEvents,
}

/** Claude in its own form: `POST …/model/{id}/invoke`, `invoke-with-response-stream`. */
export const bedrockClaude: ProviderProtocol = {
  ...bedrock,
  name: 'bedrock-anthropic',
  operation(request) {
    const { model, method } = calledOf(request)
    const streams = method === 'invoke-with-response-stream'
    if (method !== 'invoke' && !streams) return undefined
    if (/titan-embed|cohere\.embed/.test(model)) return { kind: 'service', model, service: bedrockEmbeddings }
    return { kind: 'generate', model, stream: streams }
  },
  check: checkAnthropic(BEDROCK_DIALECT),
  read: (body, operation) => anthropic.read(body, operation),
  reply: (generation) => claudeReply(generation, 'bdrk_'),
  events: invokeEvents,
}

/** Of a request of either form: the body of `invoke` comes in base64. */
function checkCount(body: Json, headers: Headers, operation: Operation): Refusal | undefined {
  const { converse, invokeModel } = body?.input ?? {}
  const counted: Operation = { ...operation, kind: 'generate' }
  if (converse) return checkConverse(converse, headers, counted)
  const inner = parseJson(Buffer.from(invokeModel?.body ?? '', 'base64').toString())
  return checkAnthropic(BEDROCK_DIALECT)(inner, headers, counted)
}

/** What a path names. A model may be an ARN with slashes, escaped or not. */
function calledOf({ method, path }: RecordedRequest): { model: string; method: string } {
  const found = method === 'POST' ? /\/model\/(.+)\/([a-z-]+)$/.exec(path) : null
  return { model: decodeURIComponent(found?.[1] ?? ''), method: found?.[2] ?? '' }
}

function authenticate(request: RecordedRequest, access: Access): Refusal | undefined {
  const { authorization } = request.headers
  if (!authorization) {
    return {
      status: 403,
      type: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
    }
  }
  const key = /^Bearer (.+)$/.exec(authorization)?.[1]
  if (key === undefined) return checkSignature(request, access.aws)
  if (access.accepts(key)) return undefined
  const message = 'Authentication failed: Please make sure your API Key is valid.'
  return { status: 403, type: 'AccessDeniedException', message }
}

const EXCEPTIONS: Record<number, string> = {
  400: 'ValidationException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
}
