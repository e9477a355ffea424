import type { Protocol, ProtocolId } from '../../../src/protocols/protocol.ts'
import type { Provider, Surface, SurfacePaths } from '../../../src/providers/provider.ts'
import type { Registry } from '../../../src/stores/config/registry.ts'

function surface(id: ProtocolId, paths: SurfacePaths): Surface {
  return { protocol: { id } as Protocol, paths, quirks: {} }
}

/** Providers of each kind that the configuration must tell apart; what they speak does not matter to it. */
function provider(id: string, rest: Partial<Provider>): Provider {
  return {
    id,
    surfaces: [surface('openai-chat', { generate: '/v1/chat/completions', models: '/v1/models' })],
    authorize: () => ({}),
    ...rest,
  }
}

const PROVIDERS = [
  provider('anthropic', {
    baseUrl: 'https://api.anthropic.com',
    surfaces: [
      surface('anthropic', {
        generate: '/v1/messages',
        countTokens: '/v1/messages/count_tokens',
        models: '/v1/models',
      }),
    ],
    keyVariables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_KEY'],
    loginTokenPrefix: 'sk-ant-oat',
  }),
  provider('openai', { baseUrl: 'https://api.openai.com', keyVariables: ['OPENAI_API_KEY', 'OPENAI_KEY'] }),
  provider('gemini', {
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    surfaces: [surface('openai-chat', { generate: '/openai/chat/completions', models: '/openai/models' })],
    keyVariables: ['GEMINI_API_KEY'],
  }),
  provider('groq', { baseUrl: 'https://api.groq.com/openai', keyVariables: ['GROQ_API_KEY'] }),
  provider('huggingface', { baseUrl: 'https://router.huggingface.co' }),
  provider('ollama', { keyless: true }),
  provider('vllm', { keyless: true }),
]

const providers = new Map(PROVIDERS.map((entry) => [entry.id, entry]))

export const registry: Registry = {
  providers,
  customBaseTypes: ['openai', 'anthropic'],
  customProvider: (id, baseType, { keyless, paths }) => {
    const [base] = providers.get(baseType)!.surfaces
    return provider(id, {
      surfaces: [{ ...base!, paths: { ...base!.paths, ...paths?.[base!.protocol.id] } }],
      ...(keyless === true ? { keyless } : {}),
    })
  },
}
