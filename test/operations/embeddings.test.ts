import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { FamilyId } from '../../src/operations/operation.ts'
import { ask, tell } from './translate.ts'

const ONE = { model: 'x/y', input: 'Hello', dimensions: 3 }
const TWO = { model: 'x/y', input: ['Hello', 'World'], user: 'u-1' }

describe('a request of OpenAI’s API', () => {
  const rows: { to: FamilyId; given: unknown; model?: string; sent: unknown }[] = [
    {
      to: 'openai',
      given: { ...ONE, encoding_format: 'base64' },
      sent: { body: { model: 'model-1', input: ['Hello'], encoding_format: 'float', dimensions: 3 } },
    },
    {
      to: 'openai',
      given: { model: 'x', input: [[1, 2], [3]] },
      sent: { body: { model: 'model-1', input: [[1, 2], [3]], encoding_format: 'float' } },
    },
    {
      to: 'gemini',
      given: ONE,
      sent: { body: { content: { parts: [{ text: 'Hello' }] }, outputDimensionality: 3 } },
    },
    {
      to: 'gemini-batch',
      given: TWO,
      sent: {
        body: {
          requests: [
            { model: 'models/model-1', content: { parts: [{ text: 'Hello' }] } },
            { model: 'models/model-1', content: { parts: [{ text: 'World' }] } },
          ],
        },
      },
    },
    {
      to: 'predict',
      given: { ...TWO, dimensions: 256 },
      sent: {
        body: {
          instances: [{ content: 'Hello' }, { content: 'World' }],
          parameters: { outputDimensionality: 256 },
        },
      },
    },
    {
      to: 'cohere',
      given: { ...TWO, dimensions: 512 },
      sent: {
        body: {
          model: 'model-1',
          texts: ['Hello', 'World'],
          input_type: 'search_document',
          embedding_types: ['float'],
          output_dimension: 512,
        },
      },
    },
    {
      to: 'bedrock-cohere',
      given: TWO,
      sent: {
        body: { texts: ['Hello', 'World'], input_type: 'search_document', embedding_types: ['float'] },
      },
    },
    {
      to: 'titan',
      given: ONE,
      model: 'amazon.titan-embed-text-v2:0',
      sent: { body: { inputText: 'Hello', dimensions: 3 } },
    },
    {
      to: 'titan',
      given: ONE,
      model: 'amazon.titan-embed-text-v1',
      sent: { body: { inputText: 'Hello' }, dropped: ['dimensions'] },
    },
    {
      to: 'titan',
      given: ONE,
      model: 'amazon.titan-embed-image-v1',
      sent: { body: { inputText: 'Hello', embeddingConfig: { outputEmbeddingLength: 3 } } },
    },
    { to: 'hugging-face', given: TWO, sent: { body: { inputs: ['Hello', 'World'] } } },
    {
      to: 'hugging-face',
      given: { ...ONE, store: true },
      sent: { body: { inputs: ['Hello'], dimensions: 3 }, dropped: ['store'] },
    },
  ]
  it.each(rows)('goes to $to ($model): $given', ({ to, given, model, sent }) => {
    expect(ask('embeddings', 'openai', given, to, model)).toEqual(sent)
  })

  const refusals: [to: FamilyId, given: unknown, field: string, message: RegExp][] = [
    ['openai', {}, 'input', /input is required for embeddings/],
    ['openai', { input: [] }, 'input', /input is required for embeddings/],
    ['openai', { input: ['a', {}] }, 'input[1]', /a text or a list of tokens/],
    ['openai', { input: 'a', encoding_format: 'int8' }, 'encoding_format', /'float', 'base64'/],
    ['openai', { input: 'a', dimensions: '3' }, 'dimensions', /expected a number/],
    ['cohere', { input: [1, 2] }, 'input[0]', /tokens/],
    ['gemini', { input: ['a', 'b'] }, 'input', /one input per request, not 2/],
    ['titan', { input: ['a', 'b'] }, 'input', /model-1 takes one input per request, not 2/],
    ['hugging-face', { input: [[1]] }, 'input[0]', /does not take tokens/],
  ]
  it.each(refusals)('to %s is refused: %j', (to, given, field, message) => {
    expect(() => ask('embeddings', 'openai', given, to)).toThrow(message)
    expect(() => ask('embeddings', 'openai', given, to)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ field }) as object }) as GatewayError,
    )
  })
})

describe('an answer for OpenAI’s API', () => {
  const told = (vectors: number[][], tokens: number) => ({
    object: 'list',
    data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
    model: 'asked-for',
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
  const V1 = [0.5, -0.25]
  const V2 = [1, 2]
  const rows: {
    to: FamilyId
    asked: unknown
    answer: unknown
    headers?: Record<string, string>
    tokens: number | undefined
    vectors: number[][]
  }[] = [
    {
      to: 'openai',
      asked: TWO,
      // Not every server keeps the order, or leaves vectors unpacked.
      answer: {
        data: [
          { index: 1, embedding: V2 },
          { index: 0, embedding: 'AAAAPwAAgL4=' },
        ],
        usage: { prompt_tokens: 4, total_tokens: 4 },
      },
      tokens: 4,
      vectors: [V1, V2],
    },
    { to: 'gemini', asked: ONE, answer: { embedding: { values: V1 } }, tokens: undefined, vectors: [V1] },
    {
      to: 'gemini-batch',
      asked: TWO,
      answer: { embeddings: [{ values: V1 }, { values: V2 }], usageMetadata: { promptTokenCount: 5 } },
      tokens: 5,
      vectors: [V1, V2],
    },
    {
      to: 'predict',
      asked: TWO,
      answer: {
        predictions: [
          { embeddings: { values: V1, statistics: { truncated: false, token_count: 2 } } },
          { embeddings: { values: V2, statistics: { truncated: false, token_count: 3 } } },
        ],
        metadata: { billableCharacterCount: 10 },
      },
      tokens: 5,
      vectors: [V1, V2],
    },
    {
      to: 'cohere',
      asked: TWO,
      answer: {
        id: 'e-1',
        embeddings: { float: [V1, V2] },
        texts: ['hello', 'world'],
        meta: { billed_units: { input_tokens: 6 } },
      },
      tokens: 6,
      vectors: [V1, V2],
    },
    {
      to: 'bedrock-cohere',
      asked: TWO,
      answer: {
        id: 'e-1',
        embeddings: [V1, V2],
        response_type: 'embeddings_floats',
        texts: ['hello', 'world'],
      },
      headers: { 'x-amzn-bedrock-input-token-count': '7' },
      tokens: 7,
      vectors: [V1, V2],
    },
    {
      to: 'titan',
      asked: ONE,
      answer: { embedding: V1, inputTextTokenCount: 3, embeddingsByType: { float: V1 } },
      tokens: 3,
      vectors: [V1],
    },
    { to: 'hugging-face', asked: TWO, answer: [V1, V2], tokens: undefined, vectors: [V1, V2] },
    { to: 'hugging-face', asked: ONE, answer: V1, tokens: undefined, vectors: [V1] },
  ]
  it.each(rows)('comes from $to', ({ to, asked, answer, headers, tokens, vectors }) => {
    const { body, usage } = tell('embeddings', 'openai', asked, to, answer, headers)
    expect(body).toEqual(told(vectors, tokens ?? 0))
    expect(usage).toEqual(tokens === undefined ? {} : { inputTokens: tokens })
  })

  it('packs vectors for a client that asks for base64, as OpenAI’s SDK does', () => {
    const { body } = tell('embeddings', 'openai', { ...ONE, encoding_format: 'base64' }, 'titan', {
      embedding: V1,
    })
    expect(body).toMatchObject({ data: [{ embedding: 'AAAAPwAAgL4=' }] })
  })

  const faults: [to: FamilyId, answer: unknown][] = [
    ['openai', { data: [] }],
    ['openai', { data: [{ embedding: 'AAA=' }] }],
    ['openai', '<html>'],
    ['gemini', { embedding: {} }],
    ['gemini-batch', {}],
    ['predict', { predictions: [{}] }],
    ['predict', { predictions: [] }],
    ['cohere', { embeddings: { int8: [[1]] } }],
    ['titan', {}],
    ['hugging-face', [[[0.1], [0.2]]]],
    ['hugging-face', { error: 'loading' }],
  ]
  it.each(faults)('is malformed from %s: %j', (to, answer) => {
    expect(() => tell('embeddings', 'openai', ONE, to, answer)).toThrow(
      expect.objectContaining({ kind: 'upstream_malformed' }) as GatewayError,
    )
  })
})

describe('clients of other families', () => {
  const V = [0.5, -0.25]
  const answered = (...vectors: number[][]) => ({
    data: vectors.map((embedding, index) => ({ index, embedding })),
    usage: { prompt_tokens: 9, total_tokens: 9 },
  })
  const text = (value: string) => ({ parts: [{ text: value }] })
  const rows: {
    from: FamilyId
    given: unknown
    sent: unknown
    dropped?: string[]
    answer: unknown
    told: unknown
  }[] = [
    {
      from: 'gemini',
      given: { content: text('Hello'), taskType: 'RETRIEVAL_QUERY', outputDimensionality: 2 },
      sent: { model: 'model-1', input: ['Hello'], encoding_format: 'float', dimensions: 2 },
      answer: answered(V),
      told: { embedding: { values: V }, usageMetadata: { promptTokenCount: 9 } },
    },
    {
      from: 'gemini-batch',
      given: {
        requests: [
          { model: 'models/x', content: text('a') },
          { model: 'models/x', content: text('b') },
        ],
      },
      sent: { model: 'model-1', input: ['a', 'b'], encoding_format: 'float' },
      answer: answered(V, V),
      told: { embeddings: [{ values: V }, { values: V }], usageMetadata: { promptTokenCount: 9 } },
    },
    {
      from: 'predict',
      given: {
        instances: [{ content: 'a', task_type: 'CLUSTERING' }],
        parameters: { outputDimensionality: 2 },
      },
      sent: { model: 'model-1', input: ['a'], encoding_format: 'float', dimensions: 2 },
      answer: answered(V),
      told: {
        predictions: [{ embeddings: { values: V, statistics: { truncated: false, token_count: 9 } } }],
      },
    },
    {
      from: 'cohere',
      given: {
        model: 'x',
        texts: ['a'],
        input_type: 'search_query',
        embedding_types: ['float', 'base64'],
        truncate: 'END',
      },
      sent: { model: 'model-1', input: ['a'], encoding_format: 'float' },
      answer: answered(V),
      told: {
        id: 'call-1',
        embeddings: { float: [V], base64: ['AAAAPwAAgL4='] },
        texts: ['a'],
        meta: { api_version: { version: '2' }, billed_units: { input_tokens: 9 } },
        response_type: 'embeddings_by_type',
      },
    },
    {
      from: 'titan',
      given: { inputText: 'a', normalize: true },
      sent: { model: 'model-1', input: ['a'], encoding_format: 'float' },
      dropped: ['normalize'],
      answer: answered(V),
      told: { embedding: V, embeddingsByType: { float: V }, inputTextTokenCount: 9 },
    },
  ]
  it.each(rows)('$from reach OpenAI', ({ from, given, sent, dropped, answer, told }) => {
    expect(ask('embeddings', from, given, 'openai')).toEqual({ body: sent, ...(dropped && { dropped }) })
    expect(tell('embeddings', from, given, 'openai', answer).body).toEqual(told)
  })

  it('keep what their providers know in common: purpose, title, images, encodings', () => {
    const image = { inlineData: { mimeType: 'image/png', data: 'AA==' } }
    const document = { content: text('a'), taskType: 'RETRIEVAL_DOCUMENT', title: 'T' }
    expect(ask('embeddings', 'gemini', document, 'predict').body).toEqual({
      instances: [{ content: 'a', task_type: 'RETRIEVAL_DOCUMENT', title: 'T' }],
    })
    expect(ask('embeddings', 'gemini', { content: { parts: [image] } }, 'cohere').body).toEqual({
      model: 'model-1',
      images: ['data:image/png;base64,AA=='],
      input_type: 'image',
      embedding_types: ['float'],
    })
    const int8 = { texts: ['a'], embedding_types: ['int8'], input_type: 'classification', truncate: 'NONE' }
    expect(ask('embeddings', 'cohere', int8, 'bedrock-cohere').body).toEqual({
      texts: ['a'],
      input_type: 'classification',
      embedding_types: ['float', 'int8'],
      truncate: 'NONE',
    })
  })

  const refusals: [from: FamilyId, given: unknown, to: FamilyId, message: RegExp][] = [
    ['gemini', { content: { parts: [{ fileData: {} }] } }, 'openai', /texts, or one image/],
    ['gemini', {}, 'openai', /'content'/],
    ['gemini-batch', { requests: [] }, 'openai', /one request at least/],
    [
      'gemini-batch',
      { requests: [{ content: text('a') }, { content: text('b'), taskType: 'CLUSTERING' }] },
      'openai',
      /requests\[1\].taskType: other providers take one task/,
    ],
    ['predict', { instances: [] }, 'openai', /one instance/],
    ['cohere', { texts: [] }, 'openai', /one text/],
    ['cohere', { texts: ['a'], embedding_types: ['int8'] }, 'openai', /makes float and base64, not int8/],
    ['cohere', { texts: ['a'], embedding_types: ['int4'] }, 'openai', /'float', 'base64', 'int8'/],
    ['cohere', { images: ['https://example.com/a.png'] }, 'cohere', /images\[0\]: expected a data URL/],
    ['cohere', { images: ['data:image/png;base64,AA=='] }, 'openai', /embeds texts, not images/],
    ['cohere', { texts: [1] }, 'openai', /texts\[0\]: expected a string/],
    ['titan', { inputText: 'a', inputImage: 'AA==' }, 'openai', /one text or one image/],
  ]
  it.each(refusals)('%s are refused: %j to %s', (from, given, to, message) => {
    expect(() => ask('embeddings', from, given, to)).toThrow(message)
    expect(() => ask('embeddings', from, given, to)).toThrow(GatewayError)
  })
})
