import { openaiResponses } from '../../../src/protocols/openai-responses/index.ts'
import { expect, it } from 'vitest'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../../../src/providers/index.ts'
import { compileText } from '../../../src/stores/config/load.ts'

/** The configuration together with the providers that this program really has. */
const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }

const VARIABLES: [variable: string, provider: string][] = [
  ['ANTHROPIC_API_KEY', 'anthropic'],
  ['OPENAI_API_KEY', 'openai'],
  ['GEMINI_API_KEY', 'gemini'],
  ['OPENROUTER_API_KEY', 'openrouter'],
  ['GROQ_API_KEY', 'groq'],
  ['MISTRAL_API_KEY', 'mistral'],
]

it.each(VARIABLES)(
  '%s is found without any configuration, and used by reference',
  async (variable, provider) => {
    const environment = { [variable]: 'sk-1' }
    const { configuration } = await compileText(undefined, 'config.json', {
      registry,
      environment,
      appDir: '/app',
      version: 1,
    })
    const withKeys = [...configuration.providers.values()].filter(({ keys }) => keys.length > 0)
    expect(
      withKeys.map(({ id, keys }) => [
        id,
        keys.map(({ name, reference, value }) => ({ name, reference, value })),
      ]),
    ).toEqual([[provider, [{ name: variable, reference: `env.${variable}`, value: 'sk-1' }]]])
  },
)

it('every provider of the program can be configured with a key and an address, and none has a notice', async () => {
  const key = {
    name: 'k',
    value: 'v',
    azure_key_config: { endpoint: 'https://a.example' },
    vertex_key_config: { project_id: 'p', region: 'global' },
    bedrock_key_config: { region: 'us-east-1' },
  }
  const settings = { keys: [key], network_config: { base_url: 'https://a.example' } }
  const providers = Object.fromEntries([...PROVIDERS.keys()].map((id) => [id, settings]))
  const { configuration, notices } = await compileText(JSON.stringify({ providers }), 'config.json', {
    registry,
    environment: {},
    appDir: '/app',
    version: 1,
  })
  expect([...configuration.providers.keys()]).toEqual([...PROVIDERS.keys()])
  expect(notices).toEqual([])
})

it.each([
  ['its own address', undefined, ['openai-responses', 'openai-chat']],
  ['a server that imitates it', 'http://127.0.0.1:8000/v1', ['openai-chat', 'openai-responses']],
])('OpenAI at %s', async (_where, base_url, apis) => {
  const settings = { keys: [{ value: 'k' }], network_config: base_url === undefined ? {} : { base_url } }
  const text = JSON.stringify({ providers: { openai: settings } })
  const { configuration } = await compileText(text, 'config.json', {
    registry,
    environment: {},
    appDir: '/app',
    version: 1,
  })
  const { surfaces } = configuration.providers.get('openai')!.provider
  expect(surfaces.map(({ protocol }) => protocol.id)).toEqual(apis)
})

it.each(CUSTOM_BASE_TYPES)('a provider of your own speaks as %s does', async (baseType) => {
  const text = JSON.stringify({
    providers: {
      mine: {
        network_config: { base_url: 'http://b.example' },
        custom_provider_config: { base_provider_type: baseType },
      },
    },
  })
  const { configuration } = await compileText(text, 'config.json', {
    registry,
    environment: {},
    appDir: '/app',
    version: 1,
  })
  const mine = configuration.providers.get('mine')
  const [surface] = mine!.provider.surfaces
  // A server that speaks OpenAI's API seldom has its newer one.
  const base = PROVIDERS.get(baseType)!.surfaces.find(({ protocol }) => protocol !== openaiResponses)
  expect(surface).toMatchObject({ protocol: base!.protocol, paths: base!.paths })
})
