import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/message/collect.ts'
import type { Response } from '../../../src/message/collect.ts'
import type { Block, JsonObject } from '../../../src/message/request.ts'
import { endpoints } from '../../../src/protocols/openai-responses/endpoints.ts'
import { foreignBlocks } from '../../../src/protocols/openai-responses/foreign.ts'
import { openaiResponses } from '../../../src/protocols/openai-responses/index.ts'
import {
  decodeResponse,
  encodeResponse,
  readAnswer,
} from '../../../src/protocols/openai-responses/response.ts'
import { CONTEXT } from '../../support/sse.ts'

const message = (text: string) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [] }],
})
const body = (output: unknown[], more: JsonObject = {}): JsonObject => ({
  id: 'resp_1',
  object: 'response',
  status: 'completed',
  model: 'gpt-x',
  error: null,
  output,
  usage: { input_tokens: 10, output_tokens: 5 },
  ...more,
})
const decode = (from: JsonObject): Response => collect((emit) => decodeResponse(from, {}, emit))

describe('a whole answer of an upstream', () => {
  it.each<[name: string, from: JsonObject, to: object]>([
    [
      'text',
      body([message('Hello')]),
      {
        id: 'resp_1',
        model: 'gpt-x',
        content: [{ type: 'text', text: 'Hello' }],
        finish: { unified: 'end' },
      },
    ],
    [
      '#53 #54 reasoning and calls',
      body([
        {
          id: 'rs_1',
          type: 'reasoning',
          summary: [
            { type: 'summary_text', text: 'a' },
            { type: 'summary_text', text: 'b' },
          ],
          encrypted_content: 'gAAA',
        },
        { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'Bash', arguments: '{"a":1}' },
        { id: 'fc_2', type: 'function_call', call_id: 'call_2', name: 'List', arguments: '' },
      ]),
      {
        content: [
          { type: 'thinking', text: 'a\n\nb', signature: 'sbx-responses-rs_1.gAAA' },
          { type: 'tool-call', id: 'call_1', name: 'Bash', arguments: '{"a":1}' },
          { type: 'tool-call', id: 'call_2', name: 'List', arguments: '{}' },
        ],
        finish: { unified: 'tool-calls' },
      },
    ],
    [
      '#68 a refusal',
      body([{ ...message(''), content: [{ type: 'refusal', refusal: 'No.' }] }]),
      { content: [{ type: 'text', text: 'No.' }], finish: { unified: 'refusal' } },
    ],
    [
      '#54 B18 cut off',
      body([message('x')], { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
      { finish: { unified: 'max-tokens', raw: 'max_output_tokens' } },
    ],
    [
      '#58 searches and images that are billed beside the model',
      body([{ id: 'ws_1', type: 'web_search_call', action: { type: 'open_page' } }], {
        tool_usage: {
          web_search: { num_requests: 3 },
          image_gen: {
            input_tokens: 8,
            output_tokens: 9,
            input_tokens_details: { image_tokens: 5 },
            output_tokens_details: { image_tokens: 9 },
          },
        },
      }),
      {
        usage: {
          inputTokens: 10,
          webSearches: 3,
          beside: [
            {
              kind: 'image_generation',
              usage: { inputTokens: 8, inputImageTokens: 5, outputTokens: 9, outputImageTokens: 9 },
            },
          ],
        },
      },
    ],
    ['no status', { output: [message('x')] }, { content: [{ text: 'x' }], finish: { unified: 'end' } }],
  ])('%s', (_name, from, to) => {
    expect(decode(from)).toMatchObject(to)
  })

  it.each<[name: string, from: JsonObject, message: string]>([
    ['#61 an error with status 200', { error: { message: 'Busy', code: 'server_error' } }, 'Busy'],
    [
      '#61 a failed answer',
      body([], { status: 'failed', error: { code: 'server_error', message: 'No' } }),
      'No',
    ],
    ['#61 no output', { id: 'x' }, 'The upstream’s answer has no output.'],
    [
      'one that is still written',
      body([], { status: 'in_progress' }),
      'The upstream’s answer is still in_progress.',
    ],
    [
      'one that was cancelled',
      body([], { status: 'cancelled' }),
      'The upstream broke off its answer (response.cancelled).',
    ],
  ])('%s', (_name, from, words) => {
    expect(() => decode(from)).toThrow(words)
  })
})

describe('a whole answer that is forwarded', () => {
  it('#57 tells its usage and end', () => {
    expect(readAnswer(body([message('x')], { service_tier: 'flex' }))).toEqual({
      usage: {
        inputTokens: 10,
        cacheReadTokens: 0,
        cacheWrite5mTokens: 0,
        cacheWrite1hTokens: 0,
        outputTokens: 5,
        service: { tier: 'flex' },
      },
      finish: { unified: 'end', raw: 'completed' },
      responseId: 'resp_1',
      model: 'gpt-x',
    })
  })

  it.each<[name: string, from: JsonObject, finish: string | undefined]>([
    ['a call', body([{ type: 'function_call' }]), 'tool-calls'],
    [
      'a call of a tool search by the client',
      body([{ type: 'tool_search_call', execution: 'client' }]),
      'tool-calls',
    ],
    ['one by the server', body([{ type: 'tool_search_call', execution: 'server' }]), 'end'],
    ['an answer for later', body([], { status: 'queued' }), undefined],
  ])('#54 %s', (_name, from, finish) => {
    expect(readAnswer(from).finish?.unified).toBe(finish)
  })

  it('throws what it tells of', () => {
    expect(() => readAnswer(body([], { status: 'failed', error: { code: 'x', message: 'No' } }))).toThrow(
      'No',
    )
  })
})

describe('a whole answer for a client', () => {
  const answer = (content: Block[], more: Partial<Response> = {}) =>
    encodeResponse(
      { id: 'msg_1', content, finish: { unified: 'end', raw: null }, usage: {}, extra: {}, ...more },
      CONTEXT,
    )

  it('#65 #74 has what clients expect', () => {
    expect(
      answer([{ type: 'text', text: 'Hello' }], { usage: { inputTokens: 3, outputTokens: 2 } }),
    ).toMatchObject({
      id: 'resp_msg_1',
      object: 'response',
      status: 'completed',
      model: CONTEXT.requestedModel,
      output: [
        {
          type: 'message',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
        },
      ],
      usage: {
        input_tokens: 3,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 5,
      },
    })
  })

  it('#55 B18 a call that was cut off says so', () => {
    const cut: Block = { type: 'tool-call', id: 'a', name: 'Bash', arguments: '{"a' }
    expect(answer([cut], { finish: { unified: 'max-tokens', raw: null } })).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ type: 'function_call', status: 'incomplete', arguments: '{"a' }],
    })
  })
})

describe('the protocol', () => {
  it('counts tokens in OpenAI’s form', () => {
    expect(openaiResponses.encodeCount(7)).toEqual({ object: 'response.input_tokens', input_tokens: 7 })
  })

  it('is reached with and without its version', () => {
    expect(endpoints.map(({ path, operation }) => `${path} ${operation}`)).toEqual([
      '/responses generate',
      '/v1/responses generate',
      '/responses/input_tokens count-tokens',
      '/v1/responses/input_tokens count-tokens',
    ])
  })

  it.each<[name: string, item: JsonObject, foreign: boolean]>([
    [
      'D8 #70 another model’s reasoning is cut out before OpenAI gets it',
      { type: 'reasoning', encrypted_content: 'signalbox.EqQB' },
      true,
    ],
    ['D8 #70 … also hidden', { type: 'reasoning', encrypted_content: 'signalbox-redacted.x' }, true],
    ['#26 its own stays', { type: 'reasoning', encrypted_content: 'gAAA' }, false],
    ['reasoning without a proof stays', { type: 'reasoning', encrypted_content: null }, false],
    ['text that looks like it stays', { type: 'message', content: '"signalbox.' }, false],
  ])('%s', (_name, item, foreign) => {
    expect(foreignBlocks.isForeign(item, 'gpt-5')).toBe(foreign)
    if (foreign) expect(JSON.stringify(item)).toContain(foreignBlocks.needle)
  })
})
