import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import { after, hi, translates, twoTools } from './request-rows.ts'
import type { Row } from './request-rows.ts'
import { assistant, text, toChat, user } from './translate.ts'

describe('limits and sampling', () => {
  translates([
    {
      name: '#21 A19 max_tokens',
      from: { max_tokens: 1000 },
      to: { max_tokens: 1000 },
      without: ['max_completion_tokens'],
    },
    {
      name: '#21 A19 reasoning models of OpenAI know only the newer field',
      model: 'gpt-5',
      from: { max_tokens: 32_000 },
      to: { max_completion_tokens: 32_000 },
      without: ['max_tokens'],
    },
    {
      name: '#21 … unless the provider has its own',
      model: 'gpt-5',
      quirks: { maxTokensField: 'max_tokens' },
      from: { max_tokens: 32_000 },
      to: { max_tokens: 32_000 },
      without: ['max_completion_tokens'],
    },
    {
      name: '#21 no more than the model can say',
      from: { max_tokens: 128_000 },
      to: { max_tokens: 16_384 },
      warns: ['changed max_tokens'],
    },
    {
      name: '#21 a model that nobody knows gets what was asked',
      model: 'my-model',
      from: { max_tokens: 128_000 },
      to: { max_tokens: 128_000 },
    },
    {
      name: '#21 A9 the probe of /model succeeds on a model that thinks first',
      model: 'gpt-5',
      from: { max_tokens: 1 },
      to: { max_completion_tokens: 1024 },
      warns: ['changed max_tokens'],
    },
    {
      name: '#21 A9 … and costs nothing more on one that does not',
      from: { max_tokens: 1 },
      to: { max_tokens: 1 },
    },
    {
      name: '#21 without reasoning OpenAI still wants 16',
      model: 'gpt-5.4',
      from: { max_tokens: 1, thinking: { type: 'disabled' } },
      to: { max_completion_tokens: 16, reasoning_effort: 'none' },
    },
    {
      name: '#22 sampling',
      from: { temperature: 0.2, top_p: 0.9, top_k: 40 },
      to: { temperature: 0.2, top_p: 0.9 },
      without: ['top_k'],
      warns: ['dropped top_k'],
    },
    {
      name: '#22 a reasoning model takes none',
      model: 'gpt-5',
      from: { temperature: 1, top_p: 0.9 },
      without: ['temperature', 'top_p'],
      warns: ['dropped temperature', 'dropped top_p'],
    },
    {
      name: '#22 … unless it is told not to reason',
      model: 'gpt-5.4',
      from: { temperature: 0.2, thinking: { type: 'disabled' } },
      to: { temperature: 0.2, reasoning_effort: 'none' },
    },
    {
      name: '#23 stop sequences, always as a list',
      from: { stop_sequences: ['END'] },
      to: { stop: ['END'] },
    },
    {
      name: '#23 four are sent, the fifth the gateway enforces',
      from: { stop_sequences: ['a', 'b', 'c', 'd', 'e'] },
      to: { stop: ['a', 'b', 'c', 'd'] },
      warns: ['emulated stop_sequences'],
    },
    {
      name: '#23 reasoning models take none',
      model: 'gpt-5',
      from: { stop_sequences: ['END'] },
      without: ['stop'],
      warns: ['emulated stop_sequences'],
    },
  ])
})

describe('what the answer’s decoder must know', () => {
  it.each([
    ['#23 all sequences, for a reasoning model', 'gpt-5', ['END'], ['END'], undefined],
    ['#23 the fifth sequence', 'gpt-4o', ['a', 'b', 'c', 'd', 'e'], ['e'], ['a', 'b', 'c', 'd']],
    ['#23 nothing', 'gpt-4o', ['a'], undefined, ['a']],
  ])('%s', (_name, model, stop_sequences, enforced, sent) => {
    const { memo } = toChat({ stop_sequences }, { model })
    expect(memo.enforceStop).toEqual(enforced)
    expect(memo.stopSequences).toEqual(sent)
  })

  it('#17 a search that nobody runs', () => {
    expect(
      toChat({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }).memo.webSearchUnavailable,
    ).toBe(true)
  })
})

const claudeCode = JSON.stringify({
  device_id: 'd'.repeat(64),
  account_uuid: '',
  session_id: '00000000-0000-4000-8000-000000000001',
})

describe('who asks', () => {
  const ids = (user_id: string, quirks = {}) => {
    const { body } = toChat({ metadata: { user_id } }, { quirks })
    return [body['safety_identifier'], body['user'], body['prompt_cache_key']] as (string | undefined)[]
  }

  it('#24 nothing of the client’s id leaves the gateway readable', () => {
    const { text: body } = toChat({ metadata: { user_id: claudeCode } }, { quirks: { promptCacheKey: true } })
    expect(body).not.toMatch(/dddd|00000000|session/)
    expect(ids(claudeCode)[0]).toMatch(/^[0-9a-zA-Z]{32}$/)
  })

  it('#24 sessions differ, the user stays', () => {
    const other = claudeCode.replace('000000001', '000000002')
    const [one, next] = [ids(claudeCode, { promptCacheKey: true }), ids(other, { promptCacheKey: true })]
    expect(one[0]).toBe(next[0])
    expect(one[2]).not.toBe(next[2])
  })

  it.each([
    ['in the older field', { userField: 'user' }, [undefined, expect.any(String), undefined]],
    ['not at all', { userField: 'none' }, [undefined, undefined, undefined]],
  ] as const)('#24 %s', (_name, quirks, expected) => {
    expect(ids('someone@example.org', quirks)).toEqual(expected)
  })

  it('#24 the older spelling of Claude Code', () => {
    const older = (session: string) =>
      ids(`user_${'d'.repeat(64)}_account__session_${session}`, { promptCacheKey: true })
    expect(older('one')[0]).toBe(older('two')[0])
    expect(older('one')[2]).not.toBe(older('two')[2])
  })
})

const think = (thinking: JsonObject | undefined, effort?: string, max_tokens = 32_000) => ({
  max_tokens,
  ...(thinking !== undefined && { thinking }),
  ...(effort !== undefined && { output_config: { effort } }),
})

describe('thinking', () => {
  translates([
    ...(
      [
        // The share of the budget in max_tokens decides.
        ['a quarter', { type: 'enabled', budget_tokens: 8000 }, undefined, 'low'],
        ['six tenths', { type: 'enabled', budget_tokens: 19_200 }, undefined, 'medium'],
        ['nearly all', { type: 'enabled', budget_tokens: 31_999 }, undefined, 'high'],
        ['a budget below Anthropic’s least (A8)', { type: 'enabled', budget_tokens: 500 }, undefined, 'low'],
        ['a budget and an effort', { type: 'enabled', budget_tokens: 500 }, 'high', 'high'],
        ['adaptive with effort', { type: 'adaptive' }, 'medium', 'medium'],
        ['effort alone', undefined, 'low', 'low'],
        ['max, where high is the most', { type: 'adaptive' }, 'max', 'high'],
        ['disabled, where minimal is the least', { type: 'disabled' }, undefined, 'minimal'],
      ] as const
    ).map(([what, thinking, effort, expected]): Row => ({
      name: `#25 A8 ${what}: ${expected}`,
      model: 'gpt-5',
      from: think(thinking, effort),
      to: { reasoning_effort: expected },
    })),
    {
      name: '#25 max is xhigh where there is one',
      model: 'gpt-5.4',
      from: think({ type: 'adaptive' }, 'max'),
      to: { reasoning_effort: 'xhigh' },
    },
    {
      name: '#25 disabled is none where there is one',
      model: 'gpt-5.4',
      from: think({ type: 'disabled' }),
      to: { reasoning_effort: 'none' },
    },
    {
      name: '#25 nothing said, nothing sent',
      model: 'gpt-5',
      from: think(undefined),
      without: ['reasoning_effort', 'reasoning'],
    },
    {
      name: '#25 adaptive alone: the model decides',
      model: 'gpt-5',
      from: think({ type: 'adaptive' }),
      without: ['reasoning_effort'],
    },
    {
      name: '#25 as OpenRouter’s object',
      model: 'anthropic/claude-opus-4.5',
      facts: { id: 'anthropic/claude-opus-4.5', reasoning: true },
      quirks: { effortStyle: 'reasoning-object' },
      from: think({ type: 'adaptive' }, 'max'),
      to: { reasoning: { effort: 'xhigh' } },
      without: ['reasoning_effort', 'thinking'],
    },
    {
      name: '#25 where the upstream has no setting',
      model: 'deepseek-v4',
      quirks: { effortStyle: 'none' },
      from: think({ type: 'adaptive' }, 'high'),
      without: ['reasoning_effort'],
      warns: ['dropped thinking'],
    },
    {
      name: '#25 A10 A20 a model that nobody knows is not asked: a default of the client must not fail',
      model: 'gpt-oss-999',
      from: think({ type: 'adaptive' }, 'high'),
      without: ['reasoning_effort', 'reasoning', 'thinking'],
      warns: ['dropped thinking'],
    },
    {
      name: '#25 A10 A20 … nor is one that does not reason',
      from: think({ type: 'adaptive', display: 'omitted' }, 'high'),
      without: ['reasoning_effort', 'reasoning', 'thinking'],
      warns: ['dropped thinking'],
    },
    {
      name: '#25 tools only without reasoning, where the upstream says so',
      model: 'gpt-5.4',
      quirks: { toolsNeedEffortNone: true },
      from: { ...think({ type: 'adaptive' }, 'high'), ...twoTools },
      to: { reasoning_effort: 'none' },
      warns: ['changed thinking'],
    },
    {
      name: '#25 … which does not concern older models',
      model: 'gpt-5',
      quirks: { toolsNeedEffortNone: true },
      from: { ...think({ type: 'adaptive' }, 'high'), ...twoTools },
      to: { reasoning_effort: 'high' },
    },
  ])
})

const CLAUDE_ONLY: JsonObject = {
  service_tier: 'auto',
  speed: 'fast',
  inference_geo: 'us',
  container: 'c',
  mcp_servers: [{}],
  fallbacks: [{}],
  context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
  diagnostics: {},
  safeguards: [{}],
  cache_control: { type: 'ephemeral' },
}

describe('what only Claude knows', () => {
  translates([
    ...Object.entries(CLAUDE_ONLY).map(([field, value]): Row => ({
      name: `#27 A1 A2 ${field}`,
      from: { [field]: value },
      without: [field],
      warns: [`dropped ${field}`],
    })),
    {
      name: 'a schema for the answer',
      from: {
        output_config: {
          format: {
            type: 'json_schema',
            schema: {
              type: 'object',
              properties: { title: { type: 'string' } },
              required: ['title'],
              additionalProperties: false,
            },
          },
        },
      },
      to: {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'answer', strict: true, schema: { type: 'object', required: ['title'] } },
        },
      },
    },
    {
      name: 'a schema that OpenAI would not take as strict',
      from: {
        output_config: {
          format: {
            type: 'json_schema',
            schema: { type: 'object', properties: { title: { type: 'string' } } },
          },
        },
      },
      to: {
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
      },
      warns: ['changed output_config.format'],
    },
    {
      name: 'a schema, told in words where the upstream knows none',
      quirks: { jsonSchema: false },
      from: { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      to: {
        response_format: { type: 'json_object' },
        messages: [
          {
            role: 'system',
            content: 'Answer with nothing but JSON that follows this JSON Schema:\n{"type":"object"}',
          },
          hi,
        ],
      },
      warns: ['emulated output_config.format'],
    },
    {
      name: 'a stream reports its usage at the end',
      from: { stream: true },
      to: { stream: true, stream_options: { include_usage: true } },
    },
    {
      name: 'a stream, where the upstream refuses the option',
      quirks: { streamOptions: false },
      from: { stream: true },
      to: { stream: true },
      without: ['stream_options'],
    },
    { name: 'no stream', from: {}, without: ['stream', 'stream_options', 'n'] },
  ])
})

const thinking = { type: 'thinking', thinking: 'Hmm.', signature: 'EqQB' }

describe('the body as a whole', () => {
  it('is the same bytes each time, with the conversation last: prompt caches compare from the front', () => {
    const from = {
      system: 'Be brief.',
      ...twoTools,
      metadata: { user_id: claudeCode },
      thinking: { type: 'adaptive' },
      stream: true,
    }
    expect(toChat(from).text).toBe(toChat(from).text)
    expect(Object.keys(toChat(from).body).slice(-2)).toEqual(['tools', 'messages'])
  })

  it('one warning a field, however often it came', () => {
    const { warnings } = toChat(
      after(assistant(thinking, text('a')), user('b'), assistant(thinking, text('c')), user('d')),
    )
    expect(warnings.filter((warning) => warning.endsWith('thinking'))).toHaveLength(1)
  })
})
