import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../../../src/providers/index.ts'
import { lint } from '../../../src/stores/config/lint.ts'
import { parsePlace, formatPath, type Path } from '../../../src/stores/config/problem.ts'
import type { Settings } from '../../../src/stores/config/schema.ts'
import { registry } from './registry.ts'
import { load } from './support.ts'

const NOW = Date.UTC(2026, 10, 21)
const KEYS = { openai: { keys: [{ id: 'o', value: 'v' }] }, groq: { keys: [{ value: 'v' }] } }

/** One line a finding: place, what was found, what would be right. */
async function findings(governance: object, rest: object = {}): Promise<string[]> {
  const settings = { providers: KEYS, governance, ...rest }
  // The catalogue knows the real providers, and what they are called there.
  const providers = new Map([...registry.providers, ...PROVIDERS])
  const { configuration } = await load(settings, { registry: { ...registry, providers } })
  const found = await lint({ configuration, settings: settings as Settings, nowMs: NOW })
  return found.map(({ place, found: what, expected }) => `${place}: ${what} → ${expected}`)
}

const rule = (rest: object) => ({ targets: [{ provider: 'groq' }], ...rest })
const key = (rest: object = {}) => ({ id: 'k', name: 'k', value: 'sk-bf-k', ...rest })
const BUDGET = { max_limit: 1, reset_duration: '1d' }
const BEFORE = 'a lower priority number, or no rule'

const RULES: [title: string, rules: object[], expected: string[]][] = [
  ['two that differ', [rule({ name: 'a', cel_expression: 'model == "a"' }), rule({ name: 'b', cel_expression: 'model == "b"' })], []],
  ['one behind one that always applies', [rule({ name: 'a' }), rule({ name: 'b', cel_expression: 'model == "b"' })], [`governance.routing_rules[1]: a rule that is never asked: "a" (governance.routing_rules[0]) always applies before it → ${BEFORE}`]],
  ['… by its priority', [rule({ name: 'a', cel_expression: 'stream', priority: 2 }), rule({ name: 'b', cel_expression: 'true', priority: 1 })], [`governance.routing_rules[0]: a rule that is never asked: "b" (governance.routing_rules[1]) always applies before it → ${BEFORE}`]],
  ['… always by what it says', [rule({ name: 'a', cel_expression: '1 == 1 && !false' }), rule({ name: 'b', cel_expression: 'stream' })], [`governance.routing_rules[1]: a rule that is never asked: "a" (governance.routing_rules[0]) always applies before it → ${BEFORE}`]],
  ['one before it', [rule({ name: 'a', cel_expression: 'stream' }), rule({ name: 'b' })], []],
  ['one of another scope', [rule({ name: 'a' }), rule({ name: 'b', scope: 'team', scope_id: 't', cel_expression: 'stream' })], []],
  ['one of another team', [rule({ name: 'a', scope: 'team', scope_id: 't' }), rule({ name: 'b', scope: 'team', scope_id: 'u', cel_expression: 'stream' })], []],
  ['one that is switched off', [rule({ name: 'a', enabled: false }), rule({ name: 'b', cel_expression: 'stream' })], []],
  ['one that never holds', [rule({ name: 'a', cel_expression: 'false' })], ['governance.routing_rules[0]: a condition that never holds → one that can, or no rule']],
  ['… in one of its parts', [rule({ name: 'a', cel_expression: 'stream && 1 > 2' })], ['governance.routing_rules[0]: a condition that never holds → one that can, or no rule']],
  ['one twice', [rule({ name: 'a', cel_expression: 'stream' }), rule({ name: 'b', cel_expression: ' stream ' })], [`governance.routing_rules[1]: a rule that never decides: "a" (governance.routing_rules[0]) has the same condition and comes before it → ${BEFORE}`]],
  ['a team that is not there', [rule({ scope: 'team', scope_id: 'tt' })], ['governance.routing_rules[0].scope_id: "tt", which is no team → one that there is (did you mean "t"?)']],
  ['a weight of 0', [{ targets: [{ provider: 'groq', weight: 0 }, { provider: 'openai', weight: 1 }] }], ['governance.routing_rules[0].targets[0].weight: a weight of 0, with which the target is never chosen → more than 0, or no target']],
  ['weights of 0 everywhere, which are equal shares', [{ targets: [{ provider: 'groq', weight: 0 }, { provider: 'openai', weight: 0 }] }], []],
  ['a provider that is not there', [{ targets: [{ provider: 'vertex' }], fallbacks: ['azure/gpt-5'] }], ['governance.routing_rules[0].targets[0].provider: "vertex", which is not configured → one of openai, groq', 'governance.routing_rules[0].fallbacks[0].provider: "azure", which is not configured → one of openai, groq']],
  ['a provider key that is not there', [{ targets: [{ provider: 'openai', key_id: 'p' }] }], ['governance.routing_rules[0].targets[0].key_id: "p", which is no provider key there → one of o']],
  ['a provider key that is', [{ targets: [{ provider: 'openai', key_id: 'o' }, { key_id: 'o' }] }], []],
] // prettier-ignore

describe('rules', () => {
  it.each(RULES)('%s', async (_title, rules, expected) => {
    const found = await findings({ routing_rules: rules, teams: [{ id: 't' }, { id: 'u' }] })
    expect(found).toEqual(expected)
  })
})

const KEYS_ROWS: [title: string, virtualKey: object, expected: string[]][] = [
  ['one that may use everything', {}, []],
  ['one that may use nothing', { provider_configs: [] }, ['governance.virtual_keys[0]: a virtual key, "k", that may use no provider → "allow_all_providers": true, or provider_configs that let it call a model']],
  ['one with no models', { provider_configs: [{ provider: 'openai', allowed_models: [] }] }, ['governance.virtual_keys[0].provider_configs[0].allowed_models: no models → ["*"] for all, or names of models', 'governance.virtual_keys[0]: a virtual key, "k", that may use no provider → "allow_all_providers": true, or provider_configs that let it call a model']],
  ['one with no provider keys, but other providers', { provider_configs: [{ provider: 'openai', key_ids: [] }, { provider: 'groq' }] }, ['governance.virtual_keys[0].provider_configs[0].key_ids: no provider keys → ["*"] for all, or their ids']],
  ['one of a provider that is not there', { provider_configs: [{ provider: 'vertex' }, { provider: 'groq' }] }, ['governance.virtual_keys[0].provider_configs[0].provider: "vertex", which is not configured → one of openai, groq']],
  ['one with a weight of 0', { provider_configs: [{ provider: 'openai', weight: 0 }, { provider: 'groq', weight: 1 }] }, ['governance.virtual_keys[0].provider_configs[0].weight: a weight of 0, with which openai is never drawn → more than 0, or null']],
  ['one that has expired', { expires_at: '2026-11-20T00:00:00Z' }, ['governance.virtual_keys[0].expires_at: 2026-11-20T00:00:00.000Z, which is past: the key "k" has expired → a later moment, or no key']],
  ['one that will', { expires_at: '2026-11-22T00:00:00Z' }, []],
] // prettier-ignore

describe('virtual keys', () => {
  it.each(KEYS_ROWS)('%s', async (_title, virtualKey, expected) => {
    expect(await findings({ virtual_keys: [key(virtualKey)] })).toEqual(expected)
  })
})

it('a provider key with a weight of 0 among others', async () => {
  const providers = { openai: { keys: [{ name: 'a', value: 'v', weight: 0 }, { name: 'b', value: 'w' }] } } // prettier-ignore
  expect(await findings({}, { providers })).toEqual([
    'providers.openai.keys[0].weight: a weight of 0, with which the key "a" is chosen only by name → more than 0, or "enabled": false',
  ])
})

const LIMITS: [title: string, governance: object, expected: string[]][] = [
  ['a budget that is used', { budgets: [{ id: 'b', ...BUDGET }], virtual_keys: [key({ budget_id: 'b' })] }, []],
  ['a budget to which nobody refers', { budgets: [{ id: 'b', ...BUDGET }] }, ['governance.budgets[0]: "b", to which nobody refers → budget_id: "b" at whom it is to bind']],
  ['a rate limit to which nobody refers', { rate_limits: [{ id: 'r', request_max_limit: 1, request_reset_duration: '1h' }] }, ['governance.rate_limits[0]: "r", to which nobody refers → rate_limit_id: "r" at whom it is to bind']],
  ['a budget of nothing', { virtual_keys: [key({ budget: { ...BUDGET, max_limit: 0 } })] }, ['governance.virtual_keys[0].budget: a budget of 0 dollars, which refuses every call that costs something → more, or is_active: false']],
  ['a team without keys', { teams: [{ id: 't', budget: BUDGET }] }, ['governance.teams[0]: limits of the team "t", of which no virtual key works → team_id: "t" at a virtual key']],
  ['a team whose key is off', { teams: [{ id: 't', budget: BUDGET }], virtual_keys: [key({ team_id: 't', is_active: false })] }, ['governance.teams[0]: limits of the team "t", of which no virtual key works → team_id: "t" at a virtual key']],
  ['a team without keys and limits', { teams: [{ id: 't' }] }, []],
  ['a customer with a key of its team', { customers: [{ id: 'c', budget: BUDGET }], teams: [{ id: 't', customer_id: 'c' }], virtual_keys: [key({ team_id: 't' })] }, []],
  ['a customer without keys', { customers: [{ id: 'c', budget: BUDGET }], teams: [{ id: 't', customer_id: 'c' }] }, ['governance.customers[0]: limits of the customer "c", of which no virtual key works → customer_id: "c" at a team or a virtual key']],
  ['a provider that is not there', { providers: [{ name: 'vertex', budget: BUDGET }] }, ['governance.providers[0].name: limits of "vertex", which is not configured → one of openai, groq']],
  ['a model of a provider that is not there', { model_configs: [{ model_name: 'm', provider: 'vertex', budget: BUDGET }] }, ['governance.model_configs[0].provider: limits of m at "vertex", which is not configured → one of openai, groq']],
] // prettier-ignore

describe('limits', () => {
  it.each(LIMITS)('%s', async (_title, governance, expected) => {
    expect(await findings(governance)).toEqual(expected)
  })
})

const CATALOGUE = 'which the catalogue does not know → a model of it'
const PRICE =
  'whose price nobody knows: calls that a budget binds are refused → its price in governance.pricing_overrides, or a newer catalogue ("signalbox catalogue update")'
const NEAR = 'which the catalogue does not know → a model of it (did you mean "gpt-4o"?)'
const to = (model: string) => ({ routing_rules: [{ targets: [{ provider: 'openai', model }] }] })
const grants = (rest: object) => ({
  virtual_keys: [key({ provider_configs: [{ provider: 'openai', ...rest }] })],
})

const MODELS: [title: string, governance: object, expected: string[], rest?: object][] = [
  ['one that is known', to('gpt-4o'), []],
  ['one in another spelling', to('openai/gpt-4o-2024-08-06'), []],
  ['a slip', to('gtp-4o'), [`governance.routing_rules[0].targets[0].model: openai/gtp-4o, ${NEAR}`]],
  ['a fallback', { routing_rules: [{ targets: [{ provider: 'openai' }], fallbacks: ['openai/nope-nope-nope'] }] }, [`governance.routing_rules[0].fallbacks[0]: openai/nope-nope-nope, ${CATALOGUE}`]],
  ['one that a key may call', grants({ allowed_models: ['gtp-4o', 'regex:x.*'] }), [`governance.virtual_keys[0].provider_configs[0].allowed_models[0]: openai/gtp-4o, ${NEAR}`]],
  ['one of the short form', { virtual_keys: [key({ providers: [{ provider: 'openai', model: 'gtp-4o' }] })] }, [`governance.virtual_keys[0].providers[0].model: openai/gtp-4o, ${NEAR}`]],
  ['each once', { ...to('gtp-4o'), ...grants({ allowed_models: ['gtp-4o'] }) }, [`governance.routing_rules[0].targets[0].model: openai/gtp-4o, ${NEAR}`]],
  ['one whose price the operator says', { ...to('gtp-4o'), pricing_overrides: [{ model_pattern: 'gtp-4o', input_per_million: 1 }] }, []],
  ['an alias of one that is known', to('mine'), [], { providers: { openai: { keys: [{ value: 'v', aliases: { mine: 'gpt-4o' } }] } } }],
  ['an alias of one that is not', {}, [`providers.openai.keys[0].aliases.mine: openai/nope-nope-nope, ${CATALOGUE}`], { providers: { openai: { keys: [{ value: 'v', aliases: { mine: 'nope-nope-nope' } }] } } }],
  ['anything at an operator’s own address', to('nope'), [], { providers: { openai: { network_config: { base_url: 'http://10.0.0.1' }, keys: [{ value: 'v' }] } } }],
  ['one without price, which a budget binds', { ...to('nope-nope-nope'), providers: [{ name: 'openai', budget: BUDGET }] }, [`governance.routing_rules[0].targets[0].model: openai/nope-nope-nope, ${CATALOGUE}`, `governance.routing_rules[0].targets[0].model: openai/nope-nope-nope, ${PRICE}`]],
  ['… at an operator’s own address', { ...to('nope'), virtual_keys: [key({ budget: BUDGET })] }, [`governance.routing_rules[0].targets[0].model: openai/nope, ${PRICE}`], { providers: { openai: { network_config: { base_url: 'http://10.0.0.1' }, keys: [{ value: 'v' }] } } }],
  ['… which no budget binds', { ...to('nope'), virtual_keys: [key({ provider_configs: [{ provider: 'groq' }], budget: BUDGET })] }, [], { providers: { ...KEYS, openai: { network_config: { base_url: 'http://10.0.0.1' }, keys: [{ value: 'v' }] } } }],
] // prettier-ignore

describe('models', () => {
  it.each(MODELS)('%s', async (_title, governance, expected, rest) => {
    expect(await findings(governance, rest)).toEqual(expected)
  })
})

const PRICES: [title: string, override: object, expected: string[]][] = [
  ['of everybody', {}, []],
  ['of a provider', { scope_kind: 'provider', provider_id: 'OpenAI' }, []],
  ['of a provider that is not there', { scope_kind: 'provider', provider_id: 'vertex' }, ['governance.pricing_overrides[0].provider_id: prices of "vertex", which is not there → one of openai, groq']],
  ['of a provider key that is not there', { scope_kind: 'provider_key', provider_key_id: 'p' }, ['governance.pricing_overrides[0].provider_key_id: prices of "p", which is not there → one of o, groq/key 1']],
  ['of a virtual key that is not there', { scope_kind: 'virtual_key_provider', virtual_key_id: 'x', provider_id: 'groq' }, ['governance.pricing_overrides[0].virtual_key_id: prices of "x", which is not there → one of k']],
] // prettier-ignore

describe('prices', () => {
  it.each(PRICES)('%s', async (_title, override, expected) => {
    const pricing_overrides = [{ model_pattern: 'm', input_per_million: 1, ...override }]
    expect(await findings({ pricing_overrides, virtual_keys: [key()] })).toEqual(expected)
  })
})

const PATHS: Path[] = [
  ['a'], ['a', 0], ['a', 0, 'b'], ['a b', 'c'], ['a', '"x"', 1], ['a.b', '[0]', 'c'], ['$schema', 'x-y'], ['<<', 'a'], ['', 'a'],
] // prettier-ignore

it.each(PATHS.map((path) => [path]))('place %j is read as it is written', (path) => {
  expect(parsePlace(formatPath(path))).toEqual(path)
})
