import { describe, expect, it } from 'vitest'
import type { GatewayError } from '../../src/message/error.ts'
import type { FamilyId } from '../../src/operations/operation.ts'
import { rerankModel } from '../../src/operations/rerank/bedrock-rerank.ts'
import { ask, body, tell } from './translate.ts'

const PLAIN = { model: 'x', query: 'capital?', documents: ['Berlin', 'Paris', 'Bonn'] }
const RICH = {
  model: 'x',
  query: 'capital?',
  documents: [{ text: 'Berlin', id: 'b', meta: { page: 1 } }, { text: 'Paris' }],
  top_n: 2,
  max_tokens_per_doc: 512,
  priority: 1,
  return_documents: true,
}

describe('a request of the gateway’s API', () => {
  const rows: { to: FamilyId; given: unknown; model?: string; sent: unknown }[] = [
    {
      to: 'cohere',
      given: RICH,
      sent: {
        body: {
          model: 'model-1',
          query: 'capital?',
          documents: ['Berlin', 'Paris'],
          top_n: 2,
          max_tokens_per_doc: 512,
          priority: 1,
        },
      },
    },
    {
      to: 'jina',
      given: RICH,
      sent: {
        body: {
          model: 'model-1',
          query: 'capital?',
          documents: ['Berlin', 'Paris'],
          top_n: 2,
          return_documents: false,
        },
        dropped: ['max_tokens_per_doc', 'priority'],
      },
    },
    {
      to: 'bedrock-cohere',
      given: RICH,
      model: 'cohere.rerank-v3-5:0',
      sent: {
        body: {
          api_version: 2,
          max_tokens_per_doc: 512,
          query: 'capital?',
          documents: ['Berlin', 'Paris'],
          top_n: 2,
        },
        dropped: ['priority'],
      },
    },
    {
      to: 'bedrock-cohere',
      given: PLAIN,
      model: 'amazon.rerank-v1:0',
      sent: { body: { query: 'capital?', documents: ['Berlin', 'Paris', 'Bonn'] } },
    },
    {
      to: 'google-ranking',
      given: PLAIN,
      sent: {
        body: {
          model: 'model-1',
          query: 'capital?',
          ignoreRecordDetailsInResponse: true,
          records: [
            { id: '0', content: 'Berlin' },
            { id: '1', content: 'Paris' },
            { id: '2', content: 'Bonn' },
          ],
        },
      },
    },
  ]
  it.each(rows)('goes to $to ($model): $given', ({ to, given, model, sent }) => {
    expect(ask('rerank', 'openai', given, to, model)).toEqual(sent)
  })

  const refusals: [given: object, message: string][] = [
    [{ query: '' }, 'query is required for rerank'],
    [{ documents: [] }, 'documents are required for rerank'],
    [{ documents: ['a', ''] }, 'document text is required for rerank at index 1'],
    [{ documents: [{ id: 'a' }] }, 'document text is required for rerank at index 0'],
    [{ top_n: 0 }, 'top_n must be at least 1'],
    [{ top_n: 1.5 }, 'top_n must be at least 1'],
  ]
  it.each(refusals)('is refused: %j', (given, message) => {
    expect(() => ask('rerank', 'openai', { ...PLAIN, ...given }, 'cohere')).toThrow(message)
  })
})

describe('an answer for the gateway’s API', () => {
  const scored = [
    { index: 1, relevance_score: 0.2 },
    { index: 0, relevance_score: 0.9 },
  ]
  const rows: { to: FamilyId; answer: unknown; id: string; usage: object; told: object }[] = [
    {
      to: 'cohere',
      answer: { id: 'r-1', results: scored, meta: { billed_units: { search_units: 1 } } },
      id: 'r-1',
      usage: { rerankSearches: 1 },
      told: { prompt_tokens: 0, total_tokens: 0, search_units: 1 },
    },
    {
      to: 'jina',
      answer: { id: 'r-2', model: 'm', results: scored, usage: { total_tokens: 42 } },
      id: 'r-2',
      usage: { inputTokens: 42 },
      told: { prompt_tokens: 42, total_tokens: 42 },
    },
    {
      to: 'bedrock-cohere',
      answer: { results: scored },
      id: 'call-1',
      usage: { rerankSearches: 1 },
      told: { prompt_tokens: 0, total_tokens: 0, search_units: 1 },
    },
    {
      to: 'google-ranking',
      answer: {
        records: [
          { id: '1', score: 0.2 },
          { id: '0', score: 0.9 },
        ],
      },
      id: 'call-1',
      usage: { rerankSearches: 1 },
      told: { prompt_tokens: 0, total_tokens: 0, search_units: 1 },
    },
  ]
  it.each(rows)('comes from $to, best first', ({ to, answer, id, usage, told }) => {
    const found = tell('rerank', 'openai', RICH, to, answer)
    expect(found.usage).toEqual(usage)
    expect(found.body).toEqual({
      id,
      results: [
        { index: 0, relevance_score: 0.9, document: { text: 'Berlin', id: 'b', meta: { page: 1 } } },
        { index: 1, relevance_score: 0.2, document: { text: 'Paris' } },
      ],
      model: 'asked-for',
      usage: told,
    })
  })

  it('leaves the documents out unless they are wanted', () => {
    expect(tell('rerank', 'openai', PLAIN, 'cohere', { results: scored }).body).toMatchObject({
      results: [
        { index: 0, relevance_score: 0.9 },
        { index: 1, relevance_score: 0.2 },
      ],
    })
  })

  it.each([
    ['cohere', {}],
    ['cohere', { results: [{ index: 9, relevance_score: 1 }] }],
    ['jina', { results: [{ index: 0 }] }],
    ['google-ranking', { records: [{ id: 'x', score: 1 }] }],
    ['google-ranking', {}],
  ] as const)('is malformed from %s: %j', (to, answer) => {
    expect(() => tell('rerank', 'openai', PLAIN, to, answer)).toThrow(/upstream's answer/)
  })
})

describe('clients of other families', () => {
  const answer = {
    results: [{ index: 1, relevance_score: 0.7 }],
    meta: { billed_units: { search_units: 3 } },
  }
  const arn = 'arn:aws:bedrock:us-west-2::foundation-model/cohere.rerank-v3-5:0'
  const bedrock = {
    queries: [{ type: 'TEXT', textQuery: { text: 'capital?' } }],
    sources: [
      { type: 'INLINE', inlineDocumentSource: { type: 'TEXT', textDocument: { text: 'Berlin' } } },
      { type: 'INLINE', inlineDocumentSource: { type: 'JSON', jsonDocument: { city: 'Paris' } } },
    ],
    rerankingConfiguration: {
      type: 'BEDROCK_RERANKING_MODEL',
      bedrockRerankingConfiguration: { numberOfResults: 1, modelConfiguration: { modelArn: arn } },
    },
  }
  const rows: { from: FamilyId; given: unknown; documents: string[]; top?: number; told: unknown }[] = [
    {
      from: 'cohere',
      given: { model: 'x', query: 'capital?', documents: ['Berlin', 'Paris'] },
      documents: ['Berlin', 'Paris'],
      told: {
        id: 'call-1',
        results: [{ index: 1, relevance_score: 0.7 }],
        meta: { api_version: { version: '2' }, billed_units: { search_units: 3 } },
      },
    },
    {
      from: 'google-ranking',
      given: {
        model: 'x',
        query: 'capital?',
        topN: 1,
        records: [
          { id: 'b', content: 'Berlin' },
          { id: 'p', title: 'City', content: 'Paris' },
        ],
      },
      documents: ['Berlin', 'Paris'],
      top: 1,
      told: { records: [{ id: 'p', title: 'City', content: 'Paris', score: 0.7 }] },
    },
    {
      from: 'bedrock-rerank',
      given: bedrock,
      documents: ['Berlin', '{"city":"Paris"}'],
      top: 1,
      told: { results: [{ index: 1, relevanceScore: 0.7 }] },
    },
  ]
  it.each(rows)('$from reach Cohere', ({ from, given, documents, top, told }) => {
    expect(ask('rerank', from, given, 'cohere').body).toEqual({
      model: 'model-1',
      query: 'capital?',
      documents,
      ...(top && { top_n: top }),
    })
    expect(tell('rerank', from, given, 'cohere', answer).body).toEqual(told)
  })

  it('name the model of Bedrock’s call deep in its body', () => {
    expect(rerankModel(body(bedrock))).toBe(arn)
    expect(() => rerankModel(body({ queries: [] }))).toThrow('modelConfiguration.modelArn: expected a model')
  })

  it.each([
    ['bedrock-rerank', { sources: [] }, 'queries'],
    ['bedrock-rerank', { ...bedrock, sources: [] }, 'sources'],
    ['google-ranking', { query: 'q', records: [] }, 'records'],
    ['google-ranking', { query: 'q', records: [{}] }, 'records[0].content'],
  ] as const)('%s are refused: %j', (from, given, field) => {
    expect(() => ask('rerank', from, given, 'cohere')).toThrow(
      expect.objectContaining({
        kind: 'invalid_request',
        details: expect.objectContaining({ field }) as object,
      }) as GatewayError,
    )
  })
})
