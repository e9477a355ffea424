import { claudeError, claudeEvents, claudeReply } from './anthropic-answer.ts'
import { anthropic, anthropicError } from './anthropic.ts'
import { checkAnthropic } from './anthropic-check.ts'
import { VERTEX_DIALECT } from './anthropic-dialect.ts'
import { type GeminiHost, checkGemini } from './gemini-check.ts'
import { gemini, googleError, googleOperation } from './gemini.ts'
import { openaiChat } from './openai-chat.ts'
import { checkOpenAiChat } from './openai-chat-check.ts'
import type { Access, Operation, ProviderProtocol, Refusal } from './protocol.ts'
import { serverSentEvent } from './protocol.ts'
import type { RecordedRequest } from './record.ts'
import { vertexPredict } from './vertex-services.ts'

const VERTEX: GeminiHost = {
  needsRole: true,
  emptyText:
    'Unable to submit request because it must have a text parameter. Add a text parameter and try again.',
  corruptedSignature: 'Unable to submit request because Thought signature is not valid.',
  levelAndBudget:
    'Unable to submit request because thinking_budget and thinking_level are not supported together.',
}

/** Google's own models: `…/projects/{p}/locations/{l}/publishers/google/models/{m}:{method}`, or without project. */
export const vertexGemini: ProviderProtocol = {
  ...gemini,
  name: 'vertex-gemini',
  operation(request) {
    const found = placeOf(request)
    if (found?.publisher !== 'google') return undefined
    const { model, method, place } = found
    const operation: Operation | undefined =
      method === 'predict'
        ? { kind: 'service', model, service: vertexPredict }
        : googleOperation(request, model, method)
    return operation && { ...operation, place }
  },
  authenticate: (request, access) =>
    authenticate(request, access, request.headers['x-goog-api-key'] || request.query.get('key')),
  check: checkGemini(VERTEX),
  unknownModel: notFound('google'),
}

/** Anthropic's models: `…/publishers/anthropic/models/{m}:rawPredict`, `:streamRawPredict`, and counting. */
export const vertexClaude: ProviderProtocol = {
  ...anthropic,
  name: 'vertex-anthropic',
  operation(request) {
    const found = placeOf(request)
    if (found?.publisher !== 'anthropic') return undefined
    const { model, method, place } = found
    if (method !== 'rawPredict' && method !== 'streamRawPredict') return undefined
    if (model === 'count-tokens') return { kind: 'count_tokens', place }
    return { kind: 'generate', model, stream: method === 'streamRawPredict', place }
  },
  authenticate: (request, access) => authenticate(request, access, null),
  check: checkAnthropic(VERTEX_DIALECT),
  serves: (model) => /^claude-[a-z0-9-]+(@\d{8}|@latest)?$/.test(model),
  unknownModel: notFound('anthropic'),
  reply: (generation) => claudeReply(generation, 'vrtx_'),
  events: (generation) =>
    claudeEvents(generation, 'vrtx_').map((event) => serverSentEvent(event.type, event, true)),
  errorEvent: (generation) => serverSentEvent('error', claudeError(generation), true),
  // What Google's side refuses it tells in its own form, what Claude's refuses in Anthropic's.
  error: (refusal) =>
    [401, 403, 404, 429].includes(refusal.status)
      ? googleError(refusal)
      : anthropicError(refusal, 'req_vrtx_'),
}

/** Models of others: `…/projects/{p}/locations/{l}/endpoints/openapi/chat/completions`. */
export const vertexChat: ProviderProtocol = {
  ...openaiChat,
  name: 'vertex-openai-chat',
  operation: ({ method, path }) =>
    method === 'POST' && path.endsWith('/endpoints/openapi/chat/completions')
      ? { kind: 'generate' }
      : undefined,
  authenticate: (request, access) => authenticate(request, access, null),
  check(body, _headers, _operation) {
    const [, model] = /^[\w-]+\/([\w.-]+)$/.exec(body?.model) ?? []
    if (model) return checkOpenAiChat({ ...body, model })
    const message = `Malformed publisher model (\`model\`: '${body?.model}') for the 'openapi' request endpoint ID; expected '<publisher>/<model>'.`
    return { status: 400, message }
  },
  serves: (model) => /^(deepseek-ai|google|meta|mistralai|moonshotai|openai|qwen|zai-org)\//.test(model),
  unknownModel: notFound('unknown'),
  error: (refusal) => [googleError(refusal)],
}

/** What a path names. Slashes and an at sign in the model stand for themselves. */
function placeOf({ method, path }: RecordedRequest) {
  const found =
    /\/v1(?:beta1)?\/(?:(projects\/[^/]+\/locations\/[^/]+)\/)?publishers\/(google|anthropic)\/models\/(.+):(\w+)$/.exec(
      path,
    )
  if (method !== 'POST' || !found) return undefined
  const [, place = '', publisher, model = '', called = ''] = found
  return { place, publisher, model: decodeURIComponent(model), method: called }
}

function authenticate(
  { headers }: RecordedRequest,
  access: Access,
  key: string | null | undefined,
): Refusal | undefined {
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? key
  const expected =
    'Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.'
  if (!token) {
    return { status: 401, message: `Request is missing required authentication credential. ${expected}` }
  }
  if (access.accepts(token)) return undefined
  return { status: 401, message: `Request had invalid authentication credentials. ${expected}` }
}

function notFound(publisher: string): ProviderProtocol['unknownModel'] {
  return (model, { place }) => ({
    status: 404,
    message: `Publisher Model \`${place}/publishers/${publisher}/models/${model}\` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions`,
  })
}
