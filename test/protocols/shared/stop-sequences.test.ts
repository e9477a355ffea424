import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../../src/message/event.ts'
import { stopAt } from '../../../src/protocols/shared/stop-sequences.ts'

const finish: Event = { type: 'finish', reason: { unified: 'end', raw: 'stop' } }

function cut(sequences: string[], events: Event[]): Event[] {
  const out: Event[] = []
  const emit = stopAt(sequences, (event) => out.push(event))
  for (const event of events) emit(event)
  return out
}

function textBlock(index: number, ...parts: string[]): Event[] {
  return [
    { type: 'block-start', index, block: { type: 'text' } },
    ...parts.map((text): Event => ({ type: 'delta', index, delta: { type: 'text', text } })),
    { type: 'block-end', index },
  ]
}

/** What a model that obeys says: letter by letter, until one of the sequences stands at the end. */
function untilStopped(text: string, stops: string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const at = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => end - stop.length)
    if (at.length > 0) return text.slice(0, Math.min(...at))
  }
  return text
}

const said = (events: Event[]) =>
  events
    .map((event) => (event.type === 'delta' && event.delta.type === 'text' ? event.delta.text : ''))
    .join('')

const rows: [
  name: string,
  sequences: string[],
  parts: string[],
  said: string,
  stopped: string | undefined,
][] = [
  ['#23 a sequence inside one delta', ['END'], ['one END two'], 'one ', 'END'],
  [
    '#23 a sequence cut over three deltas',
    ['</severity>'],
    ['<severity>3</', 'sever', 'ity> and more'],
    '<severity>3',
    '</severity>',
  ],
  ['#23 a beginning that comes to nothing', ['END'], ['EN', 'TER'], 'ENTER', undefined],
  ['#23 the first of two', ['two', 'one'], ['a one b two'], 'a ', 'one'],
  ['#23 a beginning left over at the end is text', ['END'], ['the E'], 'the E', undefined],
  ['#23 a sequence that begins inside its own beginning', ['aab'], ['aa', 'ab', 'c'], 'a', 'aab'],
]

describe('stopAt', () => {
  it.each(rows)('%s', (_name, sequences, parts, text, stopped) => {
    const out = cut(sequences, [...textBlock(0, ...parts), finish])
    expect(said(out)).toBe(text)
    expect(out.at(-1)).toEqual(
      stopped === undefined
        ? finish
        : { type: 'finish', reason: { unified: 'stop-sequence', raw: 'stop' }, stopSequence: stopped },
    )
  })

  it('#23 an answer that stops at once has no empty block', () => {
    expect(cut(['END'], [...textBlock(0, 'EN', 'D'), finish]).map((event) => event.type)).toEqual(['finish'])
  })

  it('#23 after the cut only usage, pings and the end pass: the money stays true', () => {
    const usage: Event = { type: 'usage', usage: { outputTokens: 9 } }
    const call: Event = { type: 'block-start', index: 1, block: { type: 'tool-call', id: 'a', name: 'Bash' } }
    const out = cut(['END'], [...textBlock(0, 'a END'), call, { type: 'block-end', index: 1 }, usage, finish])
    expect(out.map((event) => event.type)).toEqual(['block-start', 'delta', 'block-end', 'usage', 'finish'])
  })

  it('an error after the cut is an error', () => {
    const error = { type: 'error', error: new Error('x') } as unknown as Event
    expect(cut(['END'], [...textBlock(0, 'END'), error]).at(-1)).toBe(error)
  })

  it('thinking and tool arguments are not searched', () => {
    const events: Event[] = [
      { type: 'block-start', index: 0, block: { type: 'tool-call', id: 'a', name: 'Bash' } },
      { type: 'delta', index: 0, delta: { type: 'arguments', json: '{"a":"END"}' } },
      { type: 'block-end', index: 0 },
      finish,
    ]
    expect(cut(['END'], events)).toEqual(events)
  })

  it('B7 however the text is split, the same text comes out', () => {
    const sequences = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'b', '<'), minLength: 1, maxLength: 4 }),
      { minLength: 1, maxLength: 3 },
    )
    const parts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '<', 'x'), maxLength: 5 }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(sequences, parts, (stops, deltas) => {
        const whole = deltas.join('')
        expect(said(cut(stops, [...textBlock(0, ...deltas), finish]))).toBe(untilStopped(whole, stops))
      }),
      { numRuns: 2000 },
    )
  })
})
