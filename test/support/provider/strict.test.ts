import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Json } from './json.ts'
import { type Provider, startProvider } from './server.ts'
import { sign } from './signature.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

async function post(
  path: string,
  headers: Record<string, string>,
  body: Json,
): Promise<{ status: number; error: Json }> {
  const response = await fetch(provider.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  const answer: Json = await response.json()
  return { status: response.status, error: answer.error ?? null }
}

const CALL = { type: 'tool_use', id: 'toolu_1', name: 'Read', input: {} }
const RESULT = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }
const TOOL = { name: 'Read', input_schema: { type: 'object' } }

describe('Anthropic Messages as strict as the real API', () => {
  const headers = { 'x-api-key': 'sk', 'anthropic-version': '2023-06-01' }
  const valid = { model: 'claude-opus-5-5', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] }
  const asked = { role: 'user', content: 'Hi' }

  const accepted: [string, Json, Record<string, string>?][] = [
    ['a plain text', {}],
    [
      'a tool result next to its call',
      { messages: [asked, { role: 'assistant', content: [CALL] }, { role: 'user', content: [RESULT] }] },
    ],
    [
      'a result in the second of two user messages',
      {
        messages: [asked, { role: 'assistant', content: [CALL] }, asked, { role: 'user', content: [RESULT] }],
      },
    ],
    ['a system message in the middle', { messages: [asked, { role: 'system', content: 'Be brief.' }] }],
    [
      'an untouched thinking block',
      {
        messages: [
          asked,
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'Hm', signature: sign('Hm') },
              { type: 'text', text: 'Yes' },
            ],
          },
          asked,
        ],
      },
    ],
    [
      'context_management with its beta',
      { context_management: {} },
      { 'anthropic-beta': 'x,context-management-2025-06-27' },
    ],
    [
      'deferred tools with their beta',
      { tools: [{ ...TOOL, defer_loading: true }] },
      { 'anthropic-beta': 'advanced-tool-use-2025-11-20' },
    ],
    ['bearer in place of the key', {}, { 'x-api-key': '', authorization: 'Bearer token' }],
  ]
  it.each(accepted)('accepts %s', async (_name, change, more = {}) => {
    expect(await post('/v1/messages', { ...headers, ...more }, { ...valid, ...change })).toEqual({
      status: 200,
      error: null,
    })
  })

  const refused: [string, Json, string][] = [
    ['no max_tokens', { max_tokens: undefined }, 'max_tokens: Field required'],
    ['an unknown field', { foo: 1 }, 'foo: Extra inputs are not permitted'],
    [
      'context_management without its beta',
      { context_management: {} },
      'context_management: Extra inputs are not permitted',
    ],
    ['safeguards without their beta', { safeguards: [] }, 'safeguards: Extra inputs are not permitted'],
    [
      'defer_loading without its beta',
      { tools: [{ ...TOOL, defer_loading: true }] },
      'tools.0.custom.defer_loading: Extra inputs are not permitted',
    ],
    ['a tool without a schema', { tools: [{ name: 'Read' }] }, 'tools.0.custom.input_schema: Field required'],
    ['two tools of one name', { tools: [TOOL, TOOL] }, 'tools: Tool names must be unique.'],
    [
      'an assistant first',
      { messages: [{ role: 'assistant', content: 'Hi' }] },
      'messages: first message must use the "user" role',
    ],
    [
      'an empty text',
      { messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
      'messages: text content blocks must be non-empty',
    ],
    [
      'an unknown role',
      { messages: [asked, { role: 'tool', content: 'x' }] },
      "messages.1.role: Input should be 'user' or 'assistant'",
    ],
    [
      'a forged signature',
      {
        messages: [
          asked,
          { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm', signature: 'x' }] },
          asked,
        ],
      },
      'messages.1.content.0: Invalid `signature` in `thinking` block',
    ],
    [
      'a call without its result',
      { messages: [asked, { role: 'assistant', content: [CALL] }, asked] },
      'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
    ],
    [
      'a result without its call',
      { messages: [{ role: 'user', content: [RESULT] }] },
      'messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
    ],
    [
      'five cache marks',
      {
        messages: [
          {
            role: 'user',
            content: Array.from({ length: 5 }, () => ({
              type: 'text',
              text: 'x',
              cache_control: { type: 'ephemeral' },
            })),
          },
        ],
      },
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
    [
      '#22 a temperature for a model without sampling',
      { temperature: 1 },
      '`temperature` is deprecated for this model.',
    ],
    [
      'a thinking budget for a model that adapts',
      { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2000 },
      '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
    ],
    [
      '#28 words put into the mouth of a newer model',
      { messages: [asked, { role: 'assistant', content: 'I' }] },
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    ],
    [
      'D6 calls without the thoughts that led to them',
      {
        model: 'claude-sonnet-4-5',
        max_tokens: 2000,
        thinking: { type: 'enabled', budget_tokens: 1024 },
        messages: [asked, { role: 'assistant', content: [CALL] }, { role: 'user', content: [RESULT] }],
      },
      'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable `thinking`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking',
    ],
    [
      'a scope of the cache without its beta',
      { system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', scope: 'global' } }] },
      'system.0.cache_control.ephemeral.scope: Extra inputs are not permitted',
    ],
  ]
  it.each(refused)('refuses %s', async (_name, change, message) => {
    const { status, error } = await post('/v1/messages', headers, { ...valid, ...change })
    expect({ status, ...error }).toEqual({ status: 400, type: 'invalid_request_error', message })
  })

  const denied: [string, Record<string, string>, Json, number, string][] = [
    ['no credentials', { 'x-api-key': '' }, {}, 401, 'x-api-key header is required'],
    ['no version', { 'anthropic-version': '' }, {}, 400, 'anthropic-version: header is required'],
    [
      'a subscription token without its beta',
      { 'x-api-key': '', authorization: 'Bearer sk-ant-oat01-x' },
      {},
      401,
      'OAuth authentication is currently not supported.',
    ],
    ["another provider's model", {}, { model: 'openai/gpt-5' }, 404, 'model: openai/gpt-5'],
  ]
  it.each(denied)('denies %s', async (_name, more, change, status, message) => {
    const answer = await post('/v1/messages', { ...headers, ...more }, { ...valid, ...change })
    expect([answer.status, answer.error.message]).toEqual([status, message])
  })
})

describe('OpenAI Chat Completions as strict as the real API', () => {
  const headers = { authorization: 'Bearer sk' }
  const asked = { role: 'user', content: 'Hi' }
  const valid = { model: 'gpt-5', messages: [asked] }
  const call = { id: 'call_1', type: 'function', function: { name: 'Read', arguments: '{}' } }
  const calling = { role: 'assistant', content: null, tool_calls: [call] }
  const result = { role: 'tool', tool_call_id: 'call_1', content: 'ok' }
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }
  const tool = (change: Json) => ({
    type: 'function',
    function: { name: 'Read', parameters: { type: 'object', properties: {} }, ...change },
  })

  const accepted: [string, Json][] = [
    ['a plain text', {}],
    ['results directly after their calls', { messages: [asked, calling, result, asked] }],
    [
      'a developer message with parts',
      { messages: [{ role: 'developer', content: [{ type: 'text', text: 'x' }] }, asked] },
    ],
    ['an image from the user', { messages: [{ role: 'user', content: [image] }] }],
    ['reasoning settings', { reasoning_effort: 'high', max_completion_tokens: 128_000, temperature: 1 }],
    [
      'a tool and a choice of it',
      { tools: [tool({})], tool_choice: { type: 'function', function: { name: 'Read' } } },
    ],
  ]
  it.each(accepted)('accepts %s', async (_name, change) => {
    expect(await post('/v1/chat/completions', headers, { ...valid, ...change })).toEqual({
      status: 200,
      error: null,
    })
  })

  const unanswered =
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: call_1"
  const refused: [string, Json, string][] = [
    ['an unknown field', { thinking: {} }, "Unknown parameter: 'thinking'."],
    [
      'a cache mark',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: {} }] }] },
      "Unknown parameter: 'messages[0].content[0].cache_control'.",
    ],
    [
      'reasoning in the history',
      { messages: [{ role: 'assistant', content: 'x', reasoning_content: 'y' }, asked] },
      "Unknown parameter: 'messages[0].reasoning_content'.",
    ],
    ['a text between call and result', { messages: [asked, calling, asked, result] }, unanswered],
    ['a call without a result', { messages: [asked, calling] }, unanswered],
    [
      'a result without a call',
      { messages: [asked, result] },
      "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
    ],
    [
      'a second result for one call',
      { messages: [asked, calling, result, result] },
      "Invalid parameter: 'tool_call_id' of 'call_1' not found in 'tool_calls' of previous message.",
    ],
    [
      'arguments that are an object',
      {
        messages: [
          asked,
          { ...calling, tool_calls: [{ ...call, function: { name: 'Read', arguments: {} } }] },
        ],
      },
      "Invalid type for 'messages[1].tool_calls[0].function.arguments': expected a string, but got an object instead.",
    ],
    [
      'a call id of 41 characters',
      { messages: [asked, { ...calling, tool_calls: [{ ...call, id: 'x'.repeat(41) }] }] },
      "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length 41 instead.",
    ],
    [
      'an image from a tool',
      { messages: [asked, calling, { ...result, content: [image] }] },
      "Invalid 'messages[2]'. Image URLs are only allowed for messages with role 'user', but this message with role 'tool' contains an image URL.",
    ],
    [
      'an empty list of parts',
      { messages: [{ role: 'user', content: [] }] },
      "Invalid 'messages[0].content': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    ],
    [
      'a tool name with a dot',
      { tools: [tool({ name: 'a.b' })] },
      "Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
    ],
    [
      'a tool name of 65 characters',
      { tools: [tool({ name: 'x'.repeat(65) })] },
      "Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64, but got a string with length 65 instead.",
    ],
    [
      'a schema without a type',
      { tools: [tool({ parameters: {} })] },
      `Invalid schema for function 'Read': schema must be a JSON Schema of 'type: "object"', got 'type: "None"'.`,
    ],
    [
      'a union at the root of a schema',
      { tools: [tool({ parameters: { type: 'object', properties: {}, anyOf: [] } })] },
      "Invalid schema for function 'Read': schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'const'/'not' at the top level.",
    ],
    [
      'an array without items',
      { tools: [tool({ parameters: { type: 'object', properties: { a: { type: 'array' } } } })] },
      "Invalid schema for function 'Read': In context=('properties', 'a'), array schema missing items.",
    ],
    [
      'no tools but a choice',
      { tool_choice: 'auto' },
      "'tool_choice' is only allowed when 'tools' are specified.",
    ],
    [
      'an empty list of tools',
      { tools: [] },
      "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    ],
    [
      'five stop sequences',
      { model: 'gpt-4o', stop: ['1', '2', '3', '4', '5'] },
      "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length 5 instead.",
    ],
    [
      'max_tokens for a reasoning model',
      { max_tokens: 10 },
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    ],
    [
      'a temperature for a reasoning model',
      { temperature: 0.5 },
      "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.",
    ],
    [
      'too few tokens to reason',
      { max_completion_tokens: 1 },
      'Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.',
    ],
    [
      'more tokens than the model has',
      { model: 'gpt-4o', max_tokens: 32_000 },
      'max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you provided 32000.',
    ],
    [
      'stream options without a stream',
      { stream_options: { include_usage: true } },
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    ],
    [
      'a user id of 65 characters',
      { user: 'x'.repeat(65) },
      "Invalid 'user': string too long. Expected a string with maximum length 64, but got a string with length 65 instead.",
    ],
  ]
  it.each(refused)('refuses %s', async (_name, change, message) => {
    const { status, error } = await post('/v1/chat/completions', headers, { ...valid, ...change })
    expect([status, error.type, error.message]).toEqual([400, 'invalid_request_error', message])
  })

  it('denies a request without a key, and one for a model it does not have', async () => {
    expect((await post('/v1/chat/completions', {}, valid)).status).toBe(401)
    const unknown = await post('/v1/chat/completions', headers, { ...valid, model: 'claude-opus-5-5' })
    expect([unknown.status, unknown.error.code]).toEqual([404, 'model_not_found'])
  })
})
