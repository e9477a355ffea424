import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import type { ModelFacts } from '../../src/models/catalogue.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import type { Quirks } from '../../src/protocols/quirks.ts'
import { compatibleProviders } from '../../src/providers/compatible.ts'
import { PROVIDERS } from '../../src/providers/index.ts'

/** What the captures of Claude Code become at each provider of the table. No provider is named here. */
const CAPTURES = new URL('../data/claude/', import.meta.url)
const requests = readdirSync(CAPTURES)
  .filter((file) => file !== 'count-tokens.json')
  .map((file) => JSON.parse(readFileSync(new URL(file, CAPTURES), 'utf8')) as JsonObject)

interface ChatMessage {
  role: string
  tool_call_id?: string
  tool_calls?: { id: string }[]
}

/** A model that nobody knows, and one that reasons. */
const MODELS: { model: string; facts: ModelFacts | undefined }[] = [
  { model: 'unknown', facts: undefined },
  { model: 'thinker', facts: { id: 'thinker', reasoning: true, efforts: ['low', 'medium', 'high'] } },
]

interface Rule {
  rule: string
  when: (quirks: Quirks) => boolean
  holds: (body: JsonObject, quirks: Quirks) => boolean
  /** What it must refuse. */
  wrong: [body: JsonObject, quirks: Quirks]
}

const RULES: readonly Rule[] = [
  {
    rule: 'the output limit is in the declared field alone',
    when: ({ maxTokensField }) => maxTokensField !== undefined,
    holds: (body, { maxTokensField }) =>
      ['max_tokens', 'max_completion_tokens'].every((field) => field in body === (field === maxTokensField)),
    wrong: [{ max_completion_tokens: 1 }, { maxTokensField: 'max_tokens' }],
  },
  {
    rule: 'system text has the declared role',
    when: ({ systemRole }) => systemRole !== undefined,
    holds: (body, { systemRole }) =>
      messages(body).every(({ role }) => role === systemRole || !['system', 'developer'].includes(role)),
    wrong: [{ messages: [{ role: 'developer' }] }, { systemRole: 'system' }],
  },
  {
    rule: 'the end user is in the declared field alone',
    when: ({ userField }) => userField !== undefined,
    holds: (body, { userField }) =>
      ['safety_identifier', 'user'].every((field) => field === userField || !(field in body)),
    wrong: [{ user: 'a' }, { userField: 'none' }],
  },
  {
    rule: 'usage is asked for unless the provider refuses the question',
    when: () => true,
    holds: (body, { streamOptions }) =>
      'stream_options' in body === (body.stream === true && streamOptions !== false),
    wrong: [{ stream: true, stream_options: {} }, { streamOptions: false }],
  },
  {
    rule: 'effort is asked for in the declared way',
    when: () => true,
    holds: (body, { effortStyle = 'reasoning_effort' }) =>
      (!('reasoning' in body) || effortStyle === 'reasoning-object') &&
      (!('reasoning_effort' in body) || effortStyle === 'reasoning_effort'),
    wrong: [{ reasoning_effort: 'low' }, { effortStyle: 'none' }],
  },
  {
    rule: 'ids of tool calls have the declared length, and results keep them',
    when: ({ toolCallIdLength }) => toolCallIdLength !== undefined,
    holds: (body, { toolCallIdLength }) => {
      const calls = messages(body).flatMap((message) => message.tool_calls?.map(({ id }) => id) ?? [])
      const results = messages(body).flatMap(({ tool_call_id: id }) => id ?? [])
      return calls.every((id) => id.length === toolCallIdLength) && results.every((id) => calls.includes(id))
    },
    wrong: [{ messages: [{ role: 'assistant', tool_calls: [{ id: 'toolu_01' }] }] }, { toolCallIdLength: 9 }],
  },
  {
    rule: 'cache marks go only to those who know them',
    when: ({ cacheControl }) => cacheControl !== true,
    holds: (body) => !JSON.stringify(messages(body)).includes('"cache_control"'),
    wrong: [{ messages: [{ role: 'user', content: [{ cache_control: {} }] }] }, {}],
  },
]

it.each(RULES)('$rule: concerns a provider, and can fail', ({ when, holds, wrong }) => {
  expect(compatibleProviders.some(({ surfaces }) => surfaces.some(({ quirks }) => when(quirks)))).toBe(true)
  expect(holds(...wrong)).toBe(false)
})

/** Servers and workspaces whose address only their operator knows. */
const OF_THE_OPERATOR = ['ollama', 'lmstudio', 'sgl', 'vllm', 'databricks']

describe.each(compatibleProviders.map((provider) => [provider.id, provider] as const))(
  '%s',
  (id, provider) => {
    it('has a name that can stand before a slash', () => {
      expect(id).toMatch(/^[a-z][a-z0-9_-]*$/)
      expect(PROVIDERS.get(id)).toBe(provider)
    })

    it('is reached over https with at most one version in its path, or where the operator says', () => {
      if (provider.baseUrl === undefined) return expect(OF_THE_OPERATOR).toContain(id)
      expect(provider.baseUrl).toMatch(/^https:\/\/[a-z0-9.-]+(\/[\w-]+)*$/)
      for (const path of provider.surfaces.flatMap(({ paths }) => Object.values(paths) as string[])) {
        expect(`${provider.baseUrl}${path}`).not.toMatch(/\/v\d\w*\/.*v\d/)
      }
    })

    it('finds its key in variables that no other provider has, or needs none', () => {
      const others = [...PROVIDERS.values()].filter((other) => other !== provider)
      const taken = new Set(others.flatMap(({ keyVariables }) => keyVariables ?? []))
      const own = provider.keyVariables ?? []
      expect(own.length > 0 || OF_THE_OPERATOR.includes(id)).toBe(true)
      for (const name of own) {
        expect(name).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/)
        expect(taken).not.toContain(name)
      }
    })

    const { protocol, quirks } = provider.surfaces.find((one) => one.protocol.id === 'openai-chat')!

    it.each(RULES.filter(({ when }) => when(quirks)))('$rule', ({ holds }) => {
      for (const request of requests) {
        const decoded = anthropic.request.decode(request).request
        for (const target of MODELS) {
          const encoded = protocol.request.encode(decoded, { ...target, quirks })
          const body = encoded.body.join('')
          expect(holds(JSON.parse(body) as JsonObject, quirks), body.slice(0, 2000)).toBe(true)
        }
      }
    })
  },
)

function messages(body: JsonObject): ChatMessage[] {
  return body.messages as ChatMessage[]
}
