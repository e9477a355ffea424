import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { Event } from '../../src/message/event.ts'
import { checkGrammar, checked } from '../../src/message/grammar.ts'
import { answer, brokenAnswer } from '../support/events.ts'

const START: Event = { type: 'start' }
const TEXT: Event = { type: 'block-start', index: 0, block: { type: 'text' } }
const WORD: Event = { type: 'delta', index: 0, delta: { type: 'text', text: 'a' } }
const CLOSE: Event = { type: 'block-end', index: 0 }
const FINISH: Event = { type: 'finish', reason: { unified: 'end', raw: null } }
const ERROR: Event = { type: 'error', error: new GatewayError('overloaded', 'x') }
const PING: Event = { type: 'ping' }

const GOOD: [string, Event[]][] = [
  ['an empty answer', [START, FINISH]],
  ['an error at once', [ERROR]],
  ['a block', [START, TEXT, WORD, CLOSE, FINISH]],
  ['pings and usage inside a block', [START, TEXT, PING, { type: 'usage', usage: {} }, WORD, CLOSE, FINISH]],
  ['an error inside a block', [START, TEXT, WORD, ERROR]],
]

const BAD: [string, Event[], string][] = [
  ['nothing', [], 'must come last'],
  ['no start', [FINISH], 'start must come first'],
  ['two starts', [START, START], 'only once'],
  ['no end', [START, TEXT, CLOSE], 'must come last'],
  ['an open block at the end', [START, TEXT, FINISH], 'must be closed'],
  ['two open blocks', [START, TEXT, { ...TEXT, index: 1 }], 'one block'],
  ['a wrong index', [START, { ...TEXT, index: 1 }], 'next index is 0'],
  ['an index twice', [START, TEXT, CLOSE, TEXT], 'next index is 1'],
  ['a delta outside', [START, WORD], 'must be open'],
  ['a delta after the end of its block', [START, TEXT, CLOSE, WORD], 'must be open'],
  [
    'a delta of another kind',
    [START, TEXT, { type: 'delta', index: 0, delta: { type: 'thinking', text: 'a' } }],
    'takes no thinking',
  ],
  ['a second end', [START, TEXT, CLOSE, CLOSE], 'must be open'],
  ['something after finish', [START, FINISH, PING], 'nothing may follow finish'],
  ['something after an error', [START, ERROR, FINISH], 'nothing may follow error'],
]

describe('checkGrammar', () => {
  it.each(GOOD)('allows %s', (_what, events) => {
    expect(() => checkGrammar(events)).not.toThrow()
  })

  it.each(BAD)('refuses %s', (_what, events, rule) => {
    expect(() => checkGrammar(events)).toThrow(rule)
  })

  it('allows what the generator of answers makes, so that property tests test answers', () => {
    fc.assert(fc.property(fc.oneof(answer, brokenAnswer), (events) => checkGrammar(events)))
  })
})

describe('checked', () => {
  it('passes events on and stops the first wrong one', () => {
    const passed: Event[] = []
    const emit = checked((event) => passed.push(event))
    emit(START)
    expect(() => emit(CLOSE)).toThrow('must be open')
    expect(passed).toEqual([START])
  })
})
