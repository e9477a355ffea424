import { compact, dropped, json, objectOf, textOf } from '../body.ts'
import type { AnswerContext, Body, Codec, UpstreamAnswer } from '../operation.ts'
import { decode } from './openai.ts'
import type { RerankAnswer, RerankRequest } from './rerank.ts'
import { readResults, readUsage } from './results.ts'

/** https://docs.cohere.com/reference/rerank */
export const cohere: Codec<RerankRequest, RerankAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: {
    encode: (request, model) => ({
      body: json(
        compact({
          model,
          query: request.query,
          documents: texts(request),
          top_n: request.top,
          max_tokens_per_doc: request.maxTokensPerDocument,
          priority: request.priority,
        }),
      ),
      warnings: [],
    }),
    decode: decodeAnswer,
  },
  usage: { fields: ['meta'], read: (answer) => readUsage(objectOf(answer)) },
}

/**
 * Cohere's and Amazon's rerankers on Bedrock, through `InvokeModel`: the runtime that serves all other models does
 * not serve `Rerank`. https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-use.html
 */
export const bedrockCohere: Codec<RerankRequest, RerankAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: {
    encode: (request, model) => ({
      body: json(
        compact({
          // Cohere's refuse any other version, Amazon's know none.
          ...(model.includes('cohere') && {
            api_version: 2,
            max_tokens_per_doc: request.maxTokensPerDocument,
          }),
          query: request.query,
          documents: texts(request),
          top_n: request.top,
        }),
      ),
      warnings: request.priority === undefined ? [] : [dropped('priority')],
    }),
    // AWS bills by search and does not say how many: one has up to 100 documents.
    decode: (answer, request) => ({
      ...decodeAnswer(answer, request),
      usage: { rerankSearches: searches(request) },
    }),
  },
  usage: {
    fields: [],
    read: () => ({}),
    asked: (body) => ({ rerankSearches: searches(decode(body).request) }),
  },
}

const DOCUMENTS_PER_SEARCH = 100

function searches({ documents }: RerankRequest): number {
  return Math.ceil(documents.length / DOCUMENTS_PER_SEARCH)
}

function texts({ documents }: RerankRequest): string[] {
  return documents.map(({ text }) => text)
}

function decodeAnswer(answer: UpstreamAnswer, request: RerankRequest): RerankAnswer {
  const body = objectOf(answer)
  return { ...compact({ id: textOf(body.id) }), results: readResults(body, request), usage: readUsage(body) }
}

function encodeAnswer(answer: RerankAnswer, context: AnswerContext<RerankRequest>): Body {
  return json({
    id: answer.id ?? context.responseId,
    results: answer.results.map(({ index, score }) => ({ index, relevance_score: score })),
    meta: {
      api_version: { version: '2' },
      billed_units: { search_units: answer.usage.rerankSearches ?? searches(context.request) },
    },
  })
}
