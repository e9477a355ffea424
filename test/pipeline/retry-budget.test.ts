import { beforeEach, describe, expect, it } from 'vitest'
import { RetryBudget } from '../../src/pipeline/retry-budget.ts'
import { seeded } from '../support/chance.ts'

let nowMs: number
let budget: RetryBudget

beforeEach(() => {
  nowMs = 0
  budget = new RetryBudget(() => nowMs)
})

/** So many calls, each repeated while it may be, up to ten times. */
function load(calls: number, everyMs: number): number {
  let sent = 0
  for (let call = 0; call < calls; call++) {
    nowMs += everyMs
    budget.called('openai')
    sent++
    for (let again = 0; again < 10 && !budget.isSpent('openai'); again++) {
      budget.retried('openai')
      sent++
    }
  }
  return sent
}

describe('B14 the attempts over one for each call', () => {
  it.each([
    ['one lone call repeats ten times', 1, 1_000, 11],
    ['1,000 in a second: a fifth, and ten', 1_000, 1, 1_210],
    ['10,000 in 100 s: a fifth, and ten for each 30 s', 10_000, 10, 12_000 + 4 * 10],
  ])('%s', (_title, calls, everyMs, most) => {
    const sent = load(calls, everyMs)
    expect(sent).toBeLessThanOrEqual(most)
    expect(sent).toBeGreaterThan(calls * 1.15)
  })

  it('are each provider’s own', () => {
    load(4, 1)
    expect([budget.isSpent('openai'), budget.isSpent('anthropic')]).toEqual([true, false])
  })

  it('are free again when the window has passed', () => {
    load(4, 1)
    expect(budget.isSpent('openai')).toBe(true)
    nowMs += 30_000
    expect(budget.isSpent('openai')).toBe(false)
  })

  it('of random failures of 10 % are never too many (fixed seed)', () => {
    const random = seeded(14)
    for (let call = 0; call < 10_000; call++) {
      nowMs += 5
      budget.called('openai')
      if (random() >= 0.1) continue
      expect(budget.isSpent('openai')).toBe(false)
      budget.retried('openai')
    }
  })
})
