import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import { openaiOperations } from '../../src/operations/endpoints.ts'
import type { Call } from '../../src/pipeline/call.ts'
import { readOperation, writeBody } from '../../src/pipeline/operations/request.ts'
import type { Configuration } from '../../src/stores/config/configuration.ts'
import { scanForm, writeForm } from '../../src/wire/multipart.ts'

const configuration = { client: { maxRequestBodyBytes: 1_000_000 } } as Configuration
const endpointAt = (path: string) => openaiOperations.find((endpoint) => endpoint.path === path)!

function read(path: string, body: Buffer, type?: string) {
  const endpoint = endpointAt(path)
  const call = { endpoint, headers: { 'content-type': type }, readBody: () => Promise.resolve(body) }
  return readOperation(call as unknown as Call, endpoint, configuration)
}

describe('a form', () => {
  const { type, body } = writeForm(
    [
      { name: 'model', content: 'openai/gpt-image-1' },
      { name: 'prompt', content: 'a hat' },
      { name: 'stream', content: 'true' },
      { name: 'image[]', filename: 'a.png', type: 'image/png', content: Buffer.alloc(100_000, 1) },
      { name: 'image[]', filename: 'b.png', type: 'image/png', content: Buffer.alloc(3) },
    ],
    'x',
  )

  it('is read for its model and its stream, and kept in the log without its files', async () => {
    const asked = await read('/v1/images/edits', body, type)
    expect([asked.operation, asked.request.model, asked.request.stream]).toEqual([
      'image-edit',
      'openai/gpt-image-1',
      true,
    ])
    expect(JSON.parse(asked.request.summary!.toString()) as JsonObject).toEqual({
      model: 'openai/gpt-image-1',
      prompt: 'a hat',
      stream: 'true',
      'image[]': [
        { filename: 'a.png', type: 'image/png', bytes: 100_000 },
        { filename: 'b.png', type: 'image/png', bytes: 3 },
      ],
    })
  })

  it('is kept in the log with fields that are called as members of every object', async () => {
    const fields = ['constructor', '__proto__', '__proto__'].map((name) => ({ name, content: name }))
    const odd = writeForm([{ name: 'model', content: 'm' }, ...fields], 'x')
    const { request } = await read('/v1/images/edits', odd.body, odd.type)
    expect(request.summary!.toString()).toBe(
      '{"model":"m","constructor":"constructor","__proto__":["__proto__","__proto__"]}',
    )
  })

  it('gives its files without a copy of them', async () => {
    const asked = await read('/v1/images/edits', body, type)
    const given = asked.body()
    const files = given.kind === 'form' ? given.parts.filter(({ filename }) => filename !== undefined) : []
    expect(files.map(({ content }) => typeof content !== 'string' && content.buffer === body.buffer)).toEqual(
      [true, true],
    )
  })

  it('is written again for a provider, under a boundary of its own', async () => {
    const given = (await read('/v1/images/edits', body, type)).body()
    const [one, other] = [writeBody(given), writeBody(given)]
    expect(one.type).not.toBe(other.type)
    expect(scanForm(one.bytes, one.type).map(({ name }) => name)).toEqual(
      scanForm(body, type).map(({ name }) => name),
    )
  })
})

describe('JSON', () => {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))

  it.each<[path: string, body: object, model: string, stream: boolean]>([
    ['/v1/embeddings', { model: 'm', input: 'a' }, 'm', false],
    ['/v1/completions', { model: 'm', prompt: 'a', stream: true }, 'm', true],
    ['/v1/audio/speech', { model: 'm', stream_format: 'sse' }, 'm', true],
    ['/v1/audio/speech', { model: 'm', stream_format: 'audio' }, 'm', false],
    ['/v1/moderations', { input: 'a' }, 'omni-moderation-latest', false],
  ])('%s %j asks %s, streamed: %s', async (path, body, model, stream) => {
    const { request, type } = await read(path, json(body))
    expect([request.model, request.stream, type]).toEqual([model, stream, 'application/json'])
  })

  it('may hold the tokens of a whole book', async () => {
    const input = [Array.from({ length: 300_000 }, () => 7)]
    expect((await read('/v1/embeddings', json({ model: 'm', input }))).request.model).toBe('m')
  })

  it.each([
    ['/v1/embeddings', '{"input":"a"}', /model: Field required/],
    ['/v1/embeddings', '{"model":"a","model":"b"}', /stands twice/],
    ['/v1/embeddings', '[1]', /JSON object/],
  ])('%s %s is refused', async (path, body, message) => {
    await expect(read(path, Buffer.from(body))).rejects.toThrow(message)
  })
})
