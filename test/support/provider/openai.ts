import { catalogued } from './openai-models.ts'
import type { Access, ProviderProtocol, Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'
import { identifier } from './script.ts'

/** What all of OpenAI's APIs have in common: keys, errors, models. */
export const openAi = {
  authenticate: authenticateOpenAi,
  serves: catalogued,
  unknownModel: (model) => ({
    status: 404,
    message: `The model \`${model}\` does not exist or you do not have access to it.`,
    code: 'model_not_found',
  }),
  error: (refusal) => ({
    error: {
      message: refusal.message,
      type: refusal.type ?? errorType(refusal),
      param: refusal.param ?? null,
      code: refusal.code ?? errorCode(refusal),
    },
  }),
  models(ids, id) {
    const model = (one: string) => ({ id: one, object: 'model', created: 1735689600, owned_by: 'scripted' })
    return id ? model(id) : { object: 'list', data: ids.map(model) }
  },
  tokenCount: (tokens) => ({ input_tokens: tokens, object: 'response.input_tokens' }),
  responseHeaders: () => ({ 'x-request-id': `req_${identifier()}`, 'openai-processing-ms': '1' }),
} satisfies Partial<ProviderProtocol>

export const SERVER_ERROR = 'The server had an error while processing your request.'

function authenticateOpenAi({ headers }: RecordedRequest, access: Access): Refusal | undefined {
  const key = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  if (key && access.accepts(key)) return undefined
  const message = key
    ? `Incorrect API key provided: ${key.slice(0, 3)}***. You can find your API key at https://platform.openai.com/account/api-keys.`
    : "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
  return { status: 401, message }
}

function errorType({ status }: Refusal): string {
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

function errorCode({ status }: Refusal): string | null {
  const codes: Record<number, string> = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' }
  return codes[status] ?? null
}
