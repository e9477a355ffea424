import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { directiveText } from './directive.ts'
import type { Json } from './json.ts'
import { SOUND } from './sample.ts'
import { type Provider, startProvider } from './server.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

const client = () => new OpenAI({ apiKey: 'k', baseURL: `${provider.url}/v1`, maxRetries: 0 })
const picture = () => new File([new Uint8Array([1, 2, 3])], 'p.png', { type: 'image/png' })

async function all<Item>(stream: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of stream) items.push(item)
  return items
}

describe("OpenAI's own SDK, beside conversations", () => {
  it('embeds texts, in base64 and in numbers', async () => {
    const request = { model: 'text-embedding-3-small', input: ['eight chars', 'x'], dimensions: 3 }
    const packed = await client().embeddings.create(request)
    const plain = await client().embeddings.create({ ...request, encoding_format: 'float' })
    for (const { data, usage } of [packed, plain]) {
      expect(data.map(({ embedding }) => embedding.map((one) => one.toFixed(3)))).toEqual(
        [0, 1].map(() => ['0.841', '0.909', '0.141']),
      )
      expect(usage).toEqual({ prompt_tokens: 4, total_tokens: 4 })
    }
    expect(provider.ledger[0]).toMatchObject({ model: 'text-embedding-3-small', tokens: { in: 4 } })
  })

  it('makes pictures, whole and streamed, and edits them', async () => {
    const asked = { model: 'gpt-image-1', prompt: 'A cat' }
    const made = await client().images.generate({ ...asked, n: 2 })
    expect(made).toMatchObject({
      data: [{ b64_json: expect.stringMatching(/^iVB/) }, {}],
      usage: { input_tokens: 2, output_tokens: 200 },
    })
    const old = await client().images.generate({ model: 'dall-e-3', prompt: 'A cat' })
    expect([old.data?.[0]?.url, old.usage]).toEqual(['https://example.com/p.png', undefined])
    const events = await all(await client().images.generate({ ...asked, stream: true, partial_images: 2 }))
    expect(events.map(({ type }) => type)).toEqual([
      'image_generation.partial_image',
      'image_generation.partial_image',
      'image_generation.completed',
    ])
    const edited = await client().images.edit({ ...asked, image: [picture(), picture()] })
    expect(edited.data).toHaveLength(1)
    expect((await client().images.createVariation({ image: picture() })).data).toHaveLength(1)
  })

  it('speaks and listens, whole and streamed', async () => {
    const said = await client().audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'Hi' })
    expect([said.headers.get('content-type'), new Uint8Array(await said.arrayBuffer())]).toEqual([
      'audio/mpeg',
      SOUND,
    ])
    const file = new File([SOUND], 'a.mp3', { type: 'audio/mpeg' })
    const heard = await client().audio.transcriptions.create({ model: 'gpt-4o-transcribe', file })
    expect(heard).toMatchObject({ text: 'Scripted words of a recording.', usage: { total_tokens: 38 } })
    const whisper = await client().audio.transcriptions.create({
      model: 'whisper-1',
      file,
      response_format: 'verbose_json',
    })
    expect(whisper).toMatchObject({ language: 'english', usage: { type: 'duration', seconds: 3 } })
    const events = await all(
      await client().audio.transcriptions.create({ model: 'gpt-4o-transcribe', file, stream: true }),
    )
    const deltas = events.map((event) => (event.type === 'transcript.text.delta' ? event.delta : ''))
    expect(deltas.join('')).toBe('Scripted words of a recording.')
  })

  it('keeps files and batches, as far as their ids tell', async () => {
    const { files, batches } = client()
    const file = await files.create({ file: new File(['{}\n'], 'x.jsonl'), purpose: 'batch' })
    expect(file).toMatchObject({ filename: 'x.jsonl', bytes: 3, purpose: 'batch' })
    expect(await files.retrieve(file.id)).toEqual(file)
    expect(await (await files.content(file.id)).text()).toBe('{"scripted":true}\n')
    expect(await files.delete(file.id)).toMatchObject({ id: file.id, deleted: true })
    await expect(files.retrieve('file-x')).rejects.toMatchObject({ status: 404 })
    const endpoint = '/v1/chat/completions'
    const batch = await batches.create({ input_file_id: file.id, endpoint, completion_window: '24h' })
    expect(await batches.retrieve(batch.id)).toMatchObject({ id: batch.id, input_file_id: file.id })
    expect((await batches.cancel(batch.id)).status).toBe('cancelling')
    expect([(await files.list()).data, (await batches.list()).data]).toEqual([[], []])
  })

  it('moderates, and completes texts', async () => {
    const { results } = await client().moderations.create({ input: ['a', 'b'] })
    expect(results.map(({ flagged }) => flagged)).toEqual([false, false])
    const prompt = directiveText({ say: 'one two three', chunk: 4, usage: { in: 7, out: 5 } })
    const request = { model: 'gpt-3.5-turbo-instruct', prompt }
    const whole = await client().completions.create(request)
    expect([whole.choices[0]?.text, whole.usage?.total_tokens]).toEqual(['one two three', 12])
    const stream_options = { include_usage: true }
    const chunks = await all(await client().completions.create({ ...request, stream: true, stream_options }))
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe('one two three')
    expect(chunks.at(-1)?.usage?.total_tokens).toBe(12)
  })

  it('ranks documents as vLLM does', async () => {
    const documents = ['a', 'b', 'c']
    const ranked: Json = await client().post('/rerank', {
      body: { model: 'm', query: 'q', documents, top_n: 2 },
    })
    expect(ranked.results.map(({ index, document }: Json) => [index, document.text])).toEqual([
      [2, 'c'],
      [1, 'b'],
    ])
  })

  const refused: [string, string, Json, string][] = [
    ['an embedding of nothing', '/embeddings', { model: 'm' }, "Missing required parameter: 'input'."],
    [
      'a field of another API',
      '/embeddings',
      { model: 'm', input: 'x', texts: [] },
      "Unknown parameter: 'texts'.",
    ],
    ['a picture of nothing', '/images/generations', { model: 'm' }, "Missing required parameter: 'prompt'."],
    [
      'speech without a voice',
      '/audio/speech',
      { model: 'm', input: 'x' },
      "Missing required parameter: 'voice'.",
    ],
    [
      'a ranking of nothing',
      '/rerank',
      { model: 'm', query: 'q' },
      "Missing required parameter: 'documents'.",
    ],
  ]
  it.each(refused)('refuses %s', async (_name, path, body, message) => {
    await expect(client().post(path, { body })).rejects.toMatchObject({ status: 400, error: { message } })
  })

  it('fails as a test tells it to', async () => {
    provider.fault({ kind: 'status', status: 429 }, /embeddings/)
    await expect(client().embeddings.create({ model: 'm', input: 'x' })).rejects.toMatchObject({
      status: 429,
    })
  })
})
