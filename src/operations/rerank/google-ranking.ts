import { GatewayError } from '../../message/error.ts'
import {
  compact,
  dropped,
  fieldsOf,
  json,
  leftOut,
  malformed,
  numberOf,
  objectOf,
  objectsOf,
} from '../body.ts'
import type { AnswerContext, Body, Codec } from '../operation.ts'
import type { RerankAnswer, RerankDocument, RerankRequest } from './rerank.ts'
import { sorted } from './results.ts'

/** https://cloud.google.com/generative-ai-app-builder/docs/ranking: it tells no usage. */
export const googleRanking: Codec<RerankRequest, RerankAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: {
    encode: ({ query, documents, top, maxTokensPerDocument, priority }, model) => ({
      body: json(
        compact({
          model,
          query,
          topN: top,
          ignoreRecordDetailsInResponse: true,
          // Results name their record by its id: the place in the request is the one that is never there twice.
          records: documents.map(({ text, title }, at) => compact({ id: String(at), title, content: text })),
        }),
      ),
      warnings: [
        ...(maxTokensPerDocument === undefined ? [] : [dropped('max_tokens_per_doc')]),
        ...(priority === undefined ? [] : [dropped('priority')]),
      ],
    }),
    decode(answer, request) {
      const { records } = objectOf(answer)
      if (!Array.isArray(records)) throw malformed('has no records')
      const results = objectsOf(records).map(({ id, score }) => ({
        index: typeof id === 'string' && /^\d{1,9}$/.test(id) ? Number(id) : undefined,
        score,
      }))
      return {
        results: sorted(results, request),
        usage: { rerankSearches: searches(request.documents.length) },
      }
    },
  },
  usage: {
    fields: [],
    read: () => ({}),
    asked: (body) => ({ rerankSearches: searches(decode(body).request.documents.length) }),
  },
}

/** A query is billed for each 100 records. */
function searches(documents: number): number {
  return Math.ceil(documents / 100)
}

const KNOWN = new Set(['model', 'query', 'records', 'topN', 'ignoreRecordDetailsInResponse'])

function decode(body: Body) {
  const fields = fieldsOf(body)
  const records = fields.objects('records') ?? []
  if (records.length === 0)
    throw new GatewayError('invalid_request', 'records: expected one record at least.', { field: 'records' })
  const request: RerankRequest = {
    query: fields.required('query', fields.string('query')),
    documents: records.map((record): RerankDocument => {
      const title = record.string('title')
      const text = record.string('content') ?? title
      return {
        text: record.required('content', text),
        ...compact({ id: record.string('id'), title }),
      }
    }),
    ...compact({ top: fields.number('topN') }),
    returnsDocuments: fields.boolean('ignoreRecordDetailsInResponse') !== true,
  }
  return { request, stream: false, warnings: leftOut(fields.raw, KNOWN) }
}

function encodeAnswer({ results }: RerankAnswer, { request }: AnswerContext<RerankRequest>): Body {
  return json({
    records: results.map(({ index, score }) => {
      const { id, title, text } = request.documents[index]!
      const details = request.returnsDocuments ? { title, content: text } : {}
      return compact({ id: id ?? String(index), ...details, score: numberOf(score) })
    }),
  })
}
