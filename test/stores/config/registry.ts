import type { Protocol } from '../../../src/protocols/protocol.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { Registry } from '../../../src/stores/config/registry.ts'

/** Providers of each kind that the configuration must tell apart; what they speak does not matter to it. */
function provider(id: string, rest: Partial<Provider>): Provider {
  return {
    id,
    protocol: { id: id === 'anthropic' ? 'anthropic' : 'openai-chat' } as Protocol,
    paths: { generate: '/v1/chat/completions', models: '/v1/models' },
    auth: () => ({}),
    quirks: {},
    ...rest,
  }
}

const PROVIDERS = [
  provider('anthropic', {
    baseUrl: 'https://api.anthropic.com',
    paths: { generate: '/v1/messages', countTokens: '/v1/messages/count_tokens', models: '/v1/models' },
    keyVariables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_KEY'],
    loginTokenPrefix: 'sk-ant-oat',
  }),
  provider('openai', { baseUrl: 'https://api.openai.com', keyVariables: ['OPENAI_API_KEY', 'OPENAI_KEY'] }),
  provider('gemini', {
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    paths: { generate: '/openai/chat/completions', models: '/openai/models' },
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
    const { protocol, paths: basePaths } = providers.get(baseType)!
    return provider(id, {
      protocol,
      paths: { ...basePaths, ...paths },
      ...(keyless === true ? { keyless } : {}),
    })
  },
}
