import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nanodollars } from '../../../src/stores/config/money.ts'
import { governanceOf, load, messagesOf, onlyKey } from './support.ts'

const AMOUNTS: [dollars: number | string, nanodollars: number][] = [
  [0, 0],
  [0.1, 100_000_000],
  [0.3, 300_000_000],
  [1.1, 1_100_000_000],
  [19.99, 19_990_000_000],
  [200, 200_000_000_000],
  [0.000000001, 1],
  [1e-7, 100],
  [1234567.123456789, 1_234_567_123_456_789],
  ['9007198.999999999', 9_007_198_999_999_999],
  [1e12, 9_007_199_000_000_000],
  ['0.1', 100_000_000],
  ['100', 100_000_000_000],
  ['100.05', 100_050_000_000],
  ['0.0000000019', 1],
  ['999999999999', 9_007_199_000_000_000],
]

describe('money', () => {
  it.each(AMOUNTS)('%s dollars are %i nano-dollars', (dollars, expected) => {
    expect(nanodollars(dollars)).toBe(expected)
  })

  it('A17 every amount with nine decimals that people budget is exact, as a number and as text', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(999_999_999), (whole, decimals) => {
        const text = `${whole}.${String(decimals).padStart(9, '0')}`
        const expected = whole * 1_000_000_000 + decimals
        expect([nanodollars(text), nanodollars(Number(text))]).toEqual([expected, expected])
      }),
    )
  })
})

const B = { max_limit: 1, reset_duration: '1d' }
const MONTH = { count: 1, unit: 'month' }

const PERIODS: [title: string, owner: object, expected: object][] = [
  ['a rolling month', { budget: { max_limit: 1, reset_duration: '1M' } }, { text: '1M', rule: { duration: MONTH, calendarAligned: false } }],
  ['aligned', { budget: { max_limit: 1, reset_duration: '1M', calendar_aligned: true } }, { rule: { calendarAligned: true } }],
  ['aligned by its owner', { calendar_aligned: true, budget: { max_limit: 1, reset_duration: '1M' } }, { rule: { calendarAligned: true } }],
  ['not aligned, whatever its owner is', { calendar_aligned: true, budget: { ...B, calendar_aligned: false } }, { rule: { calendarAligned: false } }],
  ['a word means the calendar', { budget: { max_budget: 1, budget_duration: 'monthly' } }, { text: 'monthly', rule: { duration: MONTH, calendarAligned: true } }],
  ['a word that is not to', { budget: { max_budget: 1, budget_duration: 'monthly', calendar_aligned: false } }, { rule: { calendarAligned: false } }],
  ['a fiscal quarter', { budget: { max_limit: 1, reset_duration: '1Q', reset_config: { quarter_start_month: 4 } } }, { rule: { duration: { count: 1, unit: 'quarter' }, quarterStartMonth: 4 } }],
  ['an hour and a half', { budget: { max_limit: 1, reset_duration: '1h30m' } }, { rule: { duration: { count: 5_400_000, unit: 'millisecond' } } }],
  ['in the zone of the settings', { budget: B }, { rule: { timeZone: 'Europe/Berlin' } }],
] // prettier-ignore

it.each(PERIODS)('period: %s', async (_title, team, expected) => {
  const governance = await governanceOf({ time_zone: 'Europe/Berlin', teams: [{ id: 't', ...team }] })
  expect(governance.teams.get('t')!.limits.budgets[0]!.period).toMatchObject(expected)
})

const SOFT: [title: string, governance: object, budget: object, soft: number][] = [
  ['by default', {}, {}, 80_000_000_000],
  ['by the settings', { soft_limit_percent: 50 }, {}, 50_000_000_000],
  ['by the budget', { soft_limit_percent: 50 }, { soft_limit_percent: 90 }, 90_000_000_000],
  ['never', {}, { soft_limit_percent: 100 }, 100_000_000_000],
]

it.each(SOFT)('warns from here on: %s', async (_title, rest, budget, expected) => {
  const { teams } = await governanceOf({
    ...rest,
    teams: [{ id: 't', budget: { ...B, max_limit: 100, ...budget } }],
  })
  expect(teams.get('t')!.limits.budgets[0]!.softLimitNanodollars).toBe(expected)
})

const USED: [title: string, budget: object, expected: unknown][] = [
  ['nothing', {}, undefined],
  ['nothing yet', { current_usage: 0, last_reset: '2026-11-01T00:00:00Z' }, undefined],
  ['something, in the period of now', { current_usage: 0.1 }, { amount: 100_000_000, sinceMs: undefined }],
  ['something, since', { current_usage: 2, last_reset: '2026-11-01T00:00:00Z' }, { amount: 2_000_000_000, sinceMs: Date.UTC(2026, 10, 1) }],
] // prettier-ignore

it.each(USED)('used before: %s', async (_title, budget, expected) => {
  const { budgets } = await governanceOf({ teams: [{ id: 't', budget: { ...B, ...budget } }] })
  expect([...budgets.values()][0]!.usedBefore).toEqual(expected)
})

const R = { request_max_limit: 5, request_reset_duration: '1m' }
const T = { token_max_limit: 7, token_reset_duration: '1h' }

/** Owners, with limits at each of them. */
const EVERYWHERE = {
  budgets: [{ id: 'b', max_limit: 9, reset_duration: '1w' }],
  rate_limits: [{ id: 'r', ...R, ...T }],
  customers: [{ id: 'c', budget: B, rate_limit: R }],
  teams: [
    { id: 't', customer_id: 'c', budgets: [B, { ...B, max_limit: 2 }, { ...B, reset_duration: '1M' }] },
  ],
  virtual_keys: [
    {
      id: 'k',
      name: 'key',
      value: 'sk-bf-k',
      team_id: 't',
      budget_id: 'b',
      rate_limit_id: 'r',
      provider_configs: [
        { provider: 'OpenAI', budget: B, rate_limits: [R, T] },
        { provider: 'anthropic', allowed_models: ['claude-opus-5-5'], budget: { ...B, id: 'opus' } },
        { provider: 'anthropic', allowed_models: ['claude-haiku-4-5'] },
      ],
    },
  ],
  providers: [{ name: 'OpenAI', budget: B }],
  model_configs: [
    { model_name: 'gpt-5', budget: B },
    { model_name: 'gpt-5', provider: 'groq', budget: B },
    { model_name: 'openai/gpt-5-mini', budget: B },
    { model_name: '*', scope: 'team', scope_id: 't', budget: B },
    { model_name: '*', scope: 'customer', scope_id: 'x', budget: B },
    { id: 'mine', model_name: 'gpt-5', scope: 'virtual_key', scope_id: 'k', rate_limit: R },
  ],
}
const governance = await governanceOf(
  { ...EVERYWHERE, customers: [...EVERYWHERE.customers, { id: 'x' }] },
  { providers: { openai: { keys: [{ value: 'v' }] } } },
)
const UPWARDS = ['b', 'team/t/1d', 'team/t/1d#2', 'team/t/1M', 'customer/c/1d']

const CHAINS: [title: string, hasKey: boolean, provider: string, names: string[], budgets: string[], rates: string[]][] = [
  ['nobody, anywhere', false, 'groq', ['llama'], [], []],
  ['nobody at a provider', false, 'openai', ['gpt-4o'], ['provider/openai/1d'], []],
  ['nobody with a model', false, 'azure', ['gpt-5'], ['model/gpt-5/1d'], []],
  ['… at one provider', false, 'groq', ['gpt-5'], ['model/gpt-5/1d', 'model/groq/gpt-5/1d'], []],
  ['… under another spelling (G4)', false, 'azure', ['openai/gpt-5-2026-01-01'], ['model/gpt-5/1d'], []],
  ['… named with its provider', false, 'openai', ['gpt-5-mini'], ['provider/openai/1d', 'model/openai/gpt-5-mini/1d'], []],
  ['… which another one is not', false, 'azure', ['gpt-5-mini'], [], []],
  ['the key', true, 'groq', ['llama'], ['model/team:t/*/1d', ...UPWARDS], ['r/tokens', 'r/requests', 'customer/c/1m/requests']],
  ['the key at one of its providers', true, 'openai', ['gpt-4o'], ['provider/openai/1d', 'model/team:t/*/1d', 'virtual_key_provider/k/openai/1d', ...UPWARDS], ['virtual_key_provider/k/openai/1m/requests', 'virtual_key_provider/k/openai/1h/tokens', 'r/tokens', 'r/requests', 'customer/c/1m/requests']],
  ['the key with a model', true, 'azure', ['gpt-5'], ['model/gpt-5/1d', 'model/team:t/*/1d', ...UPWARDS], ['model/mine/1m/requests', 'r/tokens', 'r/requests', 'customer/c/1m/requests']],
  ['by the grant that lets the model through', true, 'anthropic', ['claude-opus-5-5'], ['model/team:t/*/1d', 'opus', ...UPWARDS], ['r/tokens', 'r/requests', 'customer/c/1m/requests']],
  ['… and not by another one of the provider', true, 'anthropic', ['claude-haiku-4-5'], ['model/team:t/*/1d', ...UPWARDS], ['r/tokens', 'r/requests', 'customer/c/1m/requests']],
] // prettier-ignore

describe('A16 what binds an attempt, in the order of the checks', () => {
  it.each(CHAINS)('%s', (_title, hasKey, provider, names, budgets, rates) => {
    const key = hasKey ? onlyKey(governance) : undefined
    const limits = governance.limitsFor(key, provider, names)
    expect(limits.budgets.map(({ id }) => id)).toEqual(budgets)
    expect(limits.rateLimits.map(({ id }) => id)).toEqual(rates)
  })

  it('every limit says whose it is, and where it stands', () => {
    const at = (id: string) => governance.budgets.get(id) ?? governance.rateLimits.get(id)
    expect(at('b')).toMatchObject({
      owner: { kind: 'virtual_key', id: 'k', name: 'key' },
      origin: { source: 'file', place: 'governance.budgets[0]' },
    })
    expect(at('team/t/1d#2')).toMatchObject({
      owner: { kind: 'team', id: 't', name: 't' },
      origin: { place: 'governance.teams[0].budgets[1]' },
    })
    expect(at('virtual_key_provider/k/openai/1h/tokens')).toMatchObject({
      owner: { kind: 'virtual_key_provider', id: 'k/openai', name: 'key/openai' },
      origin: { place: 'governance.virtual_keys[0].provider_configs[0].rate_limits[1]' },
    })
  })

  it('a counter of several owners counts a call once', async () => {
    const shared = await governanceOf({
      budgets: [{ id: 'b', ...B }],
      teams: [{ id: 't', budget_id: 'b' }],
      virtual_keys: [{ id: 'k', name: 'k', value: 'sk-bf-k', team_id: 't', budget_id: 'b' }],
      providers: [{ name: 'openai', budget_id: 'b' }],
    })
    const budgets = (provider: string) => shared.limitsFor(onlyKey(shared), provider, ['m']).budgets
    expect(budgets('openai').map(({ id, owner }) => [id, owner.kind])).toEqual([['b', 'provider']])
    expect(budgets('groq').map(({ id, owner }) => [id, owner.kind])).toEqual([['b', 'virtual_key']])
  })
})

it('more dollars than can be counted are told', async () => {
  const loaded = await load({ governance: { teams: [{ id: 't', budget: { ...B, max_limit: 1e9 } }] } })
  expect(loaded.configuration.governance.teams.get('t')!.limits.budgets[0]!.limitNanodollars).toBe(
    9_007_199_000_000_000,
  )
  expect(messagesOf(loaded)).toEqual([
    'governance.teams[0].budget: budgets count to 9007199 dollars, so this one ends there.',
  ])
})
