import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Part } from '../support/provider/parts.ts'
import type { RawAnswer } from './rig/raw-call.ts'
import {
  LAST_CHUNK,
  Rig,
  SIDES,
  STREAM_HEAD,
  type Side,
  ask,
  chunked,
  inSession,
  measured,
  newCase,
} from './rig/rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await Rig.start()
}, 60_000)
afterAll(() => rig.close())

interface Row {
  id: string
  name: string
  /** The answer of the upstream. */
  parts: (side: Side) => Part[]
  /** Only for this kind of upstream; both unless told. */
  only?: Side['side']
}

const stream = (...texts: (string | Buffer)[]): Part[] => [STREAM_HEAD, ...texts.map(chunked)]
const HTML = '<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>'

/** Streams that break after their first words have gone to the client. */
const BROKEN_LATE: Row[] = [
  { id: 'C4', name: 'a chunked body cut off', parts: (side) => [...stream(side.begin('word')), 'close'] },
  {
    id: 'C4',
    name: 'a chunked body cut off in an event',
    parts: (side) => [...stream(side.begin('word'), side.wire.text(' more').slice(0, -20)), 'close'],
  },
  { id: 'C4', name: 'a reset', parts: (side) => [...stream(side.begin('word')), { pause_ms: 50 }, 'reset'] },
  {
    id: 'C5',
    name: 'a body shorter than its content-length',
    parts: (side) => [
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100000\r\n\r\n',
      side.begin('word'),
      'close',
    ],
  },
  {
    id: 'C4',
    name: 'a body that ends with its connection, too early',
    parts: (side) => [
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n',
      side.begin('word'),
      'close',
    ],
  },
  {
    id: 'B8',
    name: 'a clean end after the first words',
    parts: (side) => [...stream(side.begin('word')), LAST_CHUNK],
  },
  {
    id: 'B8',
    name: 'a clean end in the middle of an event',
    parts: (side) => [...stream(side.begin('word'), side.wire.text(' more').slice(0, -20)), LAST_CHUNK],
  },
  {
    id: 'B8',
    name: 'everything but message_stop',
    only: 'native',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), wire.closing.replace(wire.endMark, '')),
      LAST_CHUNK,
    ],
  },
  {
    id: 'B8',
    name: 'neither a reason to finish nor [DONE]',
    only: 'translated',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), wire.closing.slice(wire.closing.indexOf('data: ', 6), -wire.endMark.length)),
      LAST_CHUNK,
    ],
  },
  {
    id: 'B8',
    name: 'an event whose JSON is cut',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), `${wire.text(' more').slice(0, -12)}\n\n`, wire.closing),
      LAST_CHUNK,
    ],
  },
  {
    id: 'B8',
    name: 'an event that is no JSON',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), wire.text(' more').replace(/data: .*/, 'data: oops'), wire.closing),
      LAST_CHUNK,
    ],
  },
  {
    id: 'B8',
    name: "a proxy's page in the middle",
    parts: ({ begin }) => [...stream(begin('word'), HTML), LAST_CHUNK],
  },
  {
    id: 'B8',
    name: 'a block begun twice',
    only: 'native',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), begin('again').slice(wire.opening.length), wire.closing),
      LAST_CHUNK,
    ],
  },
  {
    id: 'B8',
    name: 'a delta of a block that never began',
    only: 'native',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), wire.text(' more').replace('"index":0', '"index":3'), wire.closing),
      LAST_CHUNK,
    ],
  },
  {
    id: 'B8',
    name: 'a second message_start',
    only: 'native',
    parts: ({ begin, wire }) => [...stream(begin('word'), wire.opening, wire.closing), LAST_CHUNK],
  },
  {
    id: 'B11',
    name: 'an error event',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), wire.errorEvent('The model fell over')),
      LAST_CHUNK,
    ],
  },
  {
    id: 'B11',
    name: 'an error event, and then the rest as if nothing had been',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), wire.errorEvent('The model fell over'), wire.text(' more'), wire.closing),
      LAST_CHUNK,
    ],
  },
]

/** Answers of status 200 to a streaming request that fail before anything of an answer was said. */
const BROKEN_EARLY: Row[] = [
  { id: 'B8', name: 'an empty stream', parts: () => [STREAM_HEAD, LAST_CHUNK] },
  { id: 'B8', name: 'nothing but the end mark', parts: ({ wire }) => [...stream(wire.endMark), LAST_CHUNK] },
  {
    id: 'B8',
    name: 'nothing but keep-alives',
    parts: ({ wire }) => [...stream(wire.keepAlive, wire.keepAlive), LAST_CHUNK],
  },
  { id: 'C4', name: 'a cut after the opening', parts: ({ wire }) => [...stream(wire.opening), 'close'] },
  { id: 'C4', name: 'a cut before the headers', parts: () => ['close'] },
  { id: 'C4', name: 'a reset before the headers', parts: () => ['reset'] },
  {
    id: 'B11',
    name: 'an error event first',
    parts: ({ wire }) => [...stream(wire.errorEvent('Overloaded')), LAST_CHUNK],
  },
  {
    id: 'B8',
    name: 'a page that says it is a stream',
    parts: () => [...stream(HTML), LAST_CHUNK],
  },
  { id: 'B8', name: 'a page', parts: () => [measured(HTML, 'text/html')] },
  { id: 'B8', name: 'an empty body', parts: () => [measured('')] },
  {
    id: 'B8',
    name: 'a JSON error of status 200',
    parts: ({ wire }) => [measured(wire.errorBody('It broke', 'api_error'))],
  },
  {
    id: 'B8',
    name: 'JSON for a stream',
    only: 'native',
    parts: ({ wire }) => [measured(wire.whole('word'))],
  },
  { id: 'C5', name: 'JSON shorter than its length', parts: ({ wire }) => cutShort(wire.whole('word')) },
]

/** Answers of status 200 to a request for a whole one. */
const BROKEN_WHOLE: Row[] = [
  {
    id: 'C5',
    name: 'a body shorter than its content-length',
    parts: ({ wire }) => cutShort(wire.whole('word')),
  },
  {
    id: 'C4',
    name: 'a chunked body cut off',
    parts: ({ wire }) => [
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
      chunked(wire.whole('word').slice(0, -30)),
      'close',
    ],
  },
  {
    id: 'C4',
    name: 'JSON that ends with its connection, too early',
    parts: ({ wire }) => [
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n',
      wire.whole('word').slice(0, -30),
      'close',
    ],
  },
  { id: 'B8', name: 'a page', parts: () => [measured(HTML, 'text/html')] },
  { id: 'B8', name: 'an empty body', parts: () => [measured('')] },
  { id: 'B8', name: 'a list', parts: () => [measured('[1]')] },
  {
    id: 'B8',
    name: 'a JSON error of status 200',
    parts: ({ wire }) => [measured(wire.errorBody('It broke', 'api_error'))],
  },
  {
    id: 'B8',
    name: 'a stream nobody asked for',
    parts: ({ begin, wire }) => [...stream(begin('word'), wire.closing), LAST_CHUNK],
  },
  {
    id: 'E1',
    name: 'a call whose arguments nest twenty thousand levels',
    only: 'translated',
    parts: ({ wire }) => {
      const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
      const call = { id: 'c1', type: 'function', function: { name: 'Bash', arguments: deep } }
      return [
        measured(
          wire.whole('word').replace('"content":', `"tool_calls":[${JSON.stringify(call)}],"content":`),
        ),
      ]
    },
  },
  { id: 'C12', name: '204', parts: () => ['HTTP/1.1 204 No Content\r\n\r\n'] },
  { id: 'C4', name: 'a cut before the headers', parts: () => ['close'] },
  { id: 'C4', name: 'a reset before the headers', parts: () => ['reset'] },
]

function cutShort(body: string): Part[] {
  return [measured(body).slice(0, -30), 'close']
}

const rowsFor = (rows: Row[]) =>
  SIDES.flatMap((side) =>
    rows
      .filter(({ only = side.side }) => only === side.side)
      .map((row) => ({ ...row, side, kind: side.side })),
  )

/** What a client of the Messages API takes for a failure, as the last thing on the wire. */
function expectErrorBody(text: string): void {
  expect(JSON.parse(text)).toMatchObject({
    type: 'error',
    error: { type: expect.stringMatching(/_error$/), message: expect.stringMatching(/./) },
  })
}

async function raise(side: Side, nonce: string, isStream: boolean): Promise<unknown> {
  const session = newCase()
  const { messages } = rig.sdk(session)
  const request = ask(side.rawModel, nonce)
  const answer = isStream ? messages.stream(request).finalMessage() : messages.create(request)
  const error = await answer.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Anthropic.AnthropicError)
  expect(await rig.row(session)).toMatchObject({
    status: 'error',
    error: { kind: expect.stringMatching(/^(?!internal)/) },
  })
  return error
}

async function rawAnswer(side: Side, nonce: string, isStream: boolean): Promise<RawAnswer> {
  const session = newCase()
  const body = ask(side.rawModel, nonce, { stream: isStream })
  return rig.call(body, { headers: inSession(session) }).answer()
}

describe('a stream that breaks after its first words', () => {
  it.each(rowsFor(BROKEN_LATE))('$id $kind: $name', async ({ side, parts }) => {
    const nonce = newCase()
    rig.script(nonce, () => parts(side))
    await raise(side, nonce, true)
    const { status, text, ended } = await rawAnswer(side, nonce, true)
    expect({ status, ended }, text).toEqual({ status: 200, ended: 'cut' })
    expect(text).toContain('word')
    expect(text.match(/^event: error$/gm)).toHaveLength(1)
    expectErrorBody(/.*data: (\{"type":"error".*)\n/s.exec(text)![1]!.split('\n')[0]!)
    if (!text.includes('"more"')) expect(text).not.toContain('event: message_stop')
  })
})

describe('a streamed answer that is none', () => {
  it.each(rowsFor(BROKEN_EARLY))('$id $kind: $name', async ({ side, parts }) => {
    const nonce = newCase()
    rig.script(nonce, () => parts(side))
    expect(await raise(side, nonce, true)).toBeInstanceOf(Anthropic.APIError)
    const { status, text, ended } = await rawAnswer(side, nonce, true)
    expect(status).toBeGreaterThanOrEqual(500)
    expect(ended).toBe('clean')
    expectErrorBody(text)
  })
})

describe('a whole answer that is none', () => {
  it.each(rowsFor(BROKEN_WHOLE))('$id $kind: $name', async ({ side, parts }) => {
    const nonce = newCase()
    rig.script(nonce, () => parts(side))
    expect(await raise(side, nonce, false)).toBeInstanceOf(Anthropic.APIError)
    const { status, text } = await rawAnswer(side, nonce, false)
    expect(status).toBeGreaterThanOrEqual(500)
    expectErrorBody(text)
  })
})

/** Odd, and whole all the same. */
const ODD: Row[] = [
  {
    id: 'B8',
    name: 'an event that nobody knows',
    parts: ({ begin, wire }) => [
      ...stream(begin('wor'), 'event: novelty\ndata: {"type":"novelty","object":"novelty"}\n\n', wire.text('d'), wire.closing), // prettier-ignore
      LAST_CHUNK,
    ],
  },
  {
    id: 'B8',
    name: 'events after the end',
    parts: ({ begin, wire }) => [...stream(begin('word'), wire.closing, wire.keepAlive), LAST_CHUNK],
  },
  {
    id: 'C4',
    name: 'a reset after the end mark',
    parts: ({ begin, wire }) => [...stream(begin('word'), wire.closing), { pause_ms: 50 }, 'reset'],
  },
  {
    id: 'B8',
    name: 'no [DONE] after the reason to finish',
    only: 'translated',
    parts: ({ begin, wire }) => [
      ...stream(begin('word'), wire.closing.replace(wire.endMark, '')),
      LAST_CHUNK,
    ],
  },
  {
    id: 'B8',
    name: 'JSON for a stream',
    only: 'translated',
    parts: ({ wire }) => [measured(wire.whole('word'))],
  },
  {
    id: 'B8',
    name: 'a connection left open after the end mark',
    parts: ({ begin, wire }) => [...stream(begin('word'), wire.closing), 'hang'],
  },
]

describe('an odd stream that is whole', () => {
  it.each(rowsFor(ODD))('$id $kind: $name', async ({ side, parts }) => {
    const nonce = newCase()
    rig.script(nonce, () => parts(side))
    const session = newCase()
    const message = await rig.sdk(session).messages.stream(ask(side.rawModel, nonce)).finalMessage()
    expect(message.content).toMatchObject([{ type: 'text', text: 'word' }])
    expect(message.usage).toMatchObject({ input_tokens: 11, cache_read_input_tokens: 5, output_tokens: 7 })
    expect(await rig.row(session)).toMatchObject({ status: 'success', usage: { outputTokens: 7 } })
    expect(await rawAnswer(side, nonce, true)).toMatchObject({ status: 200, ended: 'clean' })
  })
})
