import { describe, expect, it } from 'vitest'
import {
  encodeModel,
  encodeModelList,
  endpoints,
  foreignPrefix,
} from '../../../src/protocols/anthropic/endpoints.ts'
import type { ListedModel } from '../../../src/protocols/model-list.ts'

const listed = (id: string, facts?: ListedModel['facts']): ListedModel => ({
  id,
  provider: 'anthropic',
  model: id,
  facts,
})

const IDS = ['claude-a', 'claude-b', 'claude-c', 'anthropic/openai/gpt-5', 'anthropic/openai/gpt-6']

const PAGES: [query: string, ids: string[], hasMore: boolean][] = [
  ['', IDS, false],
  ['limit=1000', IDS, false],
  ['limit=2', ['claude-a', 'claude-b'], true],
  ['limit=2&after_id=claude-b', ['claude-c', 'anthropic/openai/gpt-5'], true],
  ['limit=2&after_id=anthropic%2Fopenai%2Fgpt-5', ['anthropic/openai/gpt-6'], false],
  ['limit=2&after_id=anthropic%2Fopenai%2Fgpt-6', [], false],
  ['limit=2&before_id=anthropic%2Fopenai%2Fgpt-5', ['claude-b', 'claude-c'], true],
  ['limit=9&before_id=claude-c', ['claude-a', 'claude-b'], false],
  ['limit=0', IDS, false],
  ['limit=abc', IDS, false],
  ['after_id=unknown', IDS, false],
]

describe('the list of models', () => {
  it.each(PAGES)('?%s', (query, ids, hasMore) => {
    const list = encodeModelList(
      IDS.map((id) => listed(id)),
      new URLSearchParams(query),
    )
    expect((list['data'] as { id: string }[]).map(({ id }) => id)).toEqual(ids)
    expect(list).toMatchObject({ has_more: hasMore, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null })
  })

  it('has models as the API has them', () => {
    expect(encodeModel(listed('claude-a'))).toEqual({
      type: 'model',
      id: 'claude-a',
      display_name: 'claude-a',
      created_at: '1970-01-01T00:00:00Z',
      max_input_tokens: null,
      max_tokens: null,
    })
    const facts = {
      id: 'claude-a',
      name: 'Claude A',
      released: '2026-02-05',
      contextWindowTokens: 200_000,
      maxOutputTokens: 64_000,
    }
    expect(encodeModel(listed('claude-a', facts))).toEqual({
      type: 'model',
      id: 'claude-a',
      display_name: 'Claude A',
      created_at: '2026-02-05T00:00:00Z',
      max_input_tokens: 200_000,
      max_tokens: 64_000,
    })
  })

  it('offers other providers’ models under names that Claude Code shows', () => {
    expect(`${foreignPrefix.prefix}openai/gpt-5`).toMatch(/claude|anthropic/)
  })
})

it('answers what Claude Code asks for', () => {
  expect(endpoints.map(({ method, path, operation }) => `${method} ${path} ${operation}`)).toEqual([
    'POST /v1/messages generate',
    'POST /v1/messages/count_tokens count-tokens',
    'GET /v1/models list-models',
    'GET /v1/models/{model} get-model',
    'HEAD / probe',
    'HEAD  probe',
    'HEAD /api/hello probe',
    'GET /api/hello probe',
  ])
})
