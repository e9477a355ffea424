import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Call } from '../../src/pipeline/call.ts'
import { Slots, WAIT_MAX_MS } from '../../src/pipeline/slots.ts'
import type { Release, SlotOwner } from '../../src/pipeline/slots.ts'

let slots: Slots

beforeEach(() => {
  vi.useFakeTimers()
  slots = new Slots()
})

afterEach(() => vi.useRealTimers())

const owner = (concurrency: number, waiting = 100): SlotOwner => ({
  id: 'openai',
  name: 'openai',
  queue: { concurrency, waiting },
})

/** A client that can leave. */
function client() {
  let gone: (() => void) | undefined
  const reply = { closed: false, onGone: (listener: () => void) => (gone = listener) }
  const leave = () => {
    reply.closed = true
    gone?.()
  }
  return { call: { reply } as unknown as Call, leave }
}

const take = (of: SlotOwner, drops = false, { call } = client()) => slots.take(of, call, drops)
const now = (taken: Release | Promise<Release>) => {
  if (taken instanceof Promise) throw new Error('it waits')
  return taken
}

describe('A18 slots', () => {
  it('are given back once, however often that is said', () => {
    const release = now(take(owner(1)))
    expect([slots.inFlight('openai'), slots.hasRoom(owner(1))]).toEqual([1, false])
    release()
    release()
    expect([slots.inFlight('openai'), slots.hasRoom(owner(1))]).toEqual([0, true])
    now(take(owner(1)))
    release()
    expect(slots.inFlight('openai')).toBe(1)
  })

  it('go to those who wait, first come first served', async () => {
    const first = now(take(owner(1)))
    const order: string[] = []
    const waits = ['a', 'b', 'c'].map(async (name) => {
      const release = await take(owner(1))
      order.push(name)
      return release
    })
    expect(slots.waiting('openai')).toBe(3)
    first()
    for (const wait of waits) (await wait)()
    expect([order, slots.inFlight('openai'), slots.waiting('openai')]).toEqual([['a', 'b', 'c'], 0, 0])
  })

  it('are not given to a client that left, nor after the time is up', async () => {
    const first = now(take(owner(1)))
    const leaver = client()
    const left = expect(take(owner(1), false, leaver)).rejects.toMatchObject({ kind: 'client_closed' })
    const late = expect(take(owner(1))).rejects.toMatchObject({
      kind: 'queue_full',
      status: 503,
      details: { retryAfterSeconds: 2 },
      message: 'request dropped: openai has 1 requests at once, and none ended within 30 s.',
    })
    leaver.leave()
    await left
    expect(slots.waiting('openai')).toBe(1)
    vi.advanceTimersByTime(WAIT_MAX_MS)
    await late
    expect([slots.waiting('openai'), slots.inFlight('openai'), vi.getTimerCount()]).toEqual([0, 1, 0])
    first()
    expect(slots.inFlight('openai')).toBe(0)
  })

  it('are refused to a client that has left before it asks', () => {
    const leaver = client()
    leaver.leave()
    expect(() => take(owner(1), false, leaver)).toThrow(expect.objectContaining({ kind: 'client_closed' }))
  })

  it.each([
    ['more than may wait', owner(2, 1), false, 1, 'openai has 2 requests at once, and 1 wait.'],
    [
      'any where excess is dropped',
      owner(2, 5),
      true,
      0,
      'openai has 2 requests at once, and none waits (drop_excess_requests).',
    ],
  ])('are refused to %s', (_title, of, drops, waiting, message) => {
    for (let taken = 0; taken < 2; taken++) now(take(of, drops))
    for (let waits = 0; waits < waiting; waits++) void take(of, drops)
    expect(() => take(of, drops)).toThrow(
      expect.objectContaining({ kind: 'queue_full', message: `request dropped: queue is full: ${message}` }),
    )
  })

  it('follow the settings when they change', async () => {
    const held = [now(take(owner(2))), now(take(owner(2)))]
    const waiting = [Promise.resolve(take(owner(2))), Promise.resolve(take(owner(2)))]
    const raised = now(take(owner(5)))
    const admitted = await Promise.all(waiting)
    expect(slots.inFlight('openai')).toBe(5)
    const lowered = take(owner(1))
    for (const release of [...held, ...admitted]) release()
    expect([slots.inFlight('openai'), slots.waiting('openai')]).toEqual([1, 1])
    raised()
    ;(await lowered)()
    expect(slots.inFlight('openai')).toBe(0)
  })

  it('are never more than there are, and all back when all is over, whatever happens in between', async () => {
    const step = fc.record({ does: fc.constantFrom('take', 'release', 'leave', 'wait'), who: fc.nat(20) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, most) => {
          slots = new Slots()
          const of = owner(most, 4)
          const clients: { leave: () => void; release?: Release }[] = []
          for (const { does, who } of steps) {
            const one = clients[who % Math.max(1, clients.length)]
            if (does === 'take') {
              const made: (typeof clients)[number] & { call: Call } = client()
              clients.push(made)
              try {
                const taken = slots.take(of, made.call, false)
                if (taken instanceof Promise)
                  taken.then(
                    (release) => (made.release = release),
                    () => {},
                  )
                else made.release = taken
              } catch {
                expect([slots.inFlight('openai'), slots.waiting('openai')]).toEqual([most, 4])
              }
            } else if (does === 'release') one?.release?.()
            else if (does === 'leave') one?.leave()
            else vi.advanceTimersByTime(WAIT_MAX_MS / 3)
            await Promise.resolve()
            expect(slots.inFlight('openai')).toBeLessThanOrEqual(most)
            if (slots.waiting('openai') > 0) expect(slots.inFlight('openai')).toBe(most)
          }
          vi.advanceTimersByTime(WAIT_MAX_MS)
          await Promise.resolve()
          for (const { release } of clients) release?.()
          await Promise.resolve()
          for (const { release } of clients) release?.()
          expect([slots.inFlight('openai'), slots.waiting('openai'), vi.getTimerCount()]).toEqual([0, 0, 0])
        },
      ),
    )
  })
})
