import { GatewayError } from '../../message/error.ts'
import { Fields } from '../../protocols/shared/openai-fields.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { compact, fieldsOf, json, leftOut } from '../body.ts'
import type { AnswerContext, Body, Codec } from '../operation.ts'
import type { RerankAnswer, RerankDocument, RerankRequest } from './rerank.ts'
import { readUsage, told } from './results.ts'

/** The gateway's own `/v1/rerank`: OpenAI has none, so its documents are objects, and plain texts are taken too. */
export const openai: Codec<RerankRequest, RerankAnswer> = {
  client: { decode, encode },
  usage: { fields: ['usage', 'meta'], read: ({ body }) => (isJson(body) ? readUsage(body.value) : {}) },
}

const KNOWN = new Set([
  'model', 'query', 'documents', 'top_n', 'max_tokens_per_doc', 'priority', 'return_documents', 'fallbacks',
]) // prettier-ignore

function isJson(body: Body): body is { kind: 'json'; value: Record<string, unknown> } {
  return body.kind === 'json' && isObject(body.value)
}

/** Also of the families that copied it: theirs have the same fields. */
export function decode(body: Body) {
  const fields = fieldsOf(body)
  const query = fields.string('query') ?? ''
  if (query === '') throw refused('query', 'query is required for rerank')
  const documents = (fields.list('documents') ?? []).map(decodeDocument)
  if (documents.length === 0) throw refused('documents', 'documents are required for rerank')
  const top = fields.number('top_n')
  if (top !== undefined && (top < 1 || !Number.isInteger(top)))
    throw refused('top_n', 'top_n must be at least 1')
  const request: RerankRequest = {
    query,
    documents,
    ...compact({
      top,
      maxTokensPerDocument: fields.number('max_tokens_per_doc'),
      priority: fields.number('priority'),
    }),
    returnsDocuments: fields.boolean('return_documents') ?? false,
  }
  return { request, stream: false, warnings: leftOut(fields.raw, KNOWN) }
}

function decodeDocument(document: unknown, at: number): RerankDocument {
  if (typeof document === 'string' && document !== '') return { text: document }
  const fields = new Fields(isObject(document) ? document : {}, `documents[${at}]`)
  const text = fields.string('text') ?? ''
  if (text === '') throw refused(`documents[${at}]`, `document text is required for rerank at index ${at}`)
  return { text, ...compact({ id: fields.string('id'), meta: fields.object('meta')?.raw }) }
}

function refused(field: string, message: string): GatewayError {
  return new GatewayError('invalid_request', message, { field })
}

function encode(
  answer: RerankAnswer,
  { request, requestedModel, responseId }: AnswerContext<RerankRequest>,
): Body {
  const tokens = answer.usage.inputTokens ?? 0
  return json({
    id: answer.id ?? responseId,
    results: answer.results.map(({ index, score }) => ({
      index,
      relevance_score: score,
      ...(request.returnsDocuments && { document: told(request.documents[index]!) }),
    })),
    model: requestedModel,
    usage: {
      prompt_tokens: tokens,
      total_tokens: tokens,
      ...compact({ search_units: answer.usage.rerankSearches }),
    },
  })
}
