import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/message/collect.ts'
import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import type { Block, JsonObject } from '../../../src/message/request.ts'
import { cohere } from '../../../src/protocols/cohere/index.ts'
import type { Memo } from '../../../src/protocols/translation.ts'
import { answer, brokenAnswer } from '../../support/events.ts'
import { CONTEXT, dataOf, decodeAll, encodeAll, slices } from '../../support/sse.ts'
import { call, citation, decoded, end, part, plan, start, USAGE, wire } from './events.ts'

/** A line for each block: `text Hi`, `call Read {"a":1}`. */
const lines = (blocks: readonly Block[]): string[] =>
  blocks.map((block) => {
    if (block.type === 'text' || block.type === 'thinking') return `${block.type} ${block.text}`
    return block.type === 'tool-call' ? `call ${block.name} ${block.arguments}` : block.type
  })

const told = (events: readonly Event[]) => collect((emit) => events.forEach(emit))

describe('a streamed answer', () => {
  it.each<[string, Parameters<typeof decoded>[0], string[], string]>([
    ['text', [start, ...part('text', 'Hello'), end('COMPLETE')], ['text Hello'], 'end'],
    ['thinking, then text', [start, ...part('thinking', 'hm hm'), ...part('text', 'Hello', 1), end('COMPLETE')], ['thinking hm hm', 'text Hello'], 'end'],
    ['a plan and a call', [start, plan('I '), plan('read'), ...call(0, 'c1', '{"a"', ':1}'), end('TOOL_CALL')], ['text I read', 'call Read {"a":1}'], 'tool-calls'],
    ['two calls', [start, ...call(0, 'c1', '{}'), ...call(1, 'c2', '{"b":2}'), end('TOOL_CALL')], ['call Read {}', 'call Read {"b":2}'], 'tool-calls'],
    ['#35 a call without arguments', [start, ...call(0, 'c1'), end('TOOL_CALL')], ['call Read {}'], 'tool-calls'],
    ['calls under another word for the end', [start, ...call(0, 'c1', '{}'), end('COMPLETE')], ['call Read {}'], 'tool-calls'],
    ['a limit', [start, ...part('text', 'Hello'), end('MAX_TOKENS')], ['text Hello'], 'max-tokens'],
    ['a stop sequence', [start, ...part('text', 'Hello'), end('STOP_SEQUENCE')], ['text Hello'], 'stop-sequence'],
    ['an end without a word', [start, ...part('text', 'Hello'), end(null)], ['text Hello'], 'end'],
    ['a word that nobody knows', [start, ...part('text', 'Hello'), end('NEW')], ['text Hello'], 'other'],
    ['nothing at all', [start, end('COMPLETE')], [], 'end'],
    ['no beginning', [...part('text', 'Hello'), end('COMPLETE')], ['text Hello'], 'end'],
    ['what has no word here', [start, citation, { type: 'debug' }, ...part('text', 'Hello'), end('COMPLETE')], ['text Hello'], 'end'],
    ['two texts', [start, ...part('text', 'Hello'), ...part('text', 'World', 1), end('COMPLETE')], ['text Hello', 'text World'], 'end'],
  ])('%s', (_name, events, blocks, finish) => {
    const response = told(decoded(events))
    expect(lines(response.content)).toEqual(blocks)
    expect(response.finish.unified).toBe(finish)
    // What is billed, and of it what the cache held.
    expect(response.usage).toEqual({ inputTokens: 7, cacheReadTokens: 4, outputTokens: 7 })
  }) // prettier-ignore

  it.each<[string, Parameters<typeof decoded>[0], string, RegExp]>([
    ['is cut', [start, ...part('text', 'Hello')], 'upstream_truncated', /ended before/],
    ['never begins', [], 'upstream_truncated', /ended before/],
    ['breaks off', [start, end('ERROR', { error: 'our fault' })], 'upstream_error', /^our fault$/],
    ['breaks off without a word', [start, end('ERROR')], 'upstream_error', /broke off/],
    ['takes too long', [start, end('TIMEOUT')], 'upstream_timeout', /TIMEOUT/],
    ['is an error', [{ message: 'too late' } as never], 'upstream_error', /too late/],
  ])('B7 that %s is a failure', (_name, events, kind, message) => {
    const last = decoded(events).at(-1)!
    expect(last).toMatchObject({ type: 'error', error: { kind } })
    expect(last.type === 'error' && last.error.message).toMatch(message)
  })

  it.each(['no json', '[]', '"text"', '{"type":'])('with the data %s is malformed', (data) => {
    expect(decodeAll(cohere.stream.decoder({}), `data: ${data}\n\n`).at(-1)).toMatchObject({
      error: { kind: 'upstream_malformed' },
    })
  })

  it.each<[string, Memo, string | undefined]>([
    ['the sequence at which it stopped, where there was one', { stopSequences: ['x'] }, 'x'],
    ['none, where there were two', { stopSequences: ['x', 'y'] }, undefined],
  ])('tells %s', (_name, memo, stopSequence) => {
    const events = decoded([start, ...part('text', 'Hello'), end('STOP_SEQUENCE')], memo)
    expect(told(events).stopSequence).toBe(stopSequence)
  })

  it('gives tools the names that the client knows, and calls ids that are new', () => {
    const memo = { toolNames: new Map([['Read', 'a.b']]), callIds: new Set(['c1']) }
    const block = decoded([start, ...call(0, 'c1', '{}'), end('TOOL_CALL')], memo)[1]
    expect(block).toMatchObject({ block: { type: 'tool-call', name: 'a.b' } })
    expect(block?.type === 'block-start' && block.block.type === 'tool-call' && block.block.id).not.toBe('c1')
  })

  it('tells a client that wanted a search that there is none', () => {
    const events = decoded([start, ...part('text', 'Hello'), end('COMPLETE')], { webSearchUnavailable: true })
    expect(JSON.stringify(events)).toContain('web_search_tool_result_error')
  })

  it('B7 is the same however its bytes are sliced', () => {
    const whole = wire(
      start,
      part('thinking', 'hm'),
      part('text', 'Hé 😀', 1),
      call(0, 'c1', '{"a":', '"é"}'),
      end('TOOL_CALL'),
    )
    const once = decodeAll(cohere.stream.decoder({}), whole)
    checkGrammar(once)
    fc.assert(
      fc.property(slices, (places) => {
        expect(decodeAll(cohere.stream.decoder({}), whole, places)).toEqual(once)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('an answer for clients of Cohere', () => {
  const encode = (events: readonly Event[]) => encodeAll(cohere.stream.encoder(CONTEXT), events)
  const textOf = (blocks: readonly Block[]) =>
    blocks.map((block) => (block.type === 'text' ? block.text : '')).join('')

  it('is in its own events', () => {
    const events = decoded([start, ...part('text', 'Hello'), ...call(0, 'c1', '{}'), end('TOOL_CALL')])
    const sent = dataOf(encode(events).replace('data: [DONE]\n\n', ''))
    expect(sent.map(({ type, index }) => `${type} ${index ?? ''}`.trim())).toEqual([
      'message-start', 'content-start 0', 'content-delta 0', 'content-delta 0', 'content-end 0',
      'tool-call-start 0', 'tool-call-delta 0', 'tool-call-end 0', 'message-end',
    ]) // prettier-ignore
    expect(sent.at(-1)!.delta).toEqual({
      finish_reason: 'TOOL_CALL',
      usage: { ...USAGE, tokens: { input_tokens: 11, output_tokens: 7 } },
    })
  })

  it('says the same as the events, streamed and whole', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const meant = told(events)
        const streamed = told(decodeAll(cohere.stream.decoder({}), encode(events)))
        const whole: Event[] = []
        const body = JSON.parse(JSON.stringify(cohere.response.encode(meant, CONTEXT))) as JsonObject
        cohere.response.decode(body, {}, (event) => whole.push(event))
        checkGrammar(whole)
        const calls = (blocks: readonly Block[]) => lines(blocks.filter(({ type }) => type === 'tool-call'))
        for (const read of [streamed, told(whole)]) {
          expect(calls(read.content)).toEqual(calls(meant.content))
          expect(textOf(read.content).replaceAll('\n\n', '')).toBe(
            textOf(meant.content).replaceAll('\n\n', ''),
          )
          expect(read.usage.outputTokens).toBe(meant.usage.outputTokens ?? 0)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('B9 that breaks off ends as an error', () => {
    fc.assert(
      fc.property(brokenAnswer, (events) => {
        const read = decodeAll(cohere.stream.decoder({}), encode(events))
        expect(read.at(-1)).toMatchObject({ type: 'error', error: { message: 'cut' } })
      }),
    )
  })
})
