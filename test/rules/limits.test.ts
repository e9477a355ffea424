import { describe, expect, it } from 'vitest'
import { holdFor, refusal, unitOf } from '../../src/rules/limits.ts'
import type { Account, Balance, Block, Demand, OwnerKind } from '../../src/rules/limits.ts'
import { DOLLAR, balance, budget, owner, period, rateLimit } from './accounts.ts'

const blocked = undefined
const demand = (nanodollars: Demand['nanodollars'], tokens: Demand['tokens'] = 0): Demand => ({
  nanodollars,
  tokens,
})

describe('what an attempt holds', () => {
  it.each<[string, Account, Balance, Demand, number | undefined]>([
    ['A1 its worst case', budget(10), balance(0), demand(3 * DOLLAR), 3 * DOLLAR],
    ['A1 to the last unit', budget(10), balance(4 * DOLLAR, 3 * DOLLAR), demand(3 * DOLLAR), 3 * DOLLAR],
    ['A1 not one more', budget(10), balance(4 * DOLLAR, 3 * DOLLAR), demand(3 * DOLLAR + 1), blocked],
    ['A5 more than there is', budget(10), balance(0), demand(11 * DOLLAR), blocked],
    [
      'A4 unbounded: all that is left',
      budget(10),
      balance(4 * DOLLAR, DOLLAR),
      demand('unbounded'),
      5 * DOLLAR,
    ],
    [
      'A4 unbounded, and nothing is left',
      budget(10),
      balance(4 * DOLLAR, 6 * DOLLAR),
      demand('unbounded'),
      blocked,
    ],
    [
      'A4 unbounded, after one that cost too much',
      budget(10),
      balance(12 * DOLLAR),
      demand('unbounded'),
      blocked,
    ],
    ['unpriced', budget(10), balance(0), demand('unpriced'), blocked],
    ['A15 untold', budget(10), balance(0), demand('untold'), blocked],
    ['free, when nothing is left', budget(10), balance(10 * DOLLAR), demand(0), 0],
    ['free, when more than all is used', budget(10), balance(12 * DOLLAR), demand(0), 0],
    ['a budget of nothing', budget(0), balance(0), demand(1), blocked],
    ['tokens', rateLimit('tokens', 1000), balance(400), demand(0, 600), 600],
    ['too many tokens', rateLimit('tokens', 1000), balance(400), demand(0, 601), blocked],
    [
      'more tokens than a window has: the whole',
      rateLimit('tokens', 1000),
      balance(0),
      demand(0, 32_000),
      1000,
    ],
    ['… if it is unused', rateLimit('tokens', 1000), balance(1), demand(0, 32_000), blocked],
    ['unbounded tokens', rateLimit('tokens', 1000), balance(400), demand(0, 'unbounded'), 600],
    ['tokens of what is unpriced', rateLimit('tokens', 1000), balance(0), demand('unpriced', 600), 600],
    ['a request', rateLimit('requests', 5), balance(3, 1), demand('unpriced', 'unbounded'), 1],
    ['a request too many', rateLimit('requests', 5), balance(3, 2), demand(0), blocked],
  ])('%s', (_name, account, stands, wants, held) => {
    expect(holdFor(account, stands, wants)).toBe(held)
  })
})

/** At 100 s into windows of an hour. */
const now = 100_000
const block = (account: Account, stands: Balance, wants: Demand): Block => ({
  account,
  balance: stands,
  demand: wants,
})

describe('what a blocked caller is told', () => {
  const used = balance(105.5 * DOLLAR)
  const big = demand(8 * DOLLAR, 200)
  it.each<[string, Block[], number, string, number | undefined, string]>([
    [
      'an exceeded budget',
      [block(budget(100), used, big)],
      402,
      'budget_exceeded',
      undefined,
      'Budget exceeded: VK dev budget exceeded: 105.5000 >= 100.0000 dollars (resets 1970-01-01 01:00 UTC)',
    ],
    [
      'A5 a call that is too big',
      [block(budget(100), balance(95 * DOLLAR), big)],
      402,
      'budget_exceeded',
      undefined,
      'Budget exceeded: VK dev budget exceeded: this call may cost 8.0000 dollars, and of 100.0000 only 5.0000 are left; ask for a shorter answer (max_tokens), or wait (resets 1970-01-01 01:00 UTC)',
    ],
    [
      'what is only held',
      [block(budget(100), balance(60 * DOLLAR, 38 * DOLLAR), big)],
      429,
      'governance_limited',
      2,
      'Budget check failed: what is left of the budget of VK dev is reserved by calls in flight: 60.0000 of 100.0000 dollars used, 38.0000 reserved; try again in 2 s',
    ],
    [
      'A4 what is held by one that cannot be bounded',
      [block(budget(100), balance(60 * DOLLAR, 40 * DOLLAR), demand('unbounded'))],
      429,
      'governance_limited',
      2,
      'Budget check failed: what is left of the budget of VK dev is reserved by calls in flight: 60.0000 of 100.0000 dollars used, 40.0000 reserved; try again in 2 s',
    ],
    [
      'an unpriced model',
      [block(budget(100), balance(0), demand('unpriced'))],
      402,
      'budget_exceeded',
      undefined,
      'Budget exceeded: the price of this model is unknown, so it cannot be held against the budget of VK dev. An operator can say one in governance.pricing_overrides',
    ],
    [
      'A15 a job whose cost nobody tells',
      [block(budget(100), balance(0), demand('untold'))],
      402,
      'budget_exceeded',
      undefined,
      'Budget exceeded: what this costs is known when it has run, and not told here, so it cannot be held against the budget of VK dev. Who has no budget may ask for it',
    ],
    [
      "A16 the team's, without its amount",
      [block(budget(100, { owner: owner('team', 'eng') }), used, big)],
      402,
      'budget_exceeded',
      undefined,
      'Budget exceeded: Team eng budget exceeded (resets 1970-01-01 01:00 UTC)',
    ],
    [
      "a provider's",
      [block(budget(100, { owner: owner('provider', 'openai') }), used, big)],
      402,
      'budget_exceeded',
      undefined,
      'Provider-level budget exceeded: Provider openai budget exceeded (resets 1970-01-01 01:00 UTC)',
    ],
    [
      'tokens',
      [block(rateLimit('tokens', 1000), balance(1500), big)],
      429,
      'token_limited',
      3500,
      'Rate limit check failed: rate limit violated for VK dev: token limit exceeded (1500/1000, resets every 1h)',
    ],
    [
      'too few tokens left',
      [block(rateLimit('tokens', 1000), balance(900, 50), big)],
      429,
      'token_limited',
      3500,
      'Rate limit check failed: rate limit violated for VK dev: token limit exceeded (900/1000, 50 reserved, 200 wanted, resets every 1h)',
    ],
    [
      'held tokens',
      [block(rateLimit('tokens', 1000), balance(700, 200), big)],
      429,
      'governance_limited',
      2,
      'Rate limit check failed: what is left of the token limit of VK dev is reserved by calls in flight: 700 of 1000 used, 200 reserved; try again in 2 s',
    ],
    [
      'requests, those in flight among them',
      [block(rateLimit('requests', 5, { period: period('1m') }), balance(3, 2, { endMs: 100_001 }), big)],
      429,
      'request_limited',
      1,
      'Rate limit check failed: rate limit violated for VK dev: request limit exceeded (3/5, 2 reserved, 1 wanted, resets every 1m)',
    ],
    [
      'both',
      [
        block(rateLimit('tokens', 1000), balance(1500), big),
        block(rateLimit('requests', 5), balance(5, 0, { endMs: 200_000 }), big),
      ],
      429,
      'governance_limited',
      3500,
      'Rate limit check failed: rate limit violated for VK dev: token limit exceeded (1500/1000, resets every 1h); request limit exceeded (5/5, resets every 1h)',
    ],
    [
      "a model's",
      [block(rateLimit('requests', 5, { owner: owner('model', 'gpt-5') }), balance(5), big)],
      429,
      'request_limited',
      3500,
      'Model-level rate limit check failed: rate limit violated for Model gpt-5: request limit exceeded (resets every 1h)',
    ],
  ])('%s', (_name, blocks, status, kind, retryAfterSeconds, message) => {
    expect(refusal(blocks, now)).toMatchObject({ status, kind, retryAfterSeconds, message })
  })

  it('A16 whatever the level, nobody is told what others have', () => {
    for (const kind of ['customer', 'team', 'provider', 'model'] as const)
      for (const stands of [
        balance(105.5 * DOLLAR),
        balance(95 * DOLLAR),
        balance(60 * DOLLAR, 38 * DOLLAR),
      ]) {
        const { message } = refusal([block(budget(100, { owner: owner(kind) }), stands, big)], now)
        expect(message).toContain('dev')
        expect(message).not.toMatch(/\d\.\d{4}/)
      }
  })
})

/** In the order in which Bifrost looks at them. */
const ORDER: [OwnerKind, 'budget' | 'rate'][] = [
  ['provider', 'rate'],
  ['provider', 'budget'],
  ['model', 'rate'],
  ['model', 'budget'],
  ['virtual_key_provider', 'rate'],
  ['virtual_key', 'rate'],
  ['team', 'rate'],
  ['customer', 'rate'],
  ['virtual_key_provider', 'budget'],
  ['virtual_key', 'budget'],
  ['team', 'budget'],
  ['customer', 'budget'],
]

describe('A16 which of several is told', () => {
  const wants = demand(DOLLAR, 100)
  const exhausted = ORDER.map(([kind, what]) =>
    what === 'budget'
      ? block(budget(100, { owner: owner(kind) }), balance(100 * DOLLAR), wants)
      : block(rateLimit('requests', 5, { owner: owner(kind) }), balance(5), wants),
  )

  it('of any two: the one that is checked first, in whichever order they come', () => {
    for (const [first, one] of exhausted.entries())
      for (const other of exhausted.slice(first + 1)) {
        for (const blocks of [
          [one, other],
          [other, one],
        ]) {
          const told = refusal(blocks, now)
          expect(told.owner).toBe(one.account.owner)
          expect(told.kind).toBe(
            unitOf(one.account) === 'nanodollars' ? 'budget_exceeded' : 'request_limited',
          )
        }
      }
  })

  it('one that lasts before one that is only held', () => {
    const held = block(budget(100, { owner: owner('provider') }), balance(0, 100 * DOLLAR), wants)
    for (const lasting of exhausted) expect(refusal([held, lasting], now).owner).toBe(lasting.account.owner)
    expect(refusal([held], now).status).toBe(429)
  })

  it.each<[OwnerKind[], boolean]>([
    [['provider'], true],
    [['model', 'virtual_key_provider'], true],
    [['virtual_key'], false],
    [['provider', 'team'], false],
    [['customer'], false],
  ])('blocked by %o, another target may serve it: %s', (kinds, expected) => {
    const blocks = kinds.map((kind) => block(budget(1, { owner: owner(kind) }), balance(DOLLAR), wants))
    expect(refusal(blocks, now).isOfTarget).toBe(expected)
  })
})
