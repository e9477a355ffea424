import type { JsonObject } from '../../message/request.ts'
import { awsChunks } from '../../wire/aws-eventstream.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ListedModel } from '../model-list.ts'
import { pageSize, releaseTime } from '../shared/model-list.ts'
import { bedrockInvoke, vertex } from './dialects.ts'

/** https://docs.claude.com/en/api; the probes are what Claude Code asks for at its start, by version. */
export const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/v1/messages', operation: 'generate' },
  { method: 'POST', path: '/v1/messages/count_tokens', operation: 'count-tokens' },
  { method: 'GET', path: '/v1/models', operation: 'list-models' },
  { method: 'GET', path: '/v1/models/{model}', operation: 'get-model' },
  { method: 'HEAD', path: '/', operation: 'probe' },
  // A base URL has no slash at its end.
  { method: 'HEAD', path: '', operation: 'probe' },
  { method: 'HEAD', path: '/api/hello', operation: 'probe' },
  { method: 'GET', path: '/api/hello', operation: 'probe' },
]

/** InvokeModel with Claude's body: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html */
export const bedrockEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/model/{model}/invoke',
    operation: 'generate',
    stream: false,
    dialect: bedrockInvoke,
  },
  {
    method: 'POST',
    path: '/model/{model}/invoke-with-response-stream',
    operation: 'generate',
    stream: true,
    framing: () => awsChunks,
    dialect: bedrockInvoke,
  },
]

/** A base URL may end with the version or before it. */
const VERTEX_VERSIONS = ['', '/v1', '/v1beta1']
const VERTEX_MODELS = '/projects/{project}/locations/{location}/publishers/anthropic/models'

/** https://docs.claude.com/en/api/claude-on-vertex-ai */
export const vertexEndpoints: readonly Endpoint[] = VERTEX_VERSIONS.flatMap((version): Endpoint[] => {
  const models = version + VERTEX_MODELS
  return [
    // First, because it looks like a model's path; the model is in the body here.
    { method: 'POST', path: `${models}/count-tokens:rawPredict`, operation: 'count-tokens', dialect: vertex },
    {
      method: 'POST',
      path: `${models}/{model}:rawPredict`,
      operation: 'generate',
      stream: false,
      dialect: vertex,
    },
    {
      method: 'POST',
      path: `${models}/{model}:streamRawPredict`,
      operation: 'generate',
      stream: true,
      dialect: vertex,
    },
  ]
})

/** Claude Code offers only ids that hold "claude" or "anthropic": all others get this in front. */
export const foreignPrefix = { native: 'anthropic', prefix: 'anthropic/', shown: /claude|anthropic/i }

export function encodeModel({ id, facts }: ListedModel): JsonObject {
  const { contextWindowTokens: context, maxInputTokens: maxInput = context, maxOutputTokens } = facts ?? {}
  return {
    type: 'model',
    id,
    display_name: facts?.name ?? id,
    created_at: releaseTime(facts),
    max_input_tokens: maxInput ?? null,
    max_tokens: maxOutputTokens ?? null,
  }
}

const PAGE_DEFAULT = 20

/** One page of the models on offer: `limit` of them, after `after_id` or before `before_id`. */
export function encodeModelList(models: readonly ListedModel[], query: URLSearchParams): JsonObject {
  const place = (id: string | null) => models.findIndex((model) => model.id === id)
  const limit = pageSize(query.get('limit'), PAGE_DEFAULT)
  const after = place(query.get('after_id'))
  const before = place(query.get('before_id'))
  const start = before === -1 ? after + 1 : Math.max(0, before - limit)
  const end = before === -1 ? Math.min(models.length, start + limit) : before
  const page = models.slice(start, end)
  return {
    data: page.map(encodeModel),
    has_more: before === -1 ? end < models.length : start > 0,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  }
}
