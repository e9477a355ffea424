import { describe, expect, it } from 'vitest'
import type { ListSemantics } from '../../../src/stores/config/defaults.ts'
import type { Governance } from '../../../src/stores/config/governance.ts'
import { governanceOf, load, messagesOf, onlyKey } from './support.ts'

const PROVIDERS = {
  openai: { keys: [{ id: 'o1', name: 'first', value: 'v' }, { name: 'second', value: 'w' }] },
  groq: { keys: [{ name: 'only', value: 'v' }] },
} // prettier-ignore

function keyed(virtualKey: object, semantics?: ListSemantics): Promise<Governance> {
  const virtual_keys = [{ id: 'k', name: 'k', value: 'sk-bf-k', ...virtualKey }]
  return governanceOf(
    { ...(semantics && { list_semantics: semantics }), virtual_keys },
    { providers: PROVIDERS },
  )
}

const ALL: ListSemantics[] = ['deny_empty', 'allow_empty', 'deny_absent']

/** What a key may: + a call of gpt-4o at openai, - blocked at the provider, m blocked by its model; in each of the three semantics. */
const LISTS: [title: string, virtualKey: object, outcomes: string][] = [
  ['no list of providers', {}, '++-'],
  ['null instead of one', { provider_configs: null }, '++-'],
  ['an empty one', { provider_configs: [] }, '-+-'],
  ['an empty one in short form', { providers: [] }, '-+-'],
  ['an empty one, and all providers', { provider_configs: [], allow_all_providers: true }, '+++'],
  ['all providers', { allow_all_providers: true }, '+++'],
  ['another provider', { provider_configs: [{ provider: 'groq' }] }, '---'],
  ['another provider, and all', { provider_configs: [{ provider: 'groq' }], allow_all_providers: true }, '+++'],
  ['the provider, and no list of models', { provider_configs: [{ provider: 'openai' }] }, '++m'],
  ['… in other letters', { provider_configs: [{ provider: 'OpenAI', allowed_models: ['*'] }] }, '+++'],
  ['an empty list of models', { provider_configs: [{ provider: 'openai', allowed_models: [] }] }, 'm+m'],
  ['all models', { provider_configs: [{ provider: 'openai', allowed_models: ['*'] }] }, '+++'],
  ['the model', { provider_configs: [{ provider: 'openai', allowed_models: ['gpt-4o'] }] }, '+++'],
  ['another model', { provider_configs: [{ provider: 'openai', allowed_models: ['gpt-5'] }] }, 'mmm'],
  ['all providers, but of this one another model', { provider_configs: [{ provider: 'openai', allowed_models: ['gpt-5'] }], allow_all_providers: true }, 'mmm'],
  ['the model, and blocked', { provider_configs: [{ provider: 'openai', allowed_models: ['gpt-4o'], blacklisted_models: ['gpt-4o'] }] }, 'mmm'],
  ['two grants of the provider, the second with the model', { provider_configs: [{ provider: 'openai', allowed_models: ['gpt-5'] }, { provider: 'openai', allowed_models: ['gpt-4o'] }] }, '+++'],
  ['the short form', { providers: [{ provider: 'openai', model: 'gpt-4o' }] }, '+++'],
  ['the short form, for another model', { providers: [{ provider: 'openai', model: 'gpt-5' }] }, 'mmm'],
  ['the short form without a model', { providers: [{ provider: 'openai' }] }, '+++'],
] // prettier-ignore

const SIGNS = { granted: '+', 'provider-blocked': '-', 'model-blocked': 'm' }

it.each(LISTS)('lists: %s', async (_title, virtualKey, outcomes) => {
  const found = ALL.map(async (semantics) => {
    const governance = await keyed(virtualKey, semantics)
    return SIGNS[governance.grantFor(onlyKey(governance), 'openai', ['gpt-4o']).outcome]
  })
  expect((await Promise.all(found)).join('')).toBe(outcomes)
})

const SPELLINGS: [title: string, grant: object, name: string, allowed: boolean][] = [
  ['itself', { allowed_models: ['gpt-4o'] }, 'gpt-4o', true],
  ['in capitals', { allowed_models: ['gpt-4o'] }, 'GPT-4o', true],
  ['with its provider', { allowed_models: ['openai/gpt-4o'] }, 'gpt-4o', true],
  ['asked for with its provider', { allowed_models: ['gpt-4o'] }, 'openai/gpt-4o', true],
  ['a version of it', { allowed_models: ['gpt-4o'] }, 'gpt-4o-2024-08-06', true],
  ['the model, where a version is listed', { allowed_models: ['gpt-4o-2024-08-06'] }, 'gpt-4o', false],
  ['another version', { allowed_models: ['gpt-4o-2024-08-06'] }, 'gpt-4o-2024-11-20', false],
  ['a smaller one', { allowed_models: ['gpt-4o'] }, 'gpt-4o-mini', false],
  ['a longer name', { allowed_models: ['gpt-4'] }, 'gpt-4o', false],
  ['the long window', { allowed_models: ['claude-opus-5-5'] }, 'claude-opus-5-5[1m]', true],
  ['a cloud’s spelling', { allowed_models: ['claude-opus-5-5'] }, 'us.anthropic.claude-opus-5-5-v1:0', true],
  ['G4 blocked in a cloud’s spelling', { blacklisted_models: ['claude-opus-4-8'] }, 'us.anthropic.claude-opus-4-8-v1:0', false],
  ['G4 blocked with its maker', { blacklisted_models: ['claude-opus-4-8'] }, 'anthropic/claude-opus-4-8', false],
  ['G4 blocked in a version', { blacklisted_models: ['claude-opus-4-8'] }, 'claude-opus-4-8-20260101', false],
  ['G4 blocked with dots', { blacklisted_models: ['claude-opus-4-8'] }, 'anthropic/claude-opus-4.8', false],
  ['G4 blocked with blanks around it', { blacklisted_models: ['claude-opus-4-8'] }, ' claude-opus-4-8\t', false],
  ['not blocked', { blacklisted_models: ['claude-opus-4-8'] }, 'claude-opus-5-5', true],
  ['of one maker', { allowed_models: ['meta-llama/llama-4'] }, 'meta-llama/llama-4', true],
  ['of another maker', { allowed_models: ['meta-llama/llama-4'] }, 'evil/llama-4', false],
  ['an expression', { allowed_models: ['regex:gpt-.*-mini'] }, 'gpt-5-mini', true],
  ['an expression in capitals', { allowed_models: ['regex:GPT-.*'] }, 'gpt-5', true],
  ['an expression for the whole name', { allowed_models: ['regex:gpt'] }, 'gpt-5', false],
  ['an expression that blocks', { allowed_models: ['*'], blacklisted_models: ['regex:.*-pro'] }, 'gpt-5-pro', false],
  ['too long a name for one that allows', { allowed_models: ['regex:[a-z]{200}.*'] }, 'a'.repeat(10_000), false],
  ['too long a name for one that blocks', { blacklisted_models: ['regex:[a-z]{200}.*'] }, '-'.repeat(10_000), false],
  ['E4 what every object has', { allowed_models: ['gpt-4o'] }, '__proto__', false],
] // prettier-ignore

it.each(SPELLINGS)('models: %s', async (_title, grant, name, allowed) => {
  const governance = await keyed({ provider_configs: [{ provider: 'openai', ...grant }] })
  const { outcome } = governance.grantFor(onlyKey(governance), 'openai', [name])
  expect(outcome).toBe(allowed ? 'granted' : 'model-blocked')
})

it('G4 what names no model could be any, so that a list of blocked ones refuses it, too', async () => {
  const outcome = async (grant: object) => {
    const governance = await keyed({ provider_configs: [{ provider: 'openai', ...grant }] })
    return governance.grantFor(onlyKey(governance), 'openai', []).outcome
  }
  expect(await outcome({ allowed_models: ['*'], blacklisted_models: ['gpt-5-pro'] })).toBe('model-blocked')
  expect(await outcome({ allowed_models: ['gpt-5-mini'] })).toBe('model-blocked')
  expect(await outcome({ allowed_models: ['*'] })).toBe('granted')
})

it('of all that a model is called, one name allows it and one blocks it', async () => {
  const governance = await keyed({
    provider_configs: [{ provider: 'openai', allowed_models: ['cheap'], blacklisted_models: ['gpt-5-pro'] }],
  })
  const outcome = (...names: string[]) => governance.grantFor(onlyKey(governance), 'openai', names).outcome
  expect(outcome('gpt-4o-mini', 'cheap')).toBe('granted')
  expect(outcome('gpt-5-pro', 'cheap')).toBe('model-blocked')
})

const KEY_IDS: [title: string, grant: object, outcomes: [string, string, string]][] = [
  ['none are named', {}, ['all', 'all', '']],
  ['null', { key_ids: null }, ['all', 'all', '']],
  ['an empty list', { key_ids: [] }, ['', 'all', '']],
  ['all', { key_ids: ['*'] }, ['all', 'all', 'all']],
  ['an id', { key_ids: ['o1'] }, ['o1', 'o1', 'o1']],
  ['a made-up id', { key_ids: ['openai/second'] }, ['openai/second', 'openai/second', 'openai/second']],
  ['a name', { allowed_keys: ['first'] }, ['o1', 'o1', 'o1']],
  ['names among the ids', { key_ids: ['first', 'second'] }, ['o1,openai/second', 'o1,openai/second', 'o1,openai/second']],
  ['objects', { keys: [{ key_id: 'o1' }, { name: 'second' }] }, ['o1,openai/second', 'o1,openai/second', 'o1,openai/second']],
  ['all spellings at once', { key_ids: ['o1'], allowed_keys: ['second'], keys: [{ id: 'o1' }] }, ['o1,openai/second', 'o1,openai/second', 'o1,openai/second']],
  ['the short form', { model: 'gpt-4o' }, ['all', 'all', 'all']],
] // prettier-ignore

it.each(KEY_IDS)('provider keys: %s', async (_title, grant, outcomes) => {
  const found = ALL.map(async (semantics) => {
    const governance = await keyed({ provider_configs: [{ provider: 'openai', ...grant }] }, semantics)
    const ids = onlyKey(governance).grants![0]!.keyIds
    return ids === undefined ? 'all' : [...ids].join()
  })
  expect(await Promise.all(found)).toEqual(outcomes)
})

describe('a provider key that is not there', () => {
  const virtual_keys = [
    { id: 'k', name: 'k', value: 'sk-bf-k', provider_configs: [{ provider: 'openai', key_ids: ['nope'] }] },
  ]
  it('allows nothing, and is told', async () => {
    const loaded = await load({ providers: PROVIDERS, governance: { virtual_keys } })
    expect(onlyKey(loaded.configuration.governance).grants![0]!.keyIds).toEqual(new Set())
    expect(messagesOf(loaded)).toEqual([
      'The virtual key "k" names the key "nope" of openai, which is not there.',
    ])
  })
})

const WEIGHTS: [title: string, grant: object, weights: (number | undefined)[]][] = [
  ['none', {}, [1, 1, 1]],
  ['0.7', { weight: 0.7 }, [0.7, 0.7, 0.7]],
  ['0', { weight: 0 }, [0, 0, 0]],
  ['a small one, which they cut to 0', { weight: 0.005 }, [0.005, 0.005, 0.005]],
  ['null, which was 1 before 1.5', { weight: null }, [undefined, 1, undefined]],
]

it.each(WEIGHTS)('weight: %s', async (_title, grant, weights) => {
  const found = ALL.map(async (semantics) => {
    const governance = await keyed({ provider_configs: [{ provider: 'openai', ...grant }] }, semantics)
    return onlyKey(governance).grants![0]!.weight
  })
  expect(await Promise.all(found)).toEqual(weights)
})
