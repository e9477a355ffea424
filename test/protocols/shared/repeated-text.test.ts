import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Event } from '../../../src/message/event.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { PROTOCOLS } from '../../../src/protocols/index.ts'
import type { Protocol } from '../../../src/protocols/protocol.ts'
import { RepeatedText } from '../../../src/protocols/shared/repeated-text.ts'
import type { Frame } from '../../../src/wire/framing.ts'
import { answer } from '../../support/events.ts'

const readText = ({ delta }: JsonObject) => (delta as { text?: string } | undefined)?.text
const event = (text: string, behind = '') => `{"index":0,"delta":{"text":${text}}${behind}}`
const padded = (text: string, padding: string) => event(text, `,"p":"${padding}"`)

/** What is read without parsing of the second event after the first was learned. */
function repeated(first: string, second: string): string | undefined {
  const learner = new RepeatedText(readText)
  learner.learn(first, 'text', readText(JSON.parse(first) as JsonObject)!)
  return learner.textOf(second)
}

describe('an event that is not parsed', () => {
  it.each([
    ['says another text', event('"a"'), event('"b c"'), 'b c'],
    ['says nothing', event('"a"'), event('""'), ''],
    ['has letters of any script', event('"a"'), event('"é中🙂"'), 'é中🙂'],
    ['has escapes', event('"a"'), event('"\\n\\"\\\\ \\ud83d\\ude42 \\ud800"'), '\n"\\ 🙂 \ud800'],
    ['ends with an escaped backslash', event('"a"'), event('"\\\\"'), '\\'],
    ['is like one with escapes', event('"\\n\\""'), event('"b"'), 'b'],
    ['is filled up with spaces', event('"a"', '  '), event('"b"', '      '), 'b'],
    ['is filled up no longer', event('"a"', '  '), event('"b"'), 'b'],
    ['has another padding', padded('"a"', 'abc'), padded('"b"', 'abcDEF019'), 'b'],
    ['has an empty padding', padded('"a"', 'abc'), padded('"b"', ''), 'b'],
    ['says what stands around it', padded('"a"', 'abc'), padded('"\\"},\\"p\\":\\""', 'ab'), '"},"p":"'],
  ])('%s', (_name, first, second, text) => {
    expect(repeated(first, second)).toBe(text)
  })
})

describe('an event is left to the parser that', () => {
  it.each([
    ['belongs elsewhere', event('"a"'), event('"b"').replace('0', '1')],
    ['has a field more', event('"a"'), event('"b"', ',"c":1')],
    ['has a field less', event('"a"', ',"c":1'), event('"b"')],
    ['ends its text, and says it again', event('"a"'), event('"b","text":"c"')],
    ['says no text', event('"a"'), event('null')],
    ['has an escape that is none', event('"a"'), event('"\\x"')],
    ['has a raw line end', event('"a"'), event('"a\nb"')],
    ['has its last quote escaped', event('"a"'), event('"b\\"')],
    ['is cut off', event('"a"'), event('"b"').slice(0, -1)],
    ['is cut off inside the text', padded('"a"', 'abc'), event('"b').slice(0, -2)],
    ['goes on behind its end', event('"a"'), `${event('"b"')} `],
    ['has a padding of other letters', padded('"a"', 'abc'), padded('"b"', 'a-b')],
    ['has a quote in its padding', padded('"a"', 'abc'), padded('"b"', 'a\\"b')],
    ['has no padding', padded('"a"', 'abc'), event('"b"')],
    ['follows one with a field twice', event('"a","text":"b"'), event('"c","text":"b"')],
    ['follows one with other escapes', event('"\\u0061"'), event('"b"')],
    ['follows a long one', event(JSON.stringify('a'.repeat(5000))), event('"b"')],
    ['has only half of what stands around', event('"a"'), event('"a"').replace('"a"', '"')],
  ])('%s', (_name, first, second) => {
    expect(repeated(first, second)).toBeUndefined()
  })

  it('comes when nothing was learned, or what was learned is forgotten', () => {
    const learner = new RepeatedText(readText)
    expect(learner.textOf('')).toBeUndefined()
    learner.learn(event('"a"'), 'text', 'a')
    expect(learner.textOf(event('"b"'))).toBe('b')
    learner.forget()
    expect(learner.textOf(event('"b"'))).toBeUndefined()
  })

  it('belongs to a stream whose events all differ', () => {
    const learner = new RepeatedText(readText)
    const known = Array.from({ length: 8 }, (_, at) => {
      learner.learn(event('"a"', `,"n":${at}`), 'text', 'a')
      return learner.textOf(event('"a"', `,"n":${at + 1}`)) ?? learner.textOf(event('"b"', `,"n":${at}`))
    })
    expect(known).toEqual(known.map(() => 'b'))
    const others = Array.from({ length: 8 }, (_, at) => {
      learner.learn(event('"a"', `,"m":${at}`), 'text', 'a')
      return learner.textOf(event('"a"', `,"m":${at + 1}`))
    })
    expect(others).toEqual(others.map(() => undefined))
    expect(learner.textOf(event('"b"', ',"m":7'))).toBeUndefined()
  })
})

// ==== Against the same answer with every event parsed

const CHANGES: readonly ((data: string, other: string) => string)[] = [
  (data) => data.replace(/\}$/, '    }'),
  (data) => data.replace(/\}$/, ',"p":"abcXYZ01"}'),
  (data) => data.replace(/\}$/, ',"p":"a\\nb"}'),
  (data) => data.replace(/\}$/, ',"index":7,"contentBlockIndex":7}'),
  (data) => data.replace(/("(?:text|thinking|partial_json|input)":)"/, '$1"\\u0061\\"'),
  (data) => data.replace(/("(?:text|thinking|partial_json|input)":)("[^"\\]*")/, '$1"x",$1$2'),
  (data) => data.replace(/("(?:text|thinking|partial_json|input)":)("[^"\\]*")/, '$1$2,"extra":"text"'),
  (data) => data.replace('"index":0', '"index":1').replace('"contentBlockIndex":0', '"contentBlockIndex":1'),
  (data) => data.replace('":', '": '),
  (data) => data.slice(0, -1),
  (_data, other) => other,
]

const change = fc.constantFrom(...CHANGES)
/** Most of an answer stays as it is, and most of its events come several times. */
const plan = fc.record({
  events: answer,
  times: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 7 }),
  changes: fc.array(fc.tuple(fc.nat(200), change, fc.nat(200)), { maxLength: 3 }),
})

function framesOf(
  protocol: Protocol,
  { events, times, changes }: typeof plan extends fc.Arbitrary<infer T> ? T : never,
) {
  const context = { requestedModel: 'm', responseId: 'r', inputTokensEstimate: 1, created_s: 1 }
  const encoder = protocol.stream.encoder(context)
  const frames: Frame[] = []
  for (const [at, one] of events.entries()) {
    const count = one.type === 'delta' && one.delta.type !== 'signature' ? times[at % times.length]! : 1
    for (let time = 0; time < count; time++)
      encoder.push(one, (name, data) => frames.push({ event: name, data }))
  }
  for (const [at, edit, other] of changes) {
    const frame = frames[at % frames.length]!
    frame.data = edit(frame.data, frames[other % frames.length]!.data)
  }
  return frames
}

function decode(protocol: Protocol, frames: readonly Frame[]): Event[] {
  const events: Event[] = []
  const decoder = protocol.stream.decoder({})
  for (const frame of frames) decoder.push(frame, (told) => events.push(told))
  decoder.end((told) => events.push(told))
  // What an error quotes differs in its white space.
  return events.map((told) =>
    told.type === 'error' ? ({ type: 'error', error: told.error.kind } as never) : told,
  )
}

/** No two of them begin alike. */
function unlike(frames: readonly Frame[]): Frame[] {
  return frames.map(({ event: name, data }, at) => ({
    event: name,
    data: data.startsWith('{') ? `{${' '.repeat(at + 1)}${data.slice(1)}` : data,
  }))
}

describe('any stream gives the events that parsing all of it gives', () => {
  const protocols = PROTOCOLS.filter(({ id }) => id !== 'openai-responses')
  it.each(protocols)('$id', (protocol) => {
    fc.assert(
      fc.property(plan, (planned) => {
        const frames = framesOf(protocol, planned)
        expect(decode(protocol, frames)).toEqual(decode(protocol, unlike(frames)))
      }),
      { numRuns: 2000 },
    )
  })
})
