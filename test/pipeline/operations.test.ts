/**
 * The other operations through the whole gateway, with OpenAI's own SDK as client and the scripted provider, which
 * checks requests as the real ones do, behind it.
 */
import { GoogleGenAI } from '@google/genai'
import { CohereClientV2 } from 'cohere-ai'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'
import { PIXEL, SOUND } from '../support/provider/sample.ts'
import { startProvider } from '../support/provider/server.ts'
import type { Provider } from '../support/provider/server.ts'

let provider: Provider
let gateway: InProcessGateway

beforeEach(async () => {
  provider = await startProvider()
  const key = (value: string, more: object = {}) => ({
    name: value,
    value,
    models: ['*'],
    weight: 1,
    ...more,
  })
  const network_config = { base_url: provider.url, retry_backoff_initial: 0, retry_backoff_max: 0 }
  const cloud = { vertex_key_config: { project_id: 'p1', region: 'us-central1' } }
  const bedrock = { bedrock_key_config: { region: 'us-east-1' } }
  gateway = await startInProcess({
    openai: { keys: [key('sk-1'), key('sk-2')], network_config },
    anthropic: { keys: [key('sk-ant')], network_config },
    gemini: {
      keys: [key('AIza')],
      network_config: { ...network_config, base_url: `${provider.url}/v1beta` },
    },
    vertex: { keys: [key('AQ.express', cloud)], network_config },
    cohere: { keys: [key('co-1')], network_config },
    bedrock: { keys: [key('bedrock-api-key', bedrock)], network_config },
    elsewhere: {
      keys: [key('sk-4')],
      network_config,
      custom_provider_config: {
        base_provider_type: 'openai',
        request_path_overrides: { embedding: '/tenant/v1/embeddings' },
      },
    },
    narrow: {
      keys: [key('sk-3')],
      network_config,
      custom_provider_config: {
        base_provider_type: 'openai',
        allowed_requests: { embedding: true, speech: true },
      },
    },
  })
})
afterEach(async () => {
  await gateway.close()
  await provider.close()
})

const at = (path: string) => new OpenAI({ apiKey: 'anything', baseURL: gateway.url + path, maxRetries: 0 })
const last = () => provider.requests.at(-1)!
const row = () => gateway.rows.at(-1)!
const told = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const sound = () => new File([SOUND], 'a.mp3', { type: 'audio/mpeg' })

async function all<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}

const ask = (path: string, init: RequestInit = {}) => fetch(gateway.url + path, init)
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

describe('a provider of the client’s own family', () => {
  it('gets the client’s bytes but for the model, and the client gets the provider’s', async () => {
    const body = '{ "input": ["a", "b"],\t"dimensions":3, "model": "openai/text-embedding-3-small" }'
    const answer = await post('/openai/v1/embeddings', body)
    expect(told(last().bodyBytes)).toBe(body.replace('openai/', ''))
    expect([last().path, last().headers['authorization']]).toEqual([
      '/v1/embeddings',
      expect.stringMatching(/^Bearer sk-[12]$/),
    ])
    expect(await answer.json()).toMatchObject({ model: 'text-embedding-3-small', usage: { total_tokens: 2 } })
    expect(row()).toMatchObject({
      operation: 'embeddings',
      provider: 'openai',
      model: 'text-embedding-3-small',
      mode: 'native',
      httpStatus: 200,
      usage: { inputTokens: 2 },
      usageSource: 'reported',
      requestedModel: 'openai/text-embedding-3-small',
    })
    expect(row().cost?.nanodollars).toBe(40)
  })

  it('gets a form’s bytes but for the model in it', async () => {
    const heard = await at('/v1').audio.transcriptions.create({ model: 'openai/whisper-1', file: sound() })
    expect(heard.text).toBe('Scripted words of a recording.')
    const body = Buffer.from(last().bodyBytes)
    expect(body.includes(Buffer.from(SOUND))).toBe(true)
    expect(body.toString('latin1')).toMatch(/name="model"\r\n\r\nwhisper-1\r\n/)
    expect(row()).toMatchObject({
      operation: 'transcription',
      model: 'whisper-1',
      usage: { audioSeconds: 3 },
    })
  })

  it('streams what it streams, events and sound alike', async () => {
    const audio = at('/openai/v1').audio
    const events = await all(
      await audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: sound(), stream: true }),
    )
    expect(events.at(-1)).toMatchObject({
      type: 'transcript.text.done',
      text: 'Scripted words of a recording.',
    })
    expect(row()).toMatchObject({
      stream: true,
      usage: { inputTokens: 30, inputAudioTokens: 30, outputTokens: 8 },
    })

    const said = await audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Hi you' })
    expect([said.headers.get('content-type'), new Uint8Array(await said.arrayBuffer())]).toEqual([
      'audio/mpeg',
      SOUND,
    ])
    expect(row()).toMatchObject({ operation: 'speech', stream: false, usage: { characters: 6 } })

    const sse = await post('/openai/v1/audio/speech', {
      model: 'gpt-4o-mini-tts',
      voice: 'alloy',
      input: 'Hi',
      stream_format: 'sse',
    })
    expect(await sse.text()).toContain('speech.audio.done')
    expect(row()).toMatchObject({ stream: true, usage: { inputTokens: 1, outputTokens: 20 } })
    // Tokens are billed, so characters are not.
    expect(row().usage).not.toHaveProperty('characters')
  })

  it('makes and edits pictures, moderates, and completes texts', async () => {
    const { images, moderations, completions } = at('/openai/v1')
    const made = await images.generate({ model: 'gpt-image-1', prompt: 'A cat', n: 2 })
    expect(made.data).toHaveLength(2)
    expect(row()).toMatchObject({
      operation: 'image-generation',
      usage: { inputTokens: 2, outputTokens: 200 },
    })
    await images.generate({ model: 'dall-e-3', prompt: 'A cat', size: '1024x1024', quality: 'hd' })
    expect(row().usage).toMatchObject({ images: 1, service: { image: '1024x1024/hd' } })
    const picture = new File([new Uint8Array([1, 2, 3])], 'p.png', { type: 'image/png' })
    await images.edit({ model: 'openai/gpt-image-1', prompt: 'A hat', image: [picture, picture] })
    expect([last().path, row().operation]).toEqual(['/v1/images/edits', 'image-edit'])
    // The model of moderations may be left out.
    await moderations.create({ input: 'a' })
    expect([last().body.model, row().operation, row().usageSource]).toEqual([
      'omni-moderation-latest',
      'moderations',
      'none',
    ])
    await completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Say hi.' })
    expect([last().path, row().operation, row().usageSource]).toEqual([
      '/v1/completions',
      'completions',
      'reported',
    ])
  })

  it('is found by Azure’s paths, where the model is not in the body', async () => {
    const answer = await post(
      '/openai/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21',
      {
        input: 'a',
      },
    )
    expect(answer.status).toBe(200)
    expect([last().url, last().body]).toEqual([
      '/v1/embeddings',
      { model: 'text-embedding-3-small', input: 'a' },
    ])
  })

  it('is found at the path that the operator names', async () => {
    const answer = await post('/v1/embeddings', { model: 'elsewhere/m', input: 'a' })
    expect([answer.status, last().path]).toEqual([200, '/tenant/v1/embeddings'])
  })

  it('tells its own errors, and another key is tried where that may help', async () => {
    const wrong = await post('/openai/v1/embeddings', { model: 'text-embedding-3-small', texts: ['a'] })
    expect([wrong.status, await wrong.json()]).toMatchObject([
      400,
      { error: { message: "Missing required parameter: 'input'." } },
    ])
    provider.fault({ kind: 'status', status: 429 }, /embeddings/)
    const right = await post('/openai/v1/embeddings', { model: 'text-embedding-3-small', input: 'a' })
    expect(right.status).toBe(200)
    expect(row().attempts.map(({ status }) => status)).toEqual([429, 200])
    expect(new Set(row().attempts.map(({ providerKeyName }) => providerKeyName)).size).toBe(2)
  })

  it('is not paid for what it refused', async () => {
    provider.fault({ kind: 'status', status: 400 }, /speech/)
    await post('/openai/v1/audio/speech', { model: 'tts-1', voice: 'alloy', input: 'Hi you' })
    expect(row()).toMatchObject({ httpStatus: 400, usage: undefined, cost: { nanodollars: 0 } })
  })

  it('is left for the next of the fallbacks, which it never sees', async () => {
    provider.fault({ kind: 'status', status: 500 }, /embeddings/)
    provider.fault({ kind: 'status', status: 500 }, /embeddings/)
    const answer = await post('/openai/v1/embeddings', {
      model: 'text-embedding-3-small',
      input: 'a',
      fallbacks: ['gemini/gemini-embedding-001'],
    })
    expect([answer.status, row().provider, row().mode]).toEqual([200, 'gemini', 'translated'])
    expect(told(provider.requests[0]!.bodyBytes)).not.toContain('fallbacks')
  })
})

describe('a provider of another family', () => {
  const rows: [model: string, path: string, body: object, tokens: number][] = [
    [
      'gemini/gemini-embedding-001',
      '/v1beta/models/gemini-embedding-001:batchEmbedContents',
      {
        requests: ['ab', 'c'].map((text) => ({
          model: 'models/gemini-embedding-001',
          content: { parts: [{ text }] },
          outputDimensionality: 3,
        })),
      },
      54,
    ],
    [
      'vertex/text-embedding-005',
      '/v1/projects/p1/locations/us-central1/publishers/google/models/text-embedding-005:predict',
      { instances: [{ content: 'ab' }, { content: 'c' }], parameters: { outputDimensionality: 3 } },
      2,
    ],
    [
      'bedrock/cohere.embed-multilingual-v3',
      '/model/cohere.embed-multilingual-v3/invoke',
      { texts: ['ab', 'c'], input_type: 'search_document', embedding_types: ['float'], output_dimension: 3 },
      2,
    ],
  ]
  it.each(rows)('makes vectors for OpenAI’s SDK: %s', async (model, path, body, tokens) => {
    const request = { model, input: ['ab', 'c'], dimensions: 3 }
    const { data, usage } = await at('/v1').embeddings.create(request)
    expect([last().path, last().body]).toEqual([path, body])
    expect(data.map(({ embedding }) => embedding.length > 0 && embedding.every(Number.isFinite))).toEqual([
      true,
      true,
    ])
    expect(usage.prompt_tokens).toBe(row().usage?.inputTokens)
    expect(usage.prompt_tokens).toBe(tokens)
    expect(row()).toMatchObject({ operation: 'embeddings', mode: 'translated', usageSource: 'reported' })
  })

  it('makes pictures for OpenAI’s SDK, also for one that streams', async () => {
    const request = { model: 'vertex/imagen-4.0-generate-001', prompt: 'A cat', n: 2 }
    expect((await at('/v1').images.generate(request)).data).toEqual([
      { b64_json: PIXEL },
      { b64_json: PIXEL },
    ])
    expect(row()).toMatchObject({ operation: 'image-generation', usage: { images: 2 } })
    const events = await all(await at('/v1').images.generate({ ...request, stream: true }))
    expect(events.map((event) => [event.type, event.b64_json])).toEqual([
      ['image_generation.completed', PIXEL],
      ['image_generation.completed', PIXEL],
    ])
  })

  it('says what it left out, and tells where the answer is from', async () => {
    const answer = await post('/v1/embeddings', {
      model: 'gemini/gemini-embedding-001',
      input: 'a',
      store: true,
    })
    expect(row().warnings).toEqual([expect.objectContaining({ kind: 'dropped', field: 'store' })])
    expect(answer.headers.get('x-signalbox-provider')).toBe('gemini')
    expect(await answer.json()).toMatchObject({
      model: 'gemini/gemini-embedding-001',
      extra_fields: { request_type: 'embedding', provider: 'gemini' },
    })
  })

  it('is reached by clients of Google, Bedrock and Azure, too', async () => {
    const google = await post('/genai/v1beta/models/openai%2Ftext-embedding-3-small:batchEmbedContents', {
      requests: [{ model: 'models/openai/text-embedding-3-small', content: { parts: [{ text: 'a' }] } }],
    })
    expect(await google.json()).toEqual({
      embeddings: [{ values: expect.any(Array) as number[] }],
      usageMetadata: { promptTokenCount: 1 },
    })
    expect(last().path).toBe('/v1/embeddings')
    const predicted = await post('/genai/v1/models/text-embedding-3-small:predict', {
      instances: [{ content: 'a' }],
    })
    expect(await predicted.json()).toMatchObject({
      predictions: [{ embeddings: { statistics: { token_count: 1 } } }],
    })
    expect(row()).toMatchObject({ operation: 'embeddings', provider: 'openai' })
    const drawn = await post('/genai/v1beta/models/openai%2Fgpt-image-1:predict', {
      instances: [{ prompt: 'A cat' }],
    })
    expect(await drawn.json()).toMatchObject({ predictions: [{ mimeType: 'image/png' }] })
  })
})

describe('the SDKs of others', () => {
  it('Google’s embeds with a model of OpenAI’s, and of Google’s own', async () => {
    const google = new GoogleGenAI({ apiKey: 'anything', httpOptions: { baseUrl: `${gateway.url}/genai` } })
    for (const [model, path, mode] of [
      ['openai/text-embedding-3-small', '/v1/embeddings', 'translated'],
      ['gemini-embedding-001', '/v1beta/models/gemini-embedding-001:batchEmbedContents', 'native'],
    ] as const) {
      const { embeddings } = await google.models.embedContent({ model, contents: ['ab', 'c'] })
      expect(embeddings?.map(({ values }) => values?.every(Number.isFinite))).toEqual([true, true])
      expect([last().path, row().mode]).toEqual([path, mode])
    }
  })

  it('Cohere’s embeds and ranks with models of Cohere’s own and of others', async () => {
    const cohere = new CohereClientV2({ token: 'anything', environment: `${gateway.url}/cohere` })
    for (const model of ['embed-v4.0', 'openai/text-embedding-3-small']) {
      const { embeddings, meta } = await cohere.embed({
        texts: ['ab'],
        inputType: 'search_query',
        embeddingTypes: ['float'],
        model,
      })
      expect([embeddings.float?.length, meta?.billedUnits?.inputTokens]).toEqual([1, 1])
    }
    expect(gateway.rows.map(({ mode }) => mode)).toEqual(['native', 'translated'])
    const ranking = { query: 'q', documents: ['a', 'b', 'c'], topN: 2 }
    const { results, meta } = await cohere.rerank({ ...ranking, model: 'rerank-v3.5' })
    expect([results.map(({ index }) => index), meta?.billedUnits?.searchUnits]).toEqual([[2, 1], 1])
    expect(row()).toMatchObject({ operation: 'rerank', mode: 'native', usage: { rerankSearches: 1 } })
  })

  it('OpenAI’s reaches Cohere’s vectors, and the gateway’s own ranking Cohere’s', async () => {
    const { data } = await at('/v1').embeddings.create({ model: 'cohere/embed-v4.0', input: ['ab', 'c'] })
    expect(data).toHaveLength(2)
    expect(last().body).toMatchObject({ input_type: 'search_document', embedding_types: ['float'] })
    const ranked = await post('/v1/rerank', {
      model: 'cohere/rerank-v3.5',
      query: 'q',
      documents: [{ text: 'a', id: '1' }, { text: 'b' }],
      return_documents: true,
    })
    expect(await ranked.json()).toMatchObject({
      results: [
        { index: 1, document: { text: 'b' } },
        { index: 0, document: { text: 'a', id: '1' } },
      ],
      usage: { search_units: 1 },
    })
    expect(row().cost?.nanodollars).toBeGreaterThan(0)
  })
})

describe('Bedrock’s InvokeModel', () => {
  it('of a model that does not talk is its own operation, native and translated', async () => {
    const titan = '/bedrock/model/amazon.titan-embed-text-v2%3A0/invoke'
    expect(await (await post(titan, { inputText: 'abcd', dimensions: 3 })).json()).toMatchObject({
      inputTextTokenCount: 1,
    })
    expect(last().url).toBe('/model/amazon.titan-embed-text-v2:0/invoke')
    expect(row()).toMatchObject({ operation: 'embeddings', mode: 'native', usage: { inputTokens: 1 } })
  })
})

describe('what a provider does not do', () => {
  it.each<[path: string, body: object, message: RegExp]>([
    [
      '/v1/embeddings',
      { model: 'anthropic/claude-sonnet-5-5', input: 'a' },
      /anthropic does not offer embeddings\. Configured here, these do: openai, gemini, vertex, cohere, bedrock, elsewhere, narrow\./,
    ],
    [
      '/v1/rerank',
      { model: 'openai/gpt-5', query: 'q', documents: ['a'] },
      /openai does not offer rerank\. Configured here, these do: vertex, cohere, bedrock\./,
    ],
    [
      '/v1/embeddings',
      { model: 'bedrock/anthropic.claude-x', input: 'a' },
      /bedrock does not offer embeddings with anthropic\.claude-x\./,
    ],
    [
      '/v1/images/generations',
      { model: 'gemini/gemini-3.5-pro', prompt: 'a' },
      /gemini does not offer image-generation with gemini-3\.5-pro/,
    ],
    [
      '/v1/rerank',
      { model: 'narrow/x', query: 'q', documents: ['a'] },
      /The allowed_requests of narrow leave out rerank\./,
    ],
    [
      '/v1/audio/speech',
      { model: 'narrow/x', voice: 'a', input: 'b', stream_format: 'sse' },
      /leave out speech_stream/,
    ],
    ['/v1/embeddings', { input: 'a' }, /model: Field required/],
    [
      '/v1/embeddings',
      { model: 'bedrock/amazon.titan-embed-text-v2:0', input: ['a', 'b'] },
      /takes one input per request, not 2/,
    ],
  ])('%s %j is a clear 400', async (path, body, message) => {
    const answer = await post(path, body)
    expect(answer.status).toBe(400)
    const { error } = (await answer.json()) as { error: { message: string } }
    expect(error.message).toMatch(message)
    expect(provider.requests).toHaveLength(0)
    expect(row()).toMatchObject({ status: 'error', httpStatus: 400 })
  })
})

describe('what a provider keeps', () => {
  it('goes to the provider of the route, with one key and as it is', async () => {
    const { files, batches } = at('/openai/v1')
    const file = await files.create({ file: new File(['{}\n'], 'x.jsonl'), purpose: 'batch' })
    expect(await files.retrieve(file.id)).toEqual(file)
    expect(await (await files.content(file.id)).text()).toBe('{"scripted":true}\n')
    expect(await files.delete(file.id)).toMatchObject({ deleted: true })
    const endpoint = '/v1/chat/completions'
    const batch = await batches.create({ input_file_id: file.id, endpoint, completion_window: '24h' })
    expect((await batches.cancel(batch.id)).status).toBe('cancelling')
    expect([(await files.list({ limit: 5 })).data, (await batches.list()).data]).toEqual([[], []])
    expect(provider.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /v1/files',
      `GET /v1/files/${file.id}`,
      `GET /v1/files/${file.id}/content`,
      `DELETE /v1/files/${file.id}`,
      'POST /v1/batches',
      `POST /v1/batches/${batch.id}/cancel`,
      'GET /v1/files?limit=5',
      'GET /v1/batches',
    ])
    expect(new Set(provider.requests.map(({ headers }) => headers['authorization'])).size).toBe(1)
    expect(gateway.rows.map(({ operation, httpStatus }) => `${operation} ${httpStatus}`)).toEqual(
      ['files', 'files', 'files', 'files', 'batches', 'batches', 'files', 'batches'].map(
        (name) => `${name} 200`,
      ),
    )
    expect(gateway.rows[0]!.cost?.nanodollars).toBe(0)
  })

  it.each<[path: string, headers: Record<string, string>]>([
    ['/v1/files?provider=openai&limit=2', {}],
    ['/v1/files?limit=2', { 'x-model-provider': 'openai' }],
  ])('goes to the provider that the request names: %s %j', async (path, headers) => {
    expect((await ask(path, { headers })).status).toBe(200)
    expect(last().url).toBe('/v1/files?limit=2')
  })

  it.each<[path: string, headers: Record<string, string>, message: RegExp]>([
    [
      '/v1/files',
      {},
      /name the provider of these files in \?provider= or x-model-provider\. Configured here, these do: openai, anthropic, gemini/,
    ],
    ['/v1/files?provider=vertex', {}, /vertex does not offer files\. Configured here, these do: openai/],
    ['/v1/files?provider=nobody', {}, /nobody is not configured/],
    ['/v1/files?provider=anthropic', {}, /anthropic has files in another API than this route’s \(openai\)/],
    ['/v1/files?provider=narrow', {}, /The allowed_requests of narrow leave out file_list/],
  ])('%s is a clear 400', async (path, headers, message) => {
    const answer = await ask(path, { headers })
    expect(answer.status).toBe(400)
    expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(message)
    expect(provider.requests).toHaveLength(0)
  })

  it.each([
    ['/openai/v1/files/..%2F..%2Fadmin', '/v1/files/..%2F..%2Fadmin'],
    ['/openai/v1/files/a%3Fx=1', '/v1/files/a%3Fx%3D1'],
  ])('an id stays one segment: %s (J4)', async (path, url) => {
    const answer = await ask(path)
    expect([400, 404]).toContain(answer.status)
    for (const request of provider.requests) expect(request.url).toBe(url)
  })
})

describe('hostile forms (E8)', () => {
  const send = (
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    type = 'multipart/form-data; boundary=b1',
  ) => ask(path, { method: 'POST', headers: { 'content-type': type }, body })
  const part = (name: string, value: string) =>
    `--b1\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`

  it.each<[what: string, path: string, body: string, status: number, message: RegExp]>([
    ['a form where none is taken', '/v1/embeddings', `${part('model', 'm')}--b1--`, 415, /application\/json/],
    [
      'two models',
      '/v1/audio/transcriptions',
      `${part('model', 'a')}${part('model', 'b')}--b1--`,
      400,
      /model stands twice/,
    ],
    ['no model', '/v1/audio/transcriptions', `${part('file', 'a')}--b1--`, 400, /model is required/],
    [
      'a thousand parts',
      '/v1/audio/transcriptions',
      `${part('x', 'y').repeat(1000)}--b1--`,
      400,
      /more than 256 parts/,
    ],
    ['half a form', '/v1/audio/transcriptions', part('model', 'openai/whisper-1'), 400, /closing boundary/],
  ])('%s is refused', async (_what, path, body, status, message) => {
    const answer = await send(path, body)
    expect(answer.status).toBe(status)
    expect(await answer.text()).toMatch(message)
    expect(provider.requests).toHaveLength(0)
  })
})
