import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Call } from '../../src/pipeline/call.ts'
import type { InboundRequest } from '../../src/pipeline/read-request.ts'
import { signsOf } from '../../src/pipeline/request-signs.ts'
import { requestClass } from '../../src/rules/request-class.ts'
import { scanObject } from '../../src/wire/json-scan.ts'

interface Asked {
  operation?: string
  path?: string
  headers?: Record<string, string>
}

function classOf(
  text: string,
  { operation = 'generate', path = '/v1/messages', headers = {} }: Asked = {},
): string {
  const body = Buffer.from(text)
  const call = { operation, path, headers } as unknown as Call
  return requestClass(signsOf(call, { body, fields: scanObject(body).fields } as unknown as InboundRequest))
}

const captured = (name: string) =>
  readFileSync(new URL(`../data/claude/${name}.json`, import.meta.url), 'utf8')

describe('F10 what Claude Code’s own requests are for', () => {
  it.each<[capture: string, found: string, asked?: Asked]>([
    ['default-second-turn', 'main'],
    ['parallel-tools', 'main'],
    ['auto-mode-safeguards', 'main'],
    [
      'subagent-system-after-result',
      'subagent',
      { headers: { 'x-claude-code-agent-id': 'a0123456789abcdef' } },
    ],
    ['session-title', 'title'],
    ['web-search-server-tool', 'web-search'],
    ['model-probe', 'probe'],
    ['count-tokens', 'count-tokens', { operation: 'count-tokens' }],
    ['default-second-turn', 'compaction', { headers: { 'x-claude-code-request-class': 'compaction' } }],
    ['default-second-turn', 'main', { headers: { 'x-claude-code-request-class': 'main' } }],
    ['default-second-turn', 'main', { headers: { 'x-claude-code-request-class': 'No word!' } }],
  ])('%s: %s', (capture, found, asked) => {
    expect(classOf(captured(capture), asked)).toBe(found)
  })
})

describe('F10 and those of others', () => {
  const user = (content: string) => [{ role: 'user', content }]
  const tools = [{ name: 'Bash', input_schema: {} }]
  it.each<[string, object, string, Asked?]>([
    ['a question', { messages: user('Hi'), max_tokens: 100 }, 'main'],
    ['nothing at all', {}, 'main'],
    ['a probe on Chat', { messages: user('Hi'), max_completion_tokens: 1 }, 'probe'],
    ['a probe on Responses', { input: 'Hi', max_output_tokens: 1 }, 'probe'],
    [
      'a probe on Gemini',
      { contents: [], generationConfig: { temperature: 0, maxOutputTokens: 1 } },
      'probe',
    ],
    ['sixteen tokens are an answer', { messages: user('Hi'), max_tokens: 16 }, 'main'],
    [
      'OpenCode’s title',
      {
        system: [{ type: 'text', text: 'You are a title generator. You output ONLY a title.' }],
        messages: user('Hi'),
      },
      'title',
    ],
    ['… on Chat', { messages: [{ role: 'system', content: 'You are a title generator.' }] }, 'title'],
    [
      'a conversation on Converse with tools that speaks of one',
      {
        messages: [{ role: 'user', content: [{ text: 'Write me a title generator.' }] }],
        toolConfig: { tools: [{ toolSpec: { name: 'Bash', inputSchema: { json: {} } } }] },
      },
      'main',
    ],
    [
      'a title on Converse without any',
      { system: [{ text: 'You are a title generator.' }], toolConfig: { tools: [] } },
      'title',
    ],
    ['… with none by name', { messages: user('I am a title generator.'), tools: null }, 'title'],
    [
      'a conversation of Codex with tools among its input',
      { input: [{ type: 'additional_tools', tools }, ...user('Write me a title generator.')] },
      'main',
    ],
    [
      'an answer with a title among other things',
      {
        messages: user('Hi'),
        response_format: { json_schema: { schema: { properties: { title: {}, body: {} } } } },
      },
      'main',
    ],
    [
      'a compaction',
      { messages: [...user('Long ago'), ...user('CRITICAL: Respond with TEXT ONLY.')], tools },
      'compaction',
    ],
    [
      'a conversation that spoke of one',
      { messages: [...user('Respond with TEXT ONLY'), ...user('x'.repeat(20_000))], tools },
      'main',
    ],
    ['Codex’s compaction', { input: [] }, 'compaction', { path: '/openai/v1/responses/compact' }],
    [
      'a judge of commands',
      {
        messages: user('rm -rf'),
        max_tokens: 64,
        stop_sequences: ['</severity>'],
        thinking: { type: 'disabled' },
      },
      'classifier',
    ],
    [
      'its second stage',
      { messages: user('rm -rf'), max_tokens: 8192, thinking: { type: 'disabled' } },
      'classifier',
      { headers: { 'x-app': 'cli' } },
    ],
    [
      'a subagent without a header',
      {
        system: [{ type: 'text', text: 'x-anthropic-billing-header: cc_is_subagent=true;' }],
        messages: user('Go'),
        tools,
      },
      'subagent',
    ],
    [
      'a search beside other tools',
      { messages: user('Hi'), tools: [{ type: 'web_search_20250305', name: 'web_search' }, ...tools] },
      'main',
    ],
    ['an embedding', { input: 'Hi' }, 'embeddings', { operation: 'embeddings' }],
  ])('%s', (_, body, found, asked) => {
    expect(classOf(JSON.stringify(body), asked)).toBe(found)
  })
})
