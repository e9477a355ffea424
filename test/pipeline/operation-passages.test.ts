/** Streams of operations, however their bytes are sliced. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { Usage } from '../../src/message/usage.ts'
import { CODECS } from '../../src/operations/index.ts'
import type { FamilyId, OperationId } from '../../src/operations/operation.ts'
import { ForwardedPassage } from '../../src/pipeline/operations/forwarded-passage.ts'
import { PiecePassage } from '../../src/pipeline/operations/piece-passage.ts'
import type { Passage } from '../../src/pipeline/passage.ts'
import { body, form } from '../operations/translate.ts'

const frames = (...data: unknown[]) =>
  data.map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`).join('')

/** Cuts at the given places, each taken modulo what is left. */
function slices(bytes: Buffer, places: readonly number[]): Buffer[] {
  const parts: Buffer[] = []
  let rest = bytes
  for (const place of places) {
    const at = place % (rest.length + 1)
    parts.push(rest.subarray(0, at))
    rest = rest.subarray(at)
  }
  return [...parts, rest].filter((part) => part.length > 0)
}

function play(passage: Passage, parts: readonly Buffer[]): { out: string; usage: Partial<Usage> } {
  const out = [...parts.map((part) => passage.push(part)), passage.end()]
  return {
    out: Buffer.concat(out.map((part) => Buffer.from(part ?? ''))).toString(),
    usage: passage.usage,
  }
}

const cuts = fc.array(fc.nat(), { maxLength: 12 })

describe('a forwarded stream', () => {
  const { usage } = CODECS.transcription.openai!
  const text = frames(
    { type: 'transcript.text.delta', delta: 'Grüße 👋' },
    {
      type: 'transcript.text.done',
      text: 'Grüße 👋',
      usage: { type: 'tokens', input_tokens: 14, output_tokens: 45 },
    },
  )

  it('goes on byte for byte, and is counted alike, in 10,000 slicings', () => {
    fc.assert(
      fc.property(cuts, (places) => {
        const passage = new ForwardedPassage(usage, { characters: 3 })
        expect(passage.accepts('text/event-stream; charset=utf-8')).toBe(true)
        const { out, usage: counted } = play(passage, slices(Buffer.from(text), places))
        expect(out).toBe(text)
        expect(counted).toEqual({ inputTokens: 14, outputTokens: 45 })
        expect([passage.complete, passage.semantic, passage.error]).toEqual([true, true, undefined])
      }),
      { numRuns: 10_000 },
    )
  })

  it('counts what was asked for until it is told better', () => {
    const passage = new ForwardedPassage(CODECS.speech.openai!.usage, { characters: 3 })
    passage.accepts('audio/mpeg')
    expect(play(passage, [Buffer.from('data: {"usage":{"input_tokens":1}}\n\n')]).usage).toEqual({
      characters: 3,
    })
  })

  it.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['text/plain', false],
    ['', false],
    ['text/event-stream', true],
    ['audio/mpeg', true],
    ['application/octet-stream', true],
  ])('of type %s need not be waited for: %s', (type, accepted) => {
    expect(new ForwardedPassage(usage, {}).accepts(type)).toBe(accepted)
  })

  it('is a failure where its first event is one, so that another attempt can be made', () => {
    const passage = new ForwardedPassage(usage, {})
    passage.accepts('text/event-stream')
    passage.push(Buffer.from(frames({ error: { message: 'overloaded', type: 'overloaded_error' } })))
    expect([passage.error?.kind, passage.semantic]).toEqual(['overloaded', false])
  })

  it('that fails later keeps what it told, and tells nothing twice', () => {
    const passage = new ForwardedPassage(usage, {})
    passage.accepts('text/event-stream')
    passage.push(
      Buffer.from(frames({ type: 'transcript.text.delta', delta: 'a' }, { error: { message: 'x' } })),
    )
    expect([passage.error?.kind, passage.semantic, passage.failure(passage.error!)]).toEqual([
      'upstream_error',
      true,
      '',
    ])
  })

  it('tells a failure between events, and is silent inside one and in sound', () => {
    const failure = new GatewayError('upstream_idle', 'silent')
    const passage = new ForwardedPassage(usage, {})
    passage.accepts('text/event-stream')
    passage.push(Buffer.from('data: {}\n\n'))
    expect([passage.ping(), passage.failure(failure)]).toEqual([
      ': ping\n\n',
      'data: {"error":{"message":"silent","type":"server_error","param":null,"code":null}}\n\n',
    ])
    passage.push(Buffer.from('data: {'))
    expect([passage.ping(), passage.failure(failure)]).toEqual(['', ''])
    const sound = new ForwardedPassage(usage, {})
    sound.accepts('audio/mpeg')
    expect([sound.ping(), sound.failure(failure)]).toEqual(['', ''])
  })
})

describe('a translated stream', () => {
  const file = [{ name: 'file', filename: 'a.mp3', type: 'audio/mpeg', text: 'ID3' }]
  const speech = { input: 'Hi', voice: 'Kore', stream_format: 'sse', response_format: 'pcm' }
  const sound = (data: string) => ({
    candidates: [{ content: { parts: [{ inlineData: { mimeType: 'audio/L16', data } }] } }],
  })
  const END = { candidates: [{ finishReason: 'STOP' }] }
  const rows: { operation: OperationId; from: FamilyId; asked: unknown; text: string }[] = [
    {
      operation: 'transcription',
      from: 'mistral',
      asked: form({ model: 'm', stream: 'true' }, file),
      text: frames(
        { type: 'transcription.text.delta', text: 'Grüße' },
        { type: 'transcription.text.delta', text: ' 👋' },
        { type: 'transcription.done', usage: { prompt_audio_seconds: 2 } },
      ),
    },
    {
      operation: 'transcription',
      from: 'vllm',
      asked: form({ model: 'm', stream: 'true' }, file),
      text: frames(
        { choices: [{ delta: { content: 'a' } }] },
        { choices: [{ delta: { content: 'b' } }] },
        '[DONE]',
      ),
    },
    { operation: 'speech', from: 'gemini', asked: speech, text: frames(sound('AQI='), sound('AwQ='), END) },
    {
      operation: 'image-generation',
      from: 'openai',
      asked: { prompt: 'p', stream: true },
      text: frames(
        { type: 'image_generation.partial_image', b64_json: 'AA==', partial_image_index: 0 },
        { type: 'image_generation.completed', b64_json: 'AQ==' },
      ),
    },
  ]

  function passageOf({ operation, from, asked }: (typeof rows)[number]): PiecePassage {
    const { client } = CODECS[operation].openai!
    const { request } = client!.decode(body(asked))
    const context = { request, requestedModel: 'm', responseId: 'r', created_s: 1 }
    return new PiecePassage({
      decoder: CODECS[operation][from]!.provider!.stream!(request),
      encoder: client!.stream!(context),
      usage: () => ({}),
    })
  }

  it.each(rows)('of $operation from $from is the same in 10,000 slicings', (given) => {
    const bytes = Buffer.from(given.text)
    const expected = play(passageOf(given), [bytes])
    expect(expected.out).not.toBe('')
    fc.assert(
      fc.property(cuts, (places) => {
        const passage = passageOf(given)
        expect(play(passage, slices(bytes, places))).toEqual(expected)
        expect([passage.complete, passage.error]).toEqual([true, undefined])
      }),
      { numRuns: 10_000 },
    )
  })

  it.each(rows)('of $operation from $from that is cut anywhere is never whole', (given) => {
    const bytes = Buffer.from(given.text)
    for (let end = 1; end < bytes.length - 2; end++) {
      const passage = passageOf(given)
      play(passage, [bytes.subarray(0, end)])
      expect([passage.complete, passage.error?.kind]).toEqual([false, expect.stringMatching(/^upstream_/)])
    }
  })

  it('of bytes is sound, or events of it', () => {
    const encoder = CODECS.speech.openai!.client!.stream!({
      request: {},
      requestedModel: 'm',
      responseId: 'r',
      created_s: 1,
    })
    const usage = () => ({ characters: 2 })
    const events = play(new PiecePassage({ decoder: undefined, encoder, usage }), [Buffer.from('abc')])
    expect(events).toEqual({
      out: frames({ type: 'speech.audio.delta', audio: 'YWJj' }, { type: 'speech.audio.done' }),
      usage: { characters: 2 },
    })
    const plain = play(new PiecePassage({ decoder: undefined, encoder: undefined, usage }), [
      Buffer.from('abc'),
    ])
    expect(plain).toEqual({ out: 'abc', usage: { characters: 2 } })
  })
})
