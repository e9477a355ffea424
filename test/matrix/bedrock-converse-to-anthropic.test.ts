import { describe, expect, it } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts'
import type { AnswerMemo } from '../../src/protocols/translation.ts'
import { checkAnthropic } from '../support/provider/anthropic-check.ts'
import { ANTHROPIC_DIALECT } from '../support/provider/anthropic-dialect.ts'
import type { Json } from '../support/provider/json.ts'
import {
  forConverseClient,
  POINT,
  result,
  says,
  SIGNATURE,
  spec,
  toClaude,
  translates,
  uses,
} from './bedrock.ts'
import { PDF, PNG } from './request-rows.ts'
import { CONTEXT, text } from './translate.ts'

const hi = { role: 'user', content: [text('Hi')] }
const after = (...messages: object[]) => ({ messages: [says('user', { text: 'Hi' }), ...messages] })
const called = (id: string, name = 'Bash', input: Json = { command: id }) => ({
  type: 'tool_use',
  id,
  name,
  input,
})
const answered = (id: string, words: string, more: JsonObject = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  content: [text(words)],
  ...more,
})
const cached = { cache_control: { type: 'ephemeral' } }
const SCHEMA = { type: 'object', properties: {} }

/** What a client of Converse asks (left) and what Claude gets (right). */
describe('content', () => {
  translates(toClaude, [
    {
      name: '#1 system and text',
      from: { system: [{ text: 'You help.' }, { text: 'Be brief.' }] },
      to: { system: [text('You help.'), text('Be brief.')], messages: [hi] },
    },
    {
      name: '#5 #41 images',
      from: {
        messages: [says('user', { text: 'See' }, { image: { format: 'png', source: { bytes: PNG.data } } })],
      },
      to: { messages: [{ role: 'user', content: [text('See'), { type: 'image', source: PNG }] }] },
    },
    {
      name: '#6 documents: bytes, and text in bytes',
      from: {
        messages: [
          says(
            'user',
            {
              document: {
                format: 'pdf',
                name: 'a',
                source: { bytes: PDF.data },
                citations: { enabled: true },
              },
            },
            { document: { format: 'txt', name: 'b', source: { bytes: 'SGFsbG8=' } } },
          ),
        ],
      },
      to: {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'document', title: 'a', source: PDF, citations: { enabled: true } },
              { type: 'document', title: 'b', source: { type: 'text', data: 'Hallo' } },
            ],
          },
        ],
      },
    },
    {
      name: '#3 a video is left out',
      from: {
        messages: [says('user', { text: 'See' }, { video: { format: 'mp4', source: { bytes: 'AQID' } } })],
      },
      to: { messages: [{ role: 'user', content: [text('See')] }] },
      warns: ['dropped messages[].content[].video'],
    },
    {
      name: '#38 #26 Claude’s reasoning goes back byte for byte, another’s not',
      from: after(
        says(
          'assistant',
          { reasoningContent: { reasoningText: { text: 'Hm', signature: SIGNATURE } } },
          { reasoningContent: { reasoningText: { text: 'Oh', signature: 'signalbox.sbx-gemini-x' } } },
          { text: 'Yes?' },
        ),
        says('user', { text: 'Go' }),
      ),
      to: {
        messages: [
          hi,
          {
            role: 'assistant',
            content: [{ type: 'thinking', thinking: 'Hm', signature: SIGNATURE }, text('Yes?')],
          },
          { role: 'user', content: [text('Go')] },
        ],
      },
      warns: ['dropped messages[].content[].thinking'],
    },
    {
      name: '#39 marks for the cache',
      from: {
        system: [{ text: 's' }, { cachePoint: { type: 'default', ttl: '1h' } }],
        toolConfig: { tools: [spec('Bash'), POINT] },
        messages: [says('user', { text: 'Hi' }, POINT)],
      },
      to: {
        system: [{ ...text('s'), cache_control: { type: 'ephemeral' } }],
        tools: [{ name: 'Bash', ...cached }],
        messages: [{ role: 'user', content: [{ ...text('Hi'), ...cached }] }],
      },
    },
  ])
})

describe('tool loop', () => {
  const toolConfig = { tools: [spec('Bash', { description: 'Runs' })] }

  translates(toClaude, [
    {
      name: '#8 #9 parallel calls and their results',
      from: {
        toolConfig,
        ...after(
          says('assistant', { text: 'I look.' }, uses('a'), uses('b', 'Bash', {})),
          says('user', result('a', 'A'), result('b', 'Oh no', { status: 'error' })),
        ),
      },
      to: {
        tools: [{ name: 'Bash', description: 'Runs', input_schema: SCHEMA }],
        messages: [
          hi,
          { role: 'assistant', content: [text('I look.'), called('a'), called('b', 'Bash', {})] },
          { role: 'user', content: [answered('a', 'A'), answered('b', 'Oh no', { is_error: true })] },
        ],
      },
    },
    {
      name: '#10 results that are JSON or pictures',
      from: {
        toolConfig,
        ...after(
          says('assistant', uses('a')),
          says('user', {
            toolResult: {
              toolUseId: 'a',
              content: [{ json: { ok: true } }, { image: { format: 'png', source: { bytes: PNG.data } } }],
            },
          }),
        ),
      },
      to: {
        messages: [
          hi,
          { role: 'assistant', content: [called('a')] },
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 'a',
                content: [text('{"ok":true}'), { type: 'image', source: PNG }],
              },
            ],
          },
        ],
      },
    },
    {
      name: '#14 any',
      from: { toolConfig: { ...toolConfig, toolChoice: { any: {} } } },
      to: { tool_choice: { type: 'any' } },
    },
    {
      name: '#14 tool',
      from: { toolConfig: { ...toolConfig, toolChoice: { tool: { name: 'Bash' } } } },
      to: { tool_choice: { type: 'tool', name: 'Bash' } },
    },
    {
      name: '#15 one call a turn, in Claude’s own words',
      from: {
        toolConfig,
        additionalModelRequestFields: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      },
      to: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    },
    {
      name: '#17 Anthropic’s typed tools go through',
      from: { additionalModelRequestFields: { tools: [{ type: 'bash_20250124', name: 'bash' }] } },
      to: { tools: [{ type: 'bash_20250124', name: 'bash' }] },
    },
  ])
})

describe('settings', () => {
  const OLD = 'anthropic.claude-sonnet-4-5-20250929-v1:0'

  translates(toClaude, [
    {
      name: '#21 #44 a limit and sampling',
      model: OLD,
      from: {
        inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9 },
        additionalModelRequestFields: { top_k: 5 },
      },
      to: { max_tokens: 100, temperature: 0.5, top_p: 0.9, top_k: 5 },
    },
    { name: '#21 a limit where none is said', from: {}, to: { max_tokens: 32_000 } },
    {
      name: '#23 stop sequences',
      from: { inferenceConfig: { stopSequences: ['a'] } },
      to: { stop_sequences: ['a'] },
    },
    {
      name: '#25 thinking by budget',
      model: OLD,
      from: { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2000 } } },
      to: { thinking: { type: 'enabled', budget_tokens: 2000 } },
    },
    {
      name: '#25 an effort',
      from: {
        additionalModelRequestFields: { thinking: { type: 'adaptive' } },
        outputConfig: { effort: 'max' },
      },
      to: { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } },
    },
    {
      name: '#72 structured output',
      from: {
        outputConfig: {
          textFormat: {
            type: 'json_schema',
            structure: { jsonSchema: { name: 'n', schema: '{"type":"object","properties":{}}' } },
          },
        },
      },
      to: {
        output_config: {
          format: { type: 'json_schema', schema: { ...SCHEMA, additionalProperties: false } },
        },
      },
    },
    {
      name: '#27 what only Bedrock does is named',
      from: { guardrailConfig: { guardrailIdentifier: 'g' }, requestMetadata: { a: 'b' } },
      warns: ['dropped guardrailConfig', 'dropped requestMetadata'],
    },
  ])

  it('#37 a whole request is one that Anthropic accepts', () => {
    const { body } = toClaude({
      system: [{ text: 's' }, POINT],
      toolConfig: { tools: [spec('Bash'), POINT] },
      inferenceConfig: { maxTokens: 100, stopSequences: ['x'] },
      ...after(says('assistant', uses('a')), says('user', result('a', 'A'), POINT)),
    })
    expect(checkAnthropic(ANTHROPIC_DIALECT)(body, {}, { kind: 'generate' })).toBeUndefined()
  })
})

// ==== Events of Claude

const start = (
  usage: Json = {
    input_tokens: 10,
    cache_read_input_tokens: 60,
    cache_creation_input_tokens: 5,
    output_tokens: 1,
  },
) => ({
  type: 'message_start',
  message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [], usage },
})
const open = (index: number, content_block: Json) => ({ type: 'content_block_start', index, content_block })
const delta = (index: number, one: Json) => ({ type: 'content_block_delta', index, delta: one })
const shut = (index: number) => ({ type: 'content_block_stop', index })
const words = (index: number, ...pieces: string[]) => [
  open(index, { type: 'text', text: '' }),
  ...pieces.map((one) => delta(index, { type: 'text_delta', text: one })),
  shut(index),
]
const think = (index: number, said: string, signature: string) => [
  open(index, { type: 'thinking', thinking: '', signature: '' }),
  ...(said === '' ? [] : [delta(index, { type: 'thinking_delta', thinking: said })]),
  delta(index, { type: 'signature_delta', signature }),
  shut(index),
]
const use = (index: number, name: string, ...json: string[]) => [
  open(index, { type: 'tool_use', id: `toolu_${index}`, name, input: {} }),
  ...json.map((one) => delta(index, { type: 'input_json_delta', partial_json: one })),
  shut(index),
]
const stop = (stop_reason: string, more: JsonObject = {}) => [
  { type: 'message_delta', delta: { stop_reason, ...more }, usage: { output_tokens: 20 } },
  { type: 'message_stop' },
]

/** The part of a stream that a developer reads, one line an event. */
function lines(frames: readonly { event: string; data: Json }[]): string[] {
  return frames.map(({ event, data }) => {
    const at = String(data.contentBlockIndex)
    if (event === 'contentBlockStart')
      return `start ${at} ${data.start.toolUse.toolUseId} ${data.start.toolUse.name}`
    if (event === 'contentBlockStop') return `stop ${at}`
    if (event === 'messageStop') return `messageStop ${data.stopReason}`
    if (event !== 'contentBlockDelta') return event
    const { text: said, toolUse, reasoningContent: reasoning } = data.delta
    if (said !== undefined) return `text ${at} ${said}`
    if (toolUse !== undefined) return `input ${at} ${toolUse.input}`
    return reasoning.text === undefined ? `signature ${at}` : `reasoning ${at} ${reasoning.text}`
  })
}

/** What Claude streams (left) and a client of Converse gets between start and metadata (right). */
const STREAMS: { name: string; events: Json[]; client: string }[] = [
  {
    name: '#47 text',
    events: [start(), ...words(0, 'Hel', 'lo'), ...stop('end_turn')],
    client: 'text 0 Hel | text 0 lo | stop 0 | messageStop end_turn',
  },
  {
    name: '#53 thinking, with its signature',
    events: [start(), ...think(0, 'Hm', SIGNATURE), ...words(1, 'Hi'), ...stop('end_turn')],
    client: 'reasoning 0 Hm | signature 0 | stop 0 | text 1 Hi | stop 1 | messageStop end_turn',
  },
  {
    name: '#53 thinking that is not shown',
    events: [start(), ...think(0, '', SIGNATURE), ...stop('end_turn')],
    client: 'signature 0 | stop 0 | messageStop end_turn',
  },
  {
    name: '#50 #51 calls, one without arguments',
    events: [start(), ...use(0, 'Bash', '', '{"a"', ':1}'), ...use(1, 'List', ''), ...stop('tool_use')],
    client:
      'start 0 toolu_0 Bash | input 0 {"a" | input 0 :1} | stop 0 | start 1 toolu_1 List | input 1 {} | stop 1 | messageStop tool_use',
  },
  { name: '#42 a refusal', events: [start(), ...stop('refusal')], client: 'messageStop content_filtered' },
  {
    name: '#42 a limit',
    events: [start(), ...words(0, 'a'), ...stop('max_tokens')],
    client: 'text 0 a | stop 0 | messageStop max_tokens',
  },
  {
    name: '#42 a full window',
    events: [start(), ...stop('model_context_window_exceeded')],
    client: 'messageStop model_context_window_exceeded',
  },
  {
    name: '#48 no empty block',
    events: [start(), ...words(0), ...words(1, 'a'), ...stop('end_turn')],
    client: 'text 0 a | stop 0 | messageStop end_turn',
  },
]

describe('a stream of Claude for a client of Converse', () => {
  it.each(STREAMS)('$name', ({ events, client }) => {
    expect(lines(forConverseClient(events))).toEqual(['messageStart', ...client.split(' | '), 'metadata'])
  })

  it.each([
    ['overloaded_error', 'serviceUnavailableException'],
    ['rate_limit_error', 'throttlingException'],
    ['api_error', 'internalServerException'],
    ['invalid_request_error', 'validationException'],
  ])('#60 B8 B11 an error, first or late: %s is a %s', (type, exception) => {
    const failure = { type: 'error', error: { type, message: 'words' } }
    const told = { event: `exception/${exception}`, data: { message: 'words' } }
    expect(forConverseClient([failure])).toEqual([told])
    const late = forConverseClient([start(), ...words(0, 'a').slice(0, 2), failure])
    expect(late.at(-1)).toEqual(told)
    expect(lines(late).slice(0, 2)).toEqual(['messageStart', 'text 0 a'])
  })

  it('B7 a stream that just ends', () => {
    expect(lines(forConverseClient([start(), ...words(0, 'a')])).at(-1)).toBe(
      'exception/internalServerException',
    )
  })

  it('#43 #57 usage comes once, at the end', () => {
    const frames = forConverseClient([start(), ...words(0, 'a'), ...stop('end_turn')])
    expect(frames.at(-1)).toEqual({
      event: 'metadata',
      data: {
        usage: {
          inputTokens: 10,
          outputTokens: 20,
          totalTokens: 95,
          cacheReadInputTokens: 60,
          cacheWriteInputTokens: 5,
          cacheDetails: [{ ttl: '5m', inputTokens: 5 }],
        },
        metrics: { latencyMs: 0 },
      },
    })
  })

  it('#23 the sequence, to a client that asked for it', () => {
    const answerMemo: AnswerMemo = { echo: { additionalModelResponseFieldPaths: ['/stop_sequence'] } }
    const events = [start(), ...words(0, 'a'), ...stop('stop_sequence', { stop_sequence: '</a>' })]
    expect(forConverseClient(events, { answerMemo }).at(-2)?.data).toEqual({
      stopReason: 'stop_sequence',
      additionalModelResponseFields: { stop_sequence: '</a>' },
    })
  })
})

describe('a whole answer of Claude for a client of Converse', () => {
  it('#38 #47 #57 thinking, text, calls and usage', () => {
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-x',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: SIGNATURE },
        text('I look.'),
        called('toolu_1', 'Bash', { n: 1 }),
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 10, output_tokens: 20, cache_read_input_tokens: 60 },
    }
    const response = collect((emit) => anthropic.response.decode(message, {}, emit))
    expect(bedrockConverse.response.encode(response, CONTEXT)).toEqual({
      output: {
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'Hm', signature: SIGNATURE } } },
            { text: 'I look.' },
            uses('toolu_1', 'Bash', { n: 1 }),
          ],
        },
      },
      stopReason: 'tool_use',
      usage: {
        inputTokens: 10,
        outputTokens: 20,
        totalTokens: 90,
        cacheReadInputTokens: 60,
        cacheWriteInputTokens: 0,
      },
      metrics: { latencyMs: 0 },
    })
  })
})

describe('an error of Claude for a client of Converse', () => {
  const told = (status: number, type: string, message: string) => {
    const error = anthropic.error.decode(
      status,
      () => undefined,
      JSON.stringify({ type: 'error', error: { type, message } }),
    )
    return bedrockConverse.error.encode(error, 'req_1')
  }

  it.each([
    [429, 'rate_limit_error', 429, 'ThrottlingException'],
    [529, 'overloaded_error', 503, 'ServiceUnavailableException'],
    [401, 'authentication_error', 403, 'UnrecognizedClientException'],
    [403, 'permission_error', 403, 'AccessDeniedException'],
    [404, 'not_found_error', 404, 'ResourceNotFoundException'],
    [400, 'invalid_request_error', 400, 'ValidationException'],
    [500, 'api_error', 500, 'InternalServerException'],
  ])('#60 %s %s', (status, type, shown, name) => {
    expect(told(status, type, 'words')).toMatchObject({
      status: shown,
      headers: { 'x-amzn-errortype': name },
      body: { message: 'words' },
    })
  })

  it('L1 an overflow', () => {
    expect(
      told(400, 'invalid_request_error', 'prompt is too long: 213462 tokens > 200000 maximum').body.message,
    ).toBe('Input is too long for requested model. prompt is too long: 213462 tokens > 200000 maximum')
  })
})
