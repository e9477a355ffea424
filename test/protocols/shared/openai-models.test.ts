import { describe, expect, it } from 'vitest'
import { lookup } from '../../../src/models/catalogue.ts'
import { encodeModel, encodeModelList } from '../../../src/protocols/shared/openai-models.ts'
import type { ListedModel } from '../../../src/protocols/model-list.ts'

function listed(provider: string, model: string, name = model): ListedModel {
  return { id: `${provider}/${name}`, provider, model, facts: lookup(provider, model) }
}

describe('a model', () => {
  it('with all that is known of it', () => {
    expect(encodeModel(listed('openai', 'gpt-5'))).toEqual({
      id: 'openai/gpt-5',
      object: 'model',
      created: Date.parse('2025-08-07') / 1000,
      owned_by: 'openai',
      name: 'GPT-5',
      context_length: 400_000,
      max_input_tokens: 272_000,
      max_output_tokens: 128_000,
      architecture: {
        modality: 'text+image+pdf->text',
        input_modalities: ['text', 'image', 'pdf'],
        output_modalities: ['text'],
      },
      pricing: { prompt: '0.0000012500', completion: '0.0000100000', input_cache_read: '0.0000001250' },
      supported_parameters: [
        'max_tokens',
        'stop',
        'stream',
        'temperature',
        'top_p',
        'tools',
        'tool_choice',
        'reasoning',
        'reasoning_effort',
      ],
      supported_methods: ['chat_completion', 'responses'],
    })
  })

  it('an alias says what it stands for', () => {
    expect(encodeModel(listed('anthropic', 'claude-opus-5-5', 'best'))).toMatchObject({
      id: 'anthropic/best',
      canonical_slug: 'anthropic/claude-opus-5-5',
      name: 'Claude Opus 5.5',
      pricing: { input_cache_write: '0.0000050000' },
    })
  })

  it('a deployment says its name at the provider', () => {
    const deployed = { ...listed('azure', 'our-prod', 'gpt'), facts: lookup('azure', 'gpt-5') }
    expect(encodeModel(deployed)).toMatchObject({ deployment: 'our-prod', canonical_slug: 'azure/gpt-5' })
  })

  it('of which nothing is known', () => {
    expect(encodeModel(listed('ollama', 'llama3'))).toEqual({
      id: 'ollama/llama3',
      object: 'model',
      created: 0,
      owned_by: 'ollama',
    })
  })

  it('that takes no sampling and makes vectors', () => {
    expect(encodeModel(listed('anthropic', 'claude-opus-5-5'))['supported_parameters']).not.toContain(
      'temperature',
    )
    expect(encodeModel(listed('openai', 'text-embedding-3-small'))).toMatchObject({
      supported_parameters: [],
      supported_methods: ['embedding'],
    })
  })
})

describe('the list', () => {
  const models = ['openai/a', 'openai/b', 'groq/c', 'openai/d'].map((id) => {
    const [provider = '', model = ''] = id.split('/')
    return { id, provider, model, facts: undefined }
  })
  it.each<[query: string, ids: string[], next: string | undefined]>([
    ['', ['openai/a', 'openai/b', 'groq/c', 'openai/d'], undefined],
    ['provider=openai', ['openai/a', 'openai/b', 'openai/d'], undefined],
    ['provider=Groq', ['groq/c'], undefined],
    ['provider=groq,openai', ['openai/a', 'openai/b', 'groq/c', 'openai/d'], undefined],
    ['provider=nobody', [], undefined],
    ['page_size=2', ['openai/a', 'openai/b'], 'openai/b'],
    ['page_size=2&page_token=openai/b', ['groq/c', 'openai/d'], undefined],
    ['page_size=2&provider=openai&page_token=openai/a', ['openai/b', 'openai/d'], undefined],
    ['page_size=0', ['openai/a', 'openai/b', 'groq/c', 'openai/d'], undefined],
    ['page_token=nothing', ['openai/a', 'openai/b', 'groq/c', 'openai/d'], undefined],
  ])('?%s', (query, ids, next) => {
    const list = encodeModelList(models, new URLSearchParams(query))
    expect((list['data'] as { id: string }[]).map(({ id }) => id)).toEqual(ids)
    expect(list['next_page_token']).toBe(next)
  })
})
