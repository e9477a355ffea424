import { claudeError, claudeEvents, claudeReply } from './anthropic-answer.ts'
import { authenticateAnthropic, checkAnthropic } from './anthropic-check.ts'
import { ANTHROPIC_DIALECT } from './anthropic-dialect.ts'
import { readClaude } from './anthropic-request.ts'
import type { Json } from './json.ts'
import { EVENT_STREAM, type ProviderProtocol, type Refusal, serverSentEvent } from './protocol.ts'
import { identifier } from './script.ts'

/** The Messages API: `POST …/v1/messages`, `POST …/v1/messages/count_tokens`, `GET …/v1/models[/{id}]`. */
export const anthropic: ProviderProtocol = {
  name: 'anthropic',
  operation({ method, path, headers }) {
    if (method === 'POST' && path.endsWith('/messages')) return { kind: 'generate' }
    if (method === 'POST' && path.endsWith('/messages/count_tokens')) return { kind: 'count_tokens' }
    // OpenAI serves the same path; the version header tells who is asked.
    const models = headers['anthropic-version'] ? /\/models(?:\/(.+))?$/.exec(path) : null
    if (method !== 'GET' || !models) return undefined
    return { kind: 'models', ...(models[1] && { model: decodeURIComponent(models[1]) }) }
  },
  authenticate: authenticateAnthropic,
  check: checkAnthropic(ANTHROPIC_DIALECT),
  serves: (model) => model.startsWith('claude-'),
  unknownModel: (model) => ({ status: 404, message: `model: ${model}` }),
  read: readClaude,
  reply: (generation) => claudeReply(generation),
  events: (generation) => claudeEvents(generation).map((event) => serverSentEvent(event.type, event, true)),
  streamType: () => EVENT_STREAM,
  keepAlive: 'event: ping\ndata: {"type": "ping"}\n\n',
  errorEvent: (generation) => serverSentEvent('error', claudeError(generation), true),
  error: (refusal) => anthropicError(refusal),
  models(ids, id) {
    const model = (one: string) => ({
      type: 'model',
      id: one,
      display_name: one,
      created_at: '2026-01-01T00:00:00Z',
    })
    if (id) return model(id)
    return { data: ids.map(model), has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null }
  },
  tokenCount: (tokens) => ({ input_tokens: tokens }),
  responseHeaders: () => ({ 'request-id': `req_${identifier()}` }),
}

/** An error as the Messages API tells it. */
export function anthropicError(refusal: Refusal, request = 'req_'): Json {
  const error = { type: refusal.type ?? errorType(refusal), message: refusal.message }
  return { type: 'error', error, request_id: `${request}${identifier()}` }
}

function errorType({ status }: Refusal): string {
  const types: Record<number, string> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    402: 'billing_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    422: 'invalid_request_error',
    429: 'rate_limit_error',
    504: 'timeout_error',
    529: 'overloaded_error',
  }
  return types[status] ?? 'api_error'
}
