/**
 * Any slicing of a stream's bytes must give the same events. The judge is a naive reading of the standard on
 * the whole text; the framer gets the same bytes in every kind of slice.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseFrameTooLongError, SseFramer, frameEvent, readBareJson, readFrame } from '../../src/wire/sse.ts'

interface Seen {
  event: string
  data: string
  id?: string
  truncated: boolean
}

const encoder = new TextEncoder()

function framed(chunks: Iterable<Uint8Array>, maxFrameBytes?: number): Seen[] {
  const seen: Seen[] = []
  const framer = new SseFramer((bytes, start, end, truncated) => {
    const frame = readFrame(bytes, start, end)
    if (frame === undefined) return
    expect(frameEvent(bytes, start, end)).toBe(frame.event)
    seen.push({ ...frame, truncated })
  }, maxFrameBytes)
  for (const chunk of chunks) framer.push(chunk)
  framer.end()
  return seen
}

/** WHATWG HTML 9.2.6, word for word, but for what is left at the end: that is given as truncated. */
function reference(bytes: Uint8Array): Seen[] {
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/)
  const rest = lines.pop()!
  const seen: Seen[] = []
  let data: string[] = []
  let event = ''
  let id: string | undefined
  const dispatch = (truncated: boolean) => {
    if (data.length > 0)
      seen.push({ event, data: data.join('\n'), ...(id === undefined ? {} : { id }), truncated })
    data = []
    event = ''
    id = undefined
  }
  const readLine = (line: string) => {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') data.push(value)
    if (name === 'event') event = value
    if (name === 'id' && !value.includes('\0')) id = value
  }
  for (const line of lines) {
    if (line === '') dispatch(false)
    else readLine(line)
  }
  readLine(rest)
  dispatch(true)
  return seen
}

function* slices(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

function sliceAt(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const ordered = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return ordered.slice(1).map((end, index) => bytes.subarray(ordered[index], end))
}

const answer = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":25}}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text"}}\n\n',
  'event: ping\ndata: {"type": "ping"}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"text":"你好🚀\\n"}}\n\n',
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
].join('')

describe('frames', () => {
  const event = (data: string, name = '', more: Partial<Seen> = {}): Seen => {
    return { event: name, data, truncated: false, ...more }
  }
  const rows: [title: string, text: string, seen: Seen[]][] = [
    ['nothing', '', []],
    ['one event', 'event: a\ndata: x\n\n', [event('x', 'a')]],
    ['no name', 'data: x\n\n', [event('x')]],
    ['no space after the colon', 'event:a\ndata:x\n\n', [event('x', 'a')]],
    ['two spaces: one is text', 'data:  x\n\n', [event(' x')]],
    ['several data lines', 'data: x\ndata\ndata: y\n\n', [event('x\n\ny')]],
    ['an empty data line', 'data:\n\n', [event('')]],
    ['data of one space', 'data: \n\n', [event('')]],
    ['colons in data', 'data: a: b\n\n', [event('a: b')]],
    ['the name after the data', 'data: x\nevent: a\n\n', [event('x', 'a')]],
    ['two names: the last counts', 'event: a\ndata: x\nevent: b\n\n', [event('x', 'b')]],
    ['an empty name', 'event: a\nevent\ndata: x\n\n', [event('x')]],
    ['a name beyond ASCII', 'event: é\ndata: x\n\nevent: é\ndata: y\n\n', [event('x', 'é'), event('y', 'é')]],
    [
      'names of one length',
      'event: ab\ndata: x\n\nevent: ba\ndata: y\n\n',
      [event('x', 'ab'), event('y', 'ba')],
    ],
    ['a comment alone', ': OPENROUTER PROCESSING\n\ndata: x\n\n', [event('x')]],
    ['a comment in an event', 'event: a\n: hm\ndata: x\n\n', [event('x', 'a')]],
    ['no data line is no event', 'event: a\n\nretry: 3000\n\nid: 1\n\ndata: x\n\n', [event('x')]],
    ['an id', 'id: 7\ndata: x\n\n', [event('x', '', { id: '7' })]],
    ['an id with NUL is no id', 'id: 7\0\ndata: x\n\n', [event('x')]],
    ['other fields', 'datax: 1\n data: 2\nDATA: 3\ndat: 4\neven: 5\ndata: x\n\n', [event('x')]],
    ['blank lines around', '\n\n\ndata: x\n\n\n\ndata: y\n\n', [event('x'), event('y')]],
    ['B7 CRLF', 'event: a\r\ndata: x\r\n\r\ndata: y\r\n\r\n', [event('x', 'a'), event('y')]],
    ['B7 CR', 'event: a\rdata: x\r\rdata: y\r\r', [event('x', 'a'), event('y')]],
    [
      'B7 mixed',
      'event: a\rdata: x\n\r\ndata: y\r\n\ndata: z\n\r',
      [event('x', 'a'), event('y'), event('z')],
    ],
    ['B7 a byte order mark', '\ufeffdata: x\n\n', [event('x')]],
    ['B7 a byte order mark, then a blank line', '\ufeff\n\ndata: x\n\n', [event('x')]],
    ['B7 a byte order mark further on is text', 'data: \ufeffx\n\n\ufeffdata: y\n\n', [event('\ufeffx')]],
    ['B7 a byte order mark after a blank line is text', '\n\ufeffdata: x\n\ndata: y\n\n', [event('y')]],
    ['B7 only a byte order mark', '\ufeff', []],
    [
      'B8 no blank line at the end',
      'data: x\n\ndata: [DONE]\n',
      [event('x'), event('[DONE]', '', { truncated: true })],
    ],
    ['B8 no line end at the end', 'data: [DONE]', [event('[DONE]', '', { truncated: true })]],
    ['B8 the end within a name', 'data: x\n\nevent: messa', [event('x')]],
    ['B8 the end within a field', 'data: x\n\ndat', [event('x')]],
    ['B8 blank lines at the end are no rest', 'data: x\n\n\n\r\n', [event('x')]],
  ]
  it.each(rows)('%s', (_title, text, seen) => {
    const bytes = encoder.encode(text)
    expect(reference(bytes)).toEqual(seen)
    expect(framed([bytes])).toEqual(seen)
    expect(framed([Buffer.from(bytes)])).toEqual(seen)
    expect(framed(slices(bytes, 1))).toEqual(seen)
  })

  it('bytes that are not UTF-8 read as U+FFFD', () => {
    expect(framed([Uint8Array.of(...encoder.encode('data: '), 0xff, 0x0a, 0x0a)])).toMatchObject([
      { data: '\ufffd' },
    ])
  })

  it('hands a whole frame over in place, and at once', () => {
    const chunk = encoder.encode('event: a\ndata: x\n\ndata: y\n\nda')
    const places: [Uint8Array, number, number, boolean][] = []
    const framer = new SseFramer((...place) => places.push(place))
    framer.push(chunk)
    expect(places).toEqual([
      [chunk, 0, 18, false],
      [chunk, 18, 27, false],
    ])
    expect(places.every(([bytes]) => bytes === chunk)).toBe(true)
  })

  it.each(['', '\n\n\n', '\r\n\r\n', '\ufeff', '\ufeff\n', '\ufeff\r\n\r'])('%j holds no frame', (text) => {
    const chunk = encoder.encode(text)
    let count = 0
    const framer = new SseFramer(() => count++)
    framer.push(chunk)
    framer.end()
    expect(count).toBe(0)
  })

  it.each(['\n\n', '\r\r', '\r\n\r'])('an event is handed over at the first byte that ends it: %j', (end) => {
    let count = 0
    new SseFramer(() => count++).push(encoder.encode(`data: x${end}`))
    expect(count).toBe(1)
  })
})

describe('slicing', () => {
  const bytes = encoder.encode(answer)
  const whole = reference(bytes)

  it('B7 the captured shape reads as seven events', () => {
    expect(whole.map((frame) => frame.event)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  it.each([1, 2, 3, 5, 7, 64])('B7 slices of %i bytes', (length) => {
    expect(framed(slices(bytes, length))).toEqual(whole)
  })

  it.each(['\n', '\r', '\r\n'])('B7 cut at every byte, line ends %j', (lineEnd) => {
    const text = encoder.encode(answer.replaceAll('\n', lineEnd))
    for (let cut = 0; cut <= text.length; cut++) {
      expect(framed([text.subarray(0, cut), text.subarray(cut)])).toEqual(whole)
    }
  })

  it.each([1, 1_000, 16_384, 2_000_000])('B7 one line of 1 MB, in slices of %i bytes', (length) => {
    const filler = 'lorem ipsum 🚀 '.repeat(60_000)
    const long = encoder.encode(`event: big\ndata: ${filler}\n\ndata: next\n\n`)
    const seen = framed(slices(long, length))
    expect(seen.map(({ event, data }) => [event, data.length])).toEqual([
      ['big', filler.length],
      ['', 4],
    ])
    expect(seen[0]!.data === filler).toBe(true)
  })

  it('B7 bare JSON behind the events is no event, and can be read', () => {
    const error = '{\n  "error": {\n    "code": 503\n  }\n}\n'
    const seen: unknown[] = []
    const framer = new SseFramer((frame, start, end) =>
      seen.push(readFrame(frame, start, end) ?? readBareJson(frame, start, end)),
    )
    framer.push(encoder.encode(`data: x\n\n: ping\n\n${error}`))
    framer.end()
    expect(seen).toEqual([{ event: '', data: 'x' }, undefined, { event: '', data: error }])
  })

  const lineEnd = fc.constantFrom('\n', '\n', '\r\n', '\r')
  const dataLines = [
    'data: {"a":1}',
    'data:x',
    'data',
    'data:',
    'data:  ',
    'data: 你好🚀',
    'data: \ufeff',
    ' data: x',
  ]
  const names = [
    'event: a',
    'event: content_block_delta',
    'event:b',
    'event',
    'event: 你好',
    'eventual: c',
    'even',
  ]
  const others = [': ping', ':', 'id: 1', 'id: \0', 'id', 'retry: 10', 'datax', '\ufeffdata: x', '\ufeff']
  const line = fc.constantFrom('', '', '', ...dataLines, ...names, ...others)
  const lines = fc
    .array(fc.tuple(line, lineEnd), { maxLength: 24 })
    .map((parts) => encoder.encode(parts.flat().join('')))
  const noise = fc.uint8Array({ max: 0x40 })
  const stream = fc
    .tuple(
      fc.constantFrom('', '', '\ufeff'),
      lines,
      fc.oneof(
        lines,
        noise,
        line.map((text) => encoder.encode(text)),
      ),
    )
    .map(([mark, head, tail]) => Uint8Array.of(...encoder.encode(mark), ...head, ...tail))

  it('B7 10,000 streams, each cut at random: the events of the standard', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (source, cuts) => {
        const seen = reference(source)
        expect(framed(sliceAt(source, cuts))).toEqual(seen)
        expect(framed(slices(source, 1))).toEqual(seen)
        expect(framed([Buffer.from(source)])).toEqual(seen)
      }),
      { numRuns: 10_000 },
    )
  })

  it('B7 B8 any bytes at all: the events of the standard', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(), { maxLength: 6 }), (tail, cuts) => {
        const source = Uint8Array.of(...encoder.encode('data: '), ...tail)
        expect(framed(sliceAt(source, cuts))).toEqual(reference(source))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('bounds', () => {
  const limit = 100
  const frame = (bytes: number, lineEnd = '\n') =>
    encoder.encode(`data: ${'x'.repeat(bytes - 8)}${lineEnd}${lineEnd}`)

  it.each([1, 7, 1_000])('a frame of the limit passes, in slices of %i bytes', (length) => {
    expect(framed(slices(frame(limit), length), limit)).toHaveLength(1)
  })

  it.each([1, 7, 1_000])('a longer frame is refused, in slices of %i bytes', (length) => {
    expect(() => framed(slices(frame(limit + 1), length), limit)).toThrow(SseFrameTooLongError)
  })

  it('an endless line is refused without its end', () => {
    const framer = new SseFramer(() => {}, limit)
    framer.push(new Uint8Array(limit).fill(0x78))
    expect(() => framer.push(Uint8Array.of(0x78))).toThrow('The stream has an event longer than 100 bytes')
  })

  it('after a refusal nothing is taken any more', () => {
    let frames = 0
    const framer = new SseFramer(() => frames++, limit)
    expect(() => framer.push(frame(limit + 1))).toThrow(SseFrameTooLongError)
    expect(() => framer.push(frame(20))).toThrow(SseFrameTooLongError)
    framer.end()
    expect(frames).toBe(0)
  })

  it.each(['\n', '\r', '\r\n'])('many frames in one chunk beyond the limit pass, line ends %j', (lineEnd) => {
    const chunk = Uint8Array.of(...Array.from({ length: 50 }, () => [...frame(20, lineEnd)]).flat())
    expect(framed([chunk], limit)).toHaveLength(50)
  })
})
