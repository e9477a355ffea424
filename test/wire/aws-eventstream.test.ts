import { crc32 as crc32OfNode } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { awsChunks, awsEvents } from '../../src/wire/aws-eventstream.ts'
import { encodeHeaders, MAX_MESSAGE_BYTES, writeMessage } from '../../src/wire/aws-message.ts'
import { crc32 } from '../../src/wire/crc32.ts'
import { FrameError } from '../../src/wire/frame-error.ts'
import type { Frame, Framing } from '../../src/wire/framing.ts'
import { slice } from '../support/sse.ts'

/** The frames of the bytes, cut at the places, and whether they end with a whole one. */
function read(framing: Framing, bytes: Uint8Array, places: readonly number[] = []) {
  const frames: Frame[] = []
  const reader = framing.reader((frame) => frames.push(frame))
  for (const part of slice(bytes, places)) reader.push(part)
  reader.end()
  return { frames, whole: reader.isBetweenFrames }
}

function write(framing: Framing, frames: readonly Frame[]): Uint8Array {
  const writer = framing.writer()
  return join(frames.map(({ event, data }) => writer.write(event, data) as Uint8Array))
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function message(headers: Record<string, string>, payload: string): Uint8Array {
  return writeMessage(encodeHeaders(headers), payload)
}

const chunk = (payload: string) =>
  message({ ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' }, payload)
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('messages', () => {
  /** Written by AWS's own codec (`@smithy/eventstream-codec` 4.5.2). */
  const THEIRS = new Uint8Array(
    Buffer.from(
      'AAAAegAAAFHKLEZlCzpldmVudC10eXBlBwALbWVzc2FnZVN0b3ANOmNvbnRlbnQtdHlwZQcAEGFwcGxpY2F0aW9uL2pzb24NOm1lc3NhZ2UtdHlwZQcABWV2ZW50eyJzdG9wUmVhc29uIjoiZW5kX3R1cm4ifV+/Cfw=',
      'base64',
    ),
  )
  const STOP: Frame = { event: 'messageStop', data: '{"stopReason":"end_turn"}' }

  it('writes the bytes that AWS’s codec writes, and reads them', () => {
    expect(write(awsEvents, [STOP])).toEqual(THEIRS)
    expect(read(awsEvents, THEIRS)).toEqual({ frames: [STOP], whole: true })
  })

  it('sums as zlib does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, start) => {
        const from = Math.min(start, bytes.length)
        expect(crc32(bytes, from)).toBe(crc32OfNode(bytes.subarray(from)))
      }),
    )
  })

  it('knows headers of every type', () => {
    const other = [
      ['true', 0, []],
      ['false', 1, []],
      ['byte', 2, [1]],
      ['short', 3, [0, 1]],
      ['int', 4, [0, 0, 0, 1]],
      ['long', 5, [0, 0, 0, 0, 0, 0, 0, 1]],
      ['bytes', 6, [0, 2, 7, 7]],
      ['timestamp', 8, [0, 0, 0, 0, 0, 0, 0, 1]],
      ['uuid', 9, Array.from({ length: 16 }, () => 3)],
    ] as const
    const extra = other.flatMap(([name, type, value]) => [name.length, ...Buffer.from(name), type, ...value])
    const headers = join([
      Uint8Array.from(extra),
      encodeHeaders({ ':message-type': 'event', ':event-type': 'metadata' }),
    ])
    expect(read(awsEvents, writeMessage(headers, '{}')).frames).toEqual([{ event: 'metadata', data: '{}' }])
  })
})

interface ReadRow {
  name: string
  framing: Framing
  bytes: Uint8Array
  frame: Frame
}

const INNER = '{"type":"content_block_stop","index":0}'

const READ: ReadRow[] = [
  {
    name: 'an event',
    framing: awsEvents,
    bytes: message({ ':event-type': 'messageStart', ':message-type': 'event' }, '{"role":"assistant"}'),
    frame: { event: 'messageStart', data: '{"role":"assistant"}' },
  },
  {
    name: 'an exception',
    framing: awsEvents,
    bytes: message(
      { ':exception-type': 'throttlingException', ':message-type': 'exception' },
      '{"message":"Too many requests"}',
    ),
    frame: { event: 'exception/throttlingException', data: '{"message":"Too many requests"}' },
  },
  {
    name: 'an error of the service, which has no payload',
    framing: awsEvents,
    bytes: message(
      { ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'Oh no' },
      '',
    ),
    frame: { event: 'exception/InternalFailure', data: '{"message":"Oh no"}' },
  },
  {
    name: 'a chunk is the event inside, under its own name',
    framing: awsChunks,
    bytes: chunk(`{"bytes":"${base64(INNER)}","p":"abcdefghijkl"}`),
    frame: { event: 'content_block_stop', data: INNER },
  },
  {
    name: 'the type may stand anywhere in the event',
    framing: awsChunks,
    bytes: chunk(`{"bytes":"${base64('{"index":0,"type":"content_block_stop"}')}"}`),
    frame: { event: 'content_block_stop', data: '{"index":0,"type":"content_block_stop"}' },
  },
  {
    name: 'an event of a model that names none',
    framing: awsChunks,
    bytes: chunk(`{"bytes":"${base64('{"outputText":"Hi"}')}"}`),
    frame: { event: '', data: '{"outputText":"Hi"}' },
  },
  {
    name: 'a chunk that is no JSON is for the codec to judge',
    framing: awsChunks,
    bytes: chunk(`{"bytes":"${base64('oh no')}"}`),
    frame: { event: '', data: 'oh no' },
  },
  {
    name: 'text beyond ASCII',
    framing: awsChunks,
    bytes: chunk(`{"bytes":"${base64('{"type":"x","text":"Größe 🚀"}')}"}`),
    frame: { event: 'x', data: '{"type":"x","text":"Größe 🚀"}' },
  },
  {
    name: 'an exception among chunks',
    framing: awsChunks,
    bytes: message(
      { ':exception-type': 'modelStreamErrorException', ':message-type': 'exception' },
      '{"message":"x","originalStatusCode":500}',
    ),
    frame: { event: 'exception/modelStreamErrorException', data: '{"message":"x","originalStatusCode":500}' },
  },
]

describe('reading', () => {
  it.each(READ)('$name', ({ framing, bytes, frame }) => {
    expect(read(framing, bytes)).toEqual({ frames: [frame], whole: true })
  })

  it('#62 any split of the bytes gives the same frames', () => {
    const all = join(READ.filter(({ framing }) => framing === awsChunks).map(({ bytes }) => bytes))
    const expected = read(awsChunks, all).frames
    expect(expected).toHaveLength(6)
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 100_000 }), { maxLength: 40 }), (places) => {
        expect(read(awsChunks, all, places)).toEqual({ frames: expected, whole: true })
      }),
      { numRuns: 10_000 },
    )
  })

  it('byte for byte', () => {
    const all = join(READ.map(({ bytes }) => bytes))
    const places = Array.from({ length: all.length }, (_, at) => at)
    expect(read(awsEvents, all, places).frames).toHaveLength(READ.length)
  })

  it('B7 a stream that was cut off does not end between frames', () => {
    const bytes = READ[0]!.bytes
    for (let length = 1; length < bytes.length; length++)
      expect(read(awsEvents, bytes.subarray(0, length))).toEqual({ frames: [], whole: false })
  })

  it('keeps nothing of a large message', () => {
    const large = 'x'.repeat(1024 * 1024)
    const bytes = write(awsEvents, [{ event: 'a', data: large }])
    expect(read(awsEvents, bytes, [100, 500_000]).frames).toEqual([{ event: 'a', data: large }])
  })
})

describe('any chunk', () => {
  const inner = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify({ type: 'content_block_delta', text })),
    fc.constantFrom('', INNER, '\uFEFFa'),
  )
  const written = fc.tuple(
    fc.oneof(
      inner.map(base64),
      fc.string(),
      fc.constantFrom('YQ==', 'YQ', 'YR==', 'YQ=', 'Y=Q=', 'YWJ', 'YW==YWJj'),
    ),
    fc.constantFrom(
      (text: string) => text,
      (text: string) => text.replaceAll('/', '\\/'),
      (text: string) => text.replace('a', '\\u0061'),
      (text: string) => `${text}\n`,
      (text: string) => ` ${text}`,
      (text: string) => text.replaceAll('=', ''),
    ),
  )
  const around = fc.constantFrom(
    ['{"bytes":"', '"}'],
    ['{"bytes":"', '","p":""}'],
    ['{"bytes":"', '","p":"abc019XYZ"}'],
    ['{"bytes":"', '","p":"a\\"b"}'],
    ['{"bytes":"', '","p":"a","bytes":"YQ=="}'],
    ['{"bytes":"', '","p":"a","q":"b"}'],
    ['{"bytes":"', '","p":1}'],
    ['{"bytes":"', '"} '],
    ['{"bytes":"', '"'],
    ['{"bytes":"', '}'],
    ['{"bytes": "', '"}'],
    ['{"p":"abc","bytes":"', '"}'],
  )

  /** As it would be read if all were parsed. */
  function parsed(payload: string): string | undefined {
    try {
      const { bytes } = JSON.parse(payload) as { bytes: string }
      return Buffer.from(atob(bytes), 'latin1').toString()
    } catch {
      return undefined
    }
  }

  it('is read as parsing it reads it', () => {
    fc.assert(
      fc.property(written, around, ([text, change], [before, after]) => {
        const payload = before + change(text) + after
        const expected = parsed(payload)
        if (expected === undefined) expect(() => read(awsChunks, chunk(payload))).toThrow(FrameError)
        else expect(read(awsChunks, chunk(payload)).frames[0]!.data).toBe(expected)
      }),
      { numRuns: 5_000 },
    )
  })

  it('of any length', () => {
    const texts = [0, 1, 2, 3, 12_285, 12_286, 12_288, 12_289, 100_000].map((length) => 'x'.repeat(length))
    for (const text of texts)
      expect(read(awsChunks, chunk(`{"bytes":"${base64(text)}","p":"ab"}`)).frames).toEqual([
        { event: '', data: text },
      ])
  })
})

describe('what is no event stream', () => {
  const good = READ[0]!.bytes
  const withByte = (at: number, value: number) => good.with(at, value)
  const prelude = (length: number, headersLength: number) => {
    const view = new DataView(new ArrayBuffer(12))
    view.setUint32(0, length)
    view.setUint32(4, headersLength)
    view.setUint32(8, crc32OfNode(new Uint8Array(view.buffer, 0, 8)))
    return new Uint8Array(view.buffer)
  }

  it.each<[string, Uint8Array, RegExp]>([
    ['a page of HTML', new TextEncoder().encode('<html><title>502</title></html>'), /no AWS event stream/],
    ['#61 a JSON error', new TextEncoder().encode('{"message":"Too many requests"}'), /no AWS event stream/],
    ['a wrong checksum of the prelude', withByte(8, good[8]! ^ 1), /no AWS event stream/],
    ['a wrong checksum of the message', withByte(good.length - 1, good.at(-1)! ^ 1), /checksum/],
    ['a changed payload', withByte(good.length - 10, 0x20), /checksum/],
    ['a length below the least', prelude(15, 0), /no AWS event stream/],
    [
      'a length beyond the limit, told before the message has come',
      prelude(MAX_MESSAGE_BYTES + 1, 0),
      /longer than/,
    ],
    ['headers longer than the message', prelude(100, 85), /headers are longer/],
    ['a header longer than the headers', writeMessage(Uint8Array.of(200, 1, 2, 3), ''), /malformed headers/],
    ['a header of no type', writeMessage(Uint8Array.of(1, 97, 12), ''), /malformed headers/],
    [
      'a text longer than the headers',
      writeMessage(Uint8Array.of(1, 97, 7, 1, 0, 98), ''),
      /malformed headers/,
    ],
    ['a chunk without bytes', chunk('{"p":"abc"}'), /chunk without bytes/],
    ['a chunk of null', chunk('null'), /chunk without bytes/],
    ['a chunk that is no JSON', chunk('abc'), /chunk without bytes/],
    ['a chunk that is no base64', chunk('{"bytes":"*"}'), /not base64/],
  ])('%s', (_name, bytes, expected) => {
    expect(() => read(awsChunks, bytes)).toThrow(FrameError)
    expect(() => read(awsChunks, bytes)).toThrow(expected)
    expect(() => read(awsChunks, bytes, [1, 5, 11, 12, 13])).toThrow(expected)
  })

  it('corrupted bytes give the frames before them, or a FrameError, and never anything else', () => {
    const all = join(READ.map(({ bytes }) => bytes))
    const edits = fc.array(fc.tuple(fc.nat({ max: all.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(edits, fc.array(fc.nat({ max: 100_000 }), { maxLength: 5 }), (changes, places) => {
        const broken = all.slice()
        for (const [at, value] of changes) broken[at] = value
        try {
          expect(read(awsChunks, broken, places).frames.length).toBeLessThanOrEqual(READ.length)
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
      }),
      { numRuns: 5_000 },
    )
  })

  it('any bytes are refused or waited with', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(read(awsEvents, bytes).frames).toEqual([])
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('writing', () => {
  const frames = fc.array(
    fc.record({
      event: fc.constantFrom(
        'messageStart',
        'contentBlockDelta',
        'metadata',
        'exception/validationException',
      ),
      data: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '{}', '{"text":"Größe 🚀"}')),
    }),
  )

  it.each([awsEvents, awsChunks])('$id is read as it was written', (framing) => {
    fc.assert(
      fc.property(frames, (list) => {
        const typed = list.map(({ event, data }) =>
          framing === awsEvents || event.startsWith('exception/')
            ? { event, data }
            : { event, data: JSON.stringify({ type: event, data }) },
        )
        expect(read(framing, write(framing, typed))).toEqual({ frames: typed, whole: true })
      }),
    )
  })

  it('a chunk is written as JSON of base64 is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\ud800a'),
    )
    fc.assert(
      fc.property(text, fc.constantFrom(1, 1, 1, 400), (piece, times) => {
        const data = piece.repeat(times)
        expect(awsChunks.writer().write('a', data)).toEqual(chunk(JSON.stringify({ bytes: base64(data) })))
      }),
      { numRuns: 1_000 },
    )
  })

  it('a message stays as it is while others are written', () => {
    const texts = Array.from({ length: 200 }, (_, at) => 'ä'.repeat(at * 7))
    const messages = texts.map((data) => awsEvents.writer().write('a', data) as Uint8Array)
    expect(read(awsEvents, join(messages)).frames.map(({ data }) => data)).toEqual(texts)
  })

  it.each([
    ['invalid_request_error', 'validationException'],
    ['rate_limit_error', 'throttlingException'],
    ['overloaded_error', 'serviceUnavailableException'],
    ['timeout_error', 'modelTimeoutException'],
    ['api_error', 'internalServerException'],
    ['authentication_error', 'modelStreamErrorException'],
  ])('B11 Claude’s %s among chunks stays, and is a %s too', (type, exception) => {
    const data = JSON.stringify({ type: 'error', error: { type, message: 'Oh no' } })
    expect(read(awsChunks, write(awsChunks, [{ event: 'error', data }])).frames).toEqual([
      { event: 'error', data },
      { event: `exception/${exception}`, data: '{"message":"Oh no"}' },
    ])
  })

  it('an error that is no JSON keeps its words', () => {
    expect(read(awsChunks, write(awsChunks, [{ event: 'error', data: 'oh no' }])).frames).toEqual([
      { event: 'exception/modelStreamErrorException', data: '{"message":"oh no"}' },
    ])
  })

  it.each([awsEvents, awsChunks])('$id has no filler and nothing behind its last frame', (framing) => {
    expect(framing.contentType).toBe('application/vnd.amazon.eventstream')
    expect(framing.writer().idle).toBe('')
    expect(framing.writer().end()).toBe('')
  })
})
