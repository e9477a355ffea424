/** Which models a caller is told of. */
import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/pipeline/authenticate.ts'
import type { Call } from '../../src/pipeline/call.ts'
import { getModel, listModels } from '../../src/pipeline/models.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'
import { compileText } from '../../src/stores/config/load.ts'
import { registry } from '../stores/config/registry.ts'

const ANYBODY: Caller = { virtualKey: undefined, bearerToken: undefined }

interface Asked {
  protocol?: Protocol
  query?: string
  model?: string
  caller?: Caller
}

async function ask(
  providers: object,
  { protocol = openaiChat, query = '', model, caller = ANYBODY }: Asked = {},
) {
  const options = { registry, environment: {}, appDir: '/app', version: 1 }
  const { configuration } = await compileText(JSON.stringify({ providers }), 'config.json', options)
  let sent = ''
  const reply = { send: (_status: number, _headers: object, body: string) => (sent = body) }
  const call = {
    id: 'c',
    protocol,
    query: new URLSearchParams(query),
    pathModel: model,
    preferredProviders: [],
    reply,
  }
  const answer = model === undefined ? listModels : getModel
  answer(call as unknown as Call, caller, configuration)
  return JSON.parse(sent) as { id: string; data: { id: string }[] }
}

const idsOf = async (providers: object, asked?: Asked) =>
  (await ask(providers, asked)).data.map(({ id }) => id)

const key = (settings: object = {}) => ({ name: 'k', value: 'sk-1', ...settings })

describe('the list', () => {
  it.each<[string, object, string[]]>([
    [
      'of keys that list models',
      { openai: { keys: [key({ models: ['gpt-5', 'gpt-5-mini'] })] } },
      ['openai/gpt-5', 'openai/gpt-5-mini'],
    ],
    [
      'with aliases first, each once',
      { openai: { keys: [key({ models: ['gpt-5', 'fast'], aliases: { fast: 'gpt-5-nano' } })] } },
      ['openai/fast', 'openai/gpt-5'],
    ],
    [
      'of several keys',
      { openai: { keys: [key({ models: ['a'] }), key({ name: 'l', models: ['a', 'b'] })] } },
      ['openai/a', 'openai/b'],
    ],
    [
      'without what every key blocks',
      { openai: { keys: [key({ models: ['a', 'b'], blacklisted_models: ['b'] })] } },
      ['openai/a'],
    ],
    [
      'without keys that are switched off',
      { openai: { keys: [key({ models: ['a'] }), key({ name: 'l', models: ['b'], enabled: false })] } },
      ['openai/a'],
    ],
    ['without providers that have no usable key', { openai: { keys: [key({ value: 'env.NOTHING' })] } }, []],
  ])('%s', async (_, providers, ids) => {
    expect(await idsOf(providers)).toEqual(ids)
  })

  it('of a key for all models has what agents can work with', async () => {
    const ids = await idsOf({ openai: { keys: [key({ blacklisted_models: ['gpt-5-mini'] })] } })
    expect(ids).toContain('openai/gpt-5')
    expect(ids).not.toContain('openai/gpt-5-mini')
    // No tools, and withdrawn.
    expect(ids).not.toContain('openai/text-embedding-3-small')
    expect(ids).not.toContain('openai/gpt-4o-2024-05-13')
  })

  it('in Claude Code’s form: a thousand at once, each under a name that it shows', async () => {
    const providers = { openai: { keys: [key()] }, anthropic: { keys: [key()] } }
    const ids = await idsOf(providers, { protocol: anthropic, query: 'limit=1000' })
    expect(ids.length).toBeGreaterThan(50)
    expect(ids).toContain('claude-opus-5-5')
    expect(ids).toContain('anthropic/openai/gpt-5')
    expect(ids.filter((id) => !/claude|anthropic/.test(id))).toEqual([])
  })

  it('has a provider’s models for a caller with a login of its own', async () => {
    const providers = { anthropic: { keys: [key({ models: ['claude-haiku-4-5'] })] } }
    expect(await idsOf(providers)).toEqual(['anthropic/claude-haiku-4-5'])
    const caller = { virtualKey: undefined, bearerToken: 'sk-ant-oat-1' }
    expect(await idsOf(providers, { caller })).toContain('anthropic/claude-opus-5-5')
  })
})

describe('one model', () => {
  it.each([
    ['gpt-5', { id: 'gpt-5', name: 'GPT-5', context_length: 400_000 }],
    ['openai/gpt-5', { id: 'openai/gpt-5', context_length: 400_000 }],
    ['openai/not-yet-known', { id: 'openai/not-yet-known', owned_by: 'openai' }],
  ])('%s', async (model, entry) => {
    expect(await ask({ openai: { keys: [key()] } }, { model })).toMatchObject(entry)
  })

  it.each(['', 'claude-nowhere/x'])('%j leads nowhere', async (model) => {
    await expect(ask({ openai: { keys: [key()] }, groq: { keys: [key()] } }, { model })).rejects.toThrow(
      /model/,
    )
  })
})
