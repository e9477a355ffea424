import { beforeEach, describe, expect, it } from 'vitest'
import { Affinity } from '../../src/pipeline/affinity.ts'
import type { CallerSession } from '../../src/pipeline/affinity.ts'
import { inTryingOrder, sessionOf } from '../../src/rules/affinity.ts'

const HOUR_MS = 3_600_000

describe('the session that a call’s headers make', () => {
  it.each([
    ['no headers', {}, HOUR_MS],
    ['a duration', { 'x-bf-session-ttl': '30m' }, HOUR_MS / 2],
    ['seconds', { 'x-bf-session-ttl': '90' }, 90_000],
    ['too long a time', { 'x-bf-session-ttl': '40d' }, 24 * HOUR_MS],
    ['what is no time', { 'x-bf-session-ttl': 'soon' }, HOUR_MS],
    ['no time at all', { 'x-bf-session-ttl': '0' }, HOUR_MS],
    ['switched on', { 'x-bf-session-affinity': 'on' }, HOUR_MS],
    ['switched otherwise', { 'x-bf-session-affinity': 'maybe' }, HOUR_MS],
    ['off', { 'x-bf-session-affinity': 'off' }, undefined],
    ['OFF', { 'x-bf-session-affinity': 'OFF' }, undefined],
    ['false', { 'x-bf-session-affinity': 'false' }, undefined],
    ['0', { 'x-bf-session-affinity': ' 0 ' }, undefined],
  ])('%s', (_title, headers, ttlMs) => {
    expect(sessionOf('s1', headers)).toEqual(ttlMs === undefined ? undefined : { id: 's1', ttlMs })
    expect(sessionOf(undefined, headers)).toBe(undefined)
  })
})

describe('the order in which places are tried', () => {
  it.each([
    ['as planned', 'abc', undefined, '', 'abc'],
    ['what served the session first', 'abc', 'c', '', 'cab'],
    ['never what the plan has not', 'abc', 'd', '', 'abc'],
    ['what is down last', 'abc', undefined, 'a', 'bca'],
    ['and if all is down, as planned', 'abc', undefined, 'abc', 'abc'],
    ['what served the session not first while it is down', 'abc', 'c', 'c', 'abc'],
    ['each place once, though it stands there twice', 'aba', 'a', '', 'aba'],
  ])('%s', (_title, plan, bound, down, expected) => {
    // Places are objects in a plan, so two that are named alike are two.
    const places = plan.split('').map((name) => ({ name }))
    const isBound = bound === undefined ? undefined : ({ name }: { name: string }) => name === bound
    const order = inTryingOrder(places, isBound, ({ name }) => !down.includes(name))
    expect(order.map(({ name }) => name).join('')).toBe(expected)
  })
})

describe('where sessions stay', () => {
  let nowMs: number
  let affinity: Affinity
  const session: CallerSession = { id: 's1', virtualKeyId: 'vk', ttlMs: HOUR_MS }

  beforeEach(() => {
    nowMs = 5
    affinity = new Affinity(() => nowMs)
  })

  it('nothing is kept of one that is where it belongs', () => {
    affinity.served(session, 'm', 'openai/m', true)
    affinity.servedBy(session, 'openai/m', 'k1', true)
    expect([affinity.isEmpty, affinity.routeOf(session, 'm')]).toEqual([true, undefined])
  })

  it('elsewhere for an hour after it was served there last', () => {
    affinity.served(session, 'm', 'groq/m', false)
    affinity.servedBy(session, 'groq/m', 'k2', false)
    nowMs += HOUR_MS - 1
    expect([affinity.routeOf(session, 'm'), affinity.keyOf(session, 'groq/m')]).toEqual(['groq/m', 'k2'])
    affinity.served(session, 'm', 'groq/m', false)
    nowMs += 1
    expect([affinity.routeOf(session, 'm'), affinity.keyOf(session, 'groq/m')]).toEqual(['groq/m', undefined])
    nowMs += HOUR_MS
    expect([affinity.routeOf(session, 'm'), affinity.isEmpty]).toEqual([undefined, true])
  })

  it('back where it belongs, nothing is kept', () => {
    affinity.served(session, 'm', 'groq/m', false)
    affinity.served(session, 'm', 'openai/m', true)
    expect(affinity.isEmpty).toBe(true)
  })

  it('each caller, session, model and kind for itself', () => {
    affinity.served(session, 'm', 'groq/m', false)
    affinity.servedBy(session, 'groq/m', 'k2', false)
    const others: CallerSession[] = [
      { ...session, virtualKeyId: undefined },
      { ...session, virtualKeyId: 'other' },
      { ...session, id: 's2' },
    ]
    for (const other of others)
      expect([affinity.routeOf(other, 'm'), affinity.keyOf(other, 'groq/m')]).toEqual([undefined, undefined])
    expect([affinity.routeOf(session, 'n'), affinity.keyOf(session, 'groq/n')]).toEqual([
      undefined,
      undefined,
    ])
    affinity.forgetRoute(session, 'm')
    expect([affinity.routeOf(session, 'm'), affinity.keyOf(session, 'groq/m')]).toEqual([undefined, 'k2'])
    affinity.forgetKey(session, 'groq/m')
    expect(affinity.isEmpty).toBe(true)
  })

  it('L5 a million sessions do not fill the memory, and the last ones are known', () => {
    for (let index = 0; index < 1_000_000; index++)
      affinity.served({ ...session, id: `${index}` }, 'm', 'groq/m', false)
    expect(affinity.routeOf({ ...session, id: '999999' }, 'm')).toBe('groq/m')
    expect(affinity.routeOf({ ...session, id: '5' }, 'm')).toBe(undefined)
  })
})
