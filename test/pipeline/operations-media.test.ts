/** Sound and pictures of providers with APIs of their own, byte by byte: what comes first reaches the client first. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'
import { deferred } from '../support/deferred.ts'
import type { Parts } from '../support/provider/parts.ts'
import { startRawUpstream } from '../support/provider/raw.ts'
import type { RawUpstream } from '../support/provider/raw.ts'

let upstream: RawUpstream
let gateway: InProcessGateway
let answer: () => Parts

beforeEach(async () => {
  upstream = await startRawUpstream(() => answer())
  const settings = (value: string) => ({
    keys: [{ name: 'k', value, models: ['*'], weight: 1 }],
    network_config: { base_url: upstream.url },
  })
  gateway = await startInProcess({
    openai: settings('sk-openai'),
    elevenlabs: settings('xi-secret'),
    huggingface: settings('hf-secret'),
    replicate: settings('r8-secret'),
    azure: {
      keys: [
        {
          name: 'k',
          value: 'azure-key',
          azure_key_config: { endpoint: upstream.url, api_version: '2024-10-21' },
          aliases: { 'text-embedding-3-small': 'my-embeddings' },
        },
      ],
    },
    bedrock: {
      ...settings('bedrock-key'),
      keys: [{ name: 'k', value: 'bedrock-key', bedrock_key_config: { region: 'us-east-1' } }],
    },
    vertex: {
      ...settings('AQ.key'),
      keys: [{ name: 'k', value: 'AQ.key', vertex_key_config: { project_id: 'p1', region: 'global' } }],
    },
  })
})
afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

const whole = (type: string, body: string, status = '200 OK', ...headers: string[]): Parts => [
  [
    `HTTP/1.1 ${status}`,
    `content-type: ${type}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n'),
]
const json = (value: unknown, status?: string) => whole('application/json', JSON.stringify(value), status)
const head = (type: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const END = '0\r\n\r\n'

const post = (path: string, body: unknown) =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const SPEECH = { model: 'elevenlabs/eleven_flash_v2_5', voice: 'Rachel/../x', input: 'Hi you' }
const line = () => upstream.requests.at(-1)!.head.split('\r\n')[0]
const sent = () => JSON.parse(Buffer.from(upstream.requests.at(-1)!.body).toString()) as unknown
const row = () => gateway.rows.at(-1)!

describe('speech of ElevenLabs', () => {
  it('reaches the client while it comes, with the voice in the path (J4)', async () => {
    const rest = deferred<void>()
    answer = async function* () {
      yield head('audio/mpeg').replace('\r\n\r\n', '\r\ncharacter-cost: 3\r\n\r\n') + chunk('first')
      await rest.promise
      yield chunk('second') + END
    }
    const response = await post('/v1/audio/speech', SPEECH)
    const reader = response.body!.getReader()
    const first = await reader.read()
    expect(Buffer.from(first.value ?? []).toString()).toBe('first')
    rest.resolve()
    const second = await reader.read()
    expect(Buffer.from(second.value ?? []).toString()).toBe('second')
    expect((await reader.read()).done).toBe(true)
    expect(response.headers.get('content-type')).toBe('audio/mpeg')
    expect(line()).toBe('POST /v1/text-to-speech/Rachel%2F..%2Fx/stream?output_format=mp3_44100_128 HTTP/1.1')
    expect(upstream.requests[0]!.head.toLowerCase()).toContain('xi-api-key: xi-secret')
    expect(sent()).toEqual({ text: 'Hi you', model_id: 'eleven_flash_v2_5' })
    expect(row()).toMatchObject({
      operation: 'speech',
      usage: { characters: 3 },
      responseBytes: 11,
      httpStatus: 200,
    })
  })

  it('is events for a client that asks for them', async () => {
    answer = () => [head('audio/mpeg'), chunk('abc'), chunk('def') + END]
    const response = await post('/v1/audio/speech', { ...SPEECH, stream_format: 'sse' })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(await response.text()).toBe(
      [
        '{"type":"speech.audio.delta","audio":"YWJj"}',
        '{"type":"speech.audio.delta","audio":"ZGVm"}',
        '{"type":"speech.audio.done"}',
      ]
        .map((data) => `data: ${data}\n\n`)
        .join(''),
    )
    expect(row()).toMatchObject({ stream: true, usage: { characters: 6 } })
  })

  it('is made into a WAV file where that is wanted, and is whole then', async () => {
    answer = () => whole('audio/pcm', 'PCM_')
    const response = await post('/v1/audio/speech', { ...SPEECH, response_format: 'wav' })
    const bytes = Buffer.from(await response.arrayBuffer())
    expect([bytes.length, bytes.toString('latin1', 0, 4), bytes.toString('latin1', 44)]).toEqual([
      48,
      'RIFF',
      'PCM_',
    ])
    expect(line()).toBe('POST /v1/text-to-speech/Rachel%2F..%2Fx?output_format=pcm_24000 HTTP/1.1')
  })

  it('that breaks off is no whole answer', async () => {
    answer = () => [head('audio/mpeg'), chunk('abc'), 'reset']
    const response = await post('/v1/audio/speech', SPEECH)
    await expect(response.arrayBuffer()).rejects.toThrow()
    expect(row()).toMatchObject({ status: 'error', httpStatus: 200, error: { kind: 'upstream_truncated' } })
  })

  it('tells its errors in OpenAI’s form', async () => {
    answer = () =>
      json({ detail: { status: 'voice_not_found', message: 'A voice was not found.' } }, '404 Not Found')
    const response = await post('/v1/audio/speech', SPEECH)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { message: 'A voice was not found.' } })
  })

  it.each(['.', '..', ''])('refuses the voice %j (J4)', async (voice) => {
    const response = await post('/v1/audio/speech', { ...SPEECH, voice })
    expect(response.status).toBe(400)
    expect(upstream.requests).toHaveLength(0)
  })
})

describe('transcripts', () => {
  const form = (model: string, fields: Record<string, string> = {}) => {
    const body = new FormData()
    body.set('file', new File(['ID3'], 'a.mp3', { type: 'audio/mpeg' }))
    body.set('model', model)
    for (const [name, value] of Object.entries(fields)) body.set(name, value)
    return fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', body })
  }

  it('of ElevenLabs are asked for by a form of its own', async () => {
    const words = [{ text: 'Hi', type: 'word', start: 0, end: 1.5 }]
    answer = () => json({ language_code: 'eng', text: 'Hi', words })
    expect(await (await form('elevenlabs/scribe_v1')).json()).toMatchObject({ text: 'Hi' })
    const { head: received, body } = upstream.requests[0]!
    expect(line()).toBe('POST /v1/speech-to-text HTTP/1.1')
    expect(received.toLowerCase()).toMatch(
      /content-type: multipart\/form-data; boundary=signalbox-[0-9a-f]{32}\r\n/,
    )
    expect(Buffer.from(body).toString()).toMatch(
      /name="model_id"\r\n\r\nscribe_v1\r\n[^]*filename="a\.mp3"[^]*\r\n\r\nID3\r\n/,
    )
    expect(row()).toMatchObject({ operation: 'transcription', usage: { audioSeconds: 2 } })
  })

  it('of Hugging Face are asked for with the bytes alone, of a model with a slash', async () => {
    answer = () => json({ text: 'Hi' })
    expect(
      await (await form('huggingface/openai/whisper-large-v3', { response_format: 'text' })).text(),
    ).toBe('Hi\n')
    expect(line()).toBe('POST /hf-inference/models/openai/whisper-large-v3 HTTP/1.1')
    expect(upstream.requests[0]!.head.toLowerCase()).toContain('content-type: audio/mpeg')
    expect(Buffer.from(upstream.requests[0]!.body).toString()).toBe('ID3')
  })

  it('that come whole are events for a client that streams', async () => {
    answer = () => json({ text: 'Hi' })
    const response = await form('huggingface/openai/whisper-large-v3', { stream: 'true' })
    expect(await response.text()).toBe(
      'data: {"type":"transcript.text.delta","delta":"Hi"}\n\ndata: {"type":"transcript.text.done","text":"Hi"}\n\n',
    )
  })
})

describe('pictures', () => {
  it('of Replicate are waited for, and told by their address', async () => {
    answer = () => json({ id: 'p', status: 'succeeded', output: ['https://r.example/1.png'] }, '201 Created')
    const response = await post('/v1/images/generations', {
      model: 'replicate/black-forest-labs/flux-schnell',
      prompt: 'a',
    })
    expect(await response.json()).toMatchObject({ data: [{ url: 'https://r.example/1.png' }] })
    expect(line()).toBe('POST /v1/models/black-forest-labs/flux-schnell/predictions HTTP/1.1')
    expect(upstream.requests[0]!.head.toLowerCase()).toContain('prefer: wait=60')
    expect(row()).toMatchObject({ httpStatus: 200, usage: { images: 1 } })
  })

  it('of Hugging Face come as bytes', async () => {
    answer = () => whole('image/jpeg', 'JPEG')
    const response = await post('/v1/images/generations', { model: 'huggingface/a/b', prompt: 'a' })
    expect(await response.json()).toMatchObject({
      data: [{ b64_json: Buffer.from('JPEG').toString('base64') }],
    })
  })

  it('that fail are tried elsewhere before anything is told', async () => {
    let calls = 0
    answer = () =>
      ++calls === 1 ? json({ status: 'starting' }, '201 Created') : json({ data: [{ b64_json: 'AA==' }] })
    const response = await post('/v1/images/generations', {
      model: 'replicate/a/b',
      prompt: 'a',
      fallbacks: ['openai/gpt-image-1'],
    })
    expect([response.status, row().provider]).toEqual([200, 'openai'])
    expect(row().attempts.map(({ error }) => error?.split(':')[0])).toEqual(['upstream_timeout', undefined])
  })
})

it('Google’s ranking has a place of its own, which the operator’s address stands for, too', async () => {
  answer = () =>
    json({
      records: [
        { id: '1', score: 0.9 },
        { id: '0', score: 0.1 },
      ],
    })
  const response = await post('/v1/rerank', {
    model: 'vertex/semantic-ranker-default@latest',
    query: 'q',
    documents: ['a', 'b'],
  })
  expect(await response.json()).toMatchObject({ results: [{ index: 1 }, { index: 0 }] })
  expect(line()).toBe(
    'POST /v1/projects/p1/locations/global/rankingConfigs/default_ranking_config:rank HTTP/1.1',
  )
  expect(row()).toMatchObject({ operation: 'rerank', usage: { rerankSearches: 1 } })
})

describe('Azure', () => {
  it('has its deployments in the path, and its version in the query', async () => {
    answer = () =>
      json({ data: [{ index: 0, embedding: [1] }], usage: { prompt_tokens: 1, total_tokens: 1 } })
    const response = await post('/v1/embeddings?api-version=1999-01-01', {
      model: 'azure/text-embedding-3-small',
      input: 'a',
    })
    expect(response.status).toBe(200)
    expect(line()).toBe('POST /openai/deployments/my-embeddings/embeddings?api-version=2024-10-21 HTTP/1.1')
    expect(sent()).toEqual({ model: 'my-embeddings', input: 'a' })
    expect(upstream.requests[0]!.head.toLowerCase()).toContain('api-key: azure-key')
  })

  it('keeps files below its own path', async () => {
    answer = () => json({ id: 'file-1', object: 'file' })
    await fetch(`${gateway.url}/openai/openai/files/file-1?provider=azure&api-version=1999-01-01`)
    expect(line()).toBe('GET /openai/files/file-1?api-version=2024-10-21 HTTP/1.1')
  })
})

describe('Bedrock', () => {
  it('is asked for a ranking by Bedrock’s own clients, and invokes the model', async () => {
    answer = () =>
      json({
        results: [
          { index: 1, relevance_score: 0.9 },
          { index: 0, relevance_score: 0.1 },
        ],
      })
    const source = (text: string) => ({
      type: 'INLINE',
      inlineDocumentSource: { type: 'TEXT', textDocument: { text } },
    })
    const response = await post('/bedrock/rerank', {
      queries: [{ type: 'TEXT', textQuery: { text: 'q' } }],
      sources: [source('a'), source('b')],
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: {
          modelConfiguration: {
            modelArn: 'arn:aws:bedrock:us-west-2::foundation-model/cohere.rerank-v3-5:0',
          },
        },
      },
    })
    expect(await response.json()).toEqual({
      results: [
        { index: 1, relevanceScore: 0.9 },
        { index: 0, relevanceScore: 0.1 },
      ],
    })
    expect(line()).toBe(
      'POST /model/arn:aws:bedrock:us-west-2::foundation-model%2Fcohere.rerank-v3-5:0/invoke HTTP/1.1',
    )
    expect(sent()).toEqual({ api_version: 2, query: 'q', documents: ['a', 'b'] })
    expect(row()).toMatchObject({ operation: 'rerank', provider: 'bedrock', usage: { rerankSearches: 1 } })
  })
})
