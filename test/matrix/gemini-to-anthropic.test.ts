import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { gemini } from '../../src/protocols/gemini/index.ts'
import type { Json } from '../support/provider/json.ts'
import { SKIP, answers, calls, forGemini, hi, said, toClaude, translates, wholeForGemini } from './gemini.ts'
import { assistant, text, toolResult, toolUse, user } from './translate.ts'

const first = user(text('Hi'))
const png = { inlineData: { mimeType: 'image/png', data: 'iVBO' } }
const PNG = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } }

/** What a Gemini client asks (left) and what Claude gets (right). */
describe('requests', () => {
  translates(toClaude, [
    {
      name: 'the system and text',
      from: {
        systemInstruction: { parts: [{ text: 'You help.' }, { text: 'Be brief.' }] },
        contents: [said('user', 'a', 'b')],
      },
      to: {
        model: 'claude-opus-5-5',
        max_tokens: 32_000,
        system: [text('You help.'), text('Be brief.')],
        messages: [user(text('a'), text('b'))],
      },
      without: ['stream'],
    },
    {
      name: '#4 #5 an image in its place',
      from: { contents: [said('user', 'a', png, 'b')] },
      to: { messages: [user(text('a'), PNG, text('b'))] },
    },
    {
      name: '#6 a document',
      from: {
        contents: [
          said('user', { inlineData: { mimeType: 'application/pdf', data: 'JVBE', displayName: 'a.pdf' } }),
        ],
      },
      to: {
        messages: [
          user({
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
            title: 'a.pdf',
          }),
        ],
      },
    },
    {
      name: '#8 #31 C5 a call and its result, without ids',
      from: {
        contents: [
          hi,
          said('model', calls('Bash', { a: 1 })),
          said('user', answers('Bash', { output: 'A' })),
        ],
      },
      to: {
        messages: [
          first,
          assistant(toolUse('call_4osAbHqHNYaqpihq9kiJt24S', 'Bash', { a: 1 })),
          user(toolResult('call_4osAbHqHNYaqpihq9kiJt24S', [text('A')])),
        ],
      },
    },
    {
      name: '#9 A13 parallel results in order, before all else',
      from: {
        contents: [
          hi,
          said('model', calls('A'), calls('B')),
          said('user', 'Now?', answers('B', { output: 'b' }), answers('A', { error: 'no' })),
        ],
      },
      to: {
        messages: [
          first,
          { role: 'assistant', content: [{ name: 'A' }, { name: 'B' }] },
          {
            role: 'user',
            content: [
              { type: 'tool_result', content: [text('no')], is_error: true },
              { type: 'tool_result', content: [text('b')] },
              text('Now?'),
            ],
          },
        ],
      },
    },
    {
      name: '#11 A16 an image in a result',
      from: {
        contents: [
          hi,
          said('model', { functionCall: { id: 'x', name: 'A' } }),
          said('user', answers('A', { output: 'see' }, { id: 'x', parts: [png] })),
        ],
      },
      to: { messages: [first, {}, user(toolResult('x', [text('see'), PNG]))] },
    },
    {
      name: '#14 #19 tools, in JSON Schema',
      from: {
        tools: [
          {
            functionDeclarations: [
              {
                name: 'A',
                description: 'D',
                parameters: { type: 'OBJECT', properties: { x: { type: 'STRING', nullable: true } } },
              },
              { name: 'B' },
            ],
          },
        ],
        toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['A'] } },
      },
      to: {
        tools: [
          {
            name: 'A',
            description: 'D',
            input_schema: { type: 'object', properties: { x: { type: ['string', 'null'] } } },
          },
          { name: 'B', input_schema: { type: 'object', properties: {} } },
        ],
        tool_choice: { type: 'tool', name: 'A' },
      },
    },
    {
      name: '#17 Google’s search is Claude’s',
      from: { tools: [{ googleSearch: {} }] },
      to: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    },
    {
      name: '#17 what only Google runs is dropped',
      from: { tools: [{ codeExecution: {} }, { urlContext: {} }] },
      without: ['tools'],
      warns: ['dropped tools[].codeExecution', 'dropped tools[].urlContext'],
    },
    {
      name: '#21 #22 limits and sampling',
      model: 'claude-sonnet-4-5',
      from: {
        generationConfig: {
          maxOutputTokens: 100,
          temperature: 1.5,
          topP: 0.9,
          topK: 64,
          stopSequences: ['x'],
        },
      },
      to: { max_tokens: 100, temperature: 1, top_p: 0.9, top_k: 64, stop_sequences: ['x'] },
    },
    {
      name: '#25 a level is an effort',
      from: { generationConfig: { thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true } } },
      to: { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
    },
    {
      name: '#25 a budget is one, where the model takes one',
      model: 'claude-sonnet-4-5',
      from: { generationConfig: { maxOutputTokens: 10_000, thinkingConfig: { thinkingBudget: 8192 } } },
      to: { thinking: { type: 'enabled', budget_tokens: 8192 } },
    },
    {
      name: '#25 a budget of nothing is off',
      from: { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
      to: { thinking: { type: 'disabled' } },
    },
    {
      name: '#20 #72 a format',
      from: {
        generationConfig: {
          responseMimeType: 'application/json',
          responseSchema: { type: 'OBJECT', properties: { t: { type: 'STRING' } } },
        },
      },
      to: {
        output_config: {
          format: {
            type: 'json_schema',
            schema: { type: 'object', properties: { t: { type: 'string' } }, additionalProperties: false },
          },
        },
      },
    },
    {
      name: '#73 what only Google knows is dropped',
      from: {
        safetySettings: [{}],
        cachedContent: 'cachedContents/x',
        generationConfig: { seed: 1, candidateCount: 2 },
      },
      warns: [
        'dropped safetySettings',
        'dropped cachedContent',
        'dropped generationConfig.seed',
        'dropped generationConfig.candidateCount',
      ],
    },
    {
      name: '#30 D2 Gemini’s own signatures are nothing to Claude',
      from: {
        contents: [
          hi,
          said('model', { text: 'hm', thought: true }, calls('A', {}, { id: 'x', thoughtSignature: 'QUI=' })),
          said('user', answers('A', { output: 'a' })),
        ],
      },
      to: { messages: [first, { role: 'assistant', content: [{ type: 'tool_use', name: 'A' }] }, {}] },
      warns: ['dropped messages[].content[].thinking'],
    },
  ])

  it('Gemini CLI’s second turn', () => {
    const body = JSON.parse(readFileSync('test/data/gemini/cli-second-turn.json', 'utf8')) as JsonObject
    expect(toClaude(body).body.messages).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'write_file_1795254234795_0', name: 'write_file' }],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'write_file_1795254234795_0' }] },
    ])
  })
})

// ==== Answers

const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-opus-5-5', content: [] }
const start = {
  type: 'message_start',
  message: { ...message, usage: { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 } },
}
const block = (index: number, content_block: Json, ...deltas: Json[]): Json[] => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
]
const finish = (stop_reason: string, usage: Json = { output_tokens: 20 }): Json[] => [
  { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage },
  { type: 'message_stop' },
]
const textBlock = (...texts: string[]) =>
  block(0, { type: 'text', text: '' }, ...texts.map((one) => ({ type: 'text_delta', text: one })))
const bashBlock = (index: number, ...json: string[]) =>
  block(
    index,
    { type: 'tool_use', id: `toolu_${index}`, name: 'Bash', input: {} },
    ...json.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
  )
const thinkingBlock = block(
  0,
  { type: 'thinking', thinking: '', signature: '' },
  { type: 'thinking_delta', thinking: 'hm' },
  { type: 'signature_delta', signature: 'EqQBCkYIBRgCKkAx' },
)

/** Parts, one line each, and the end. */
function gist(chunks: Json[]): string[] {
  return chunks.map(({ candidates, error }) => {
    if (error !== undefined) return `error ${error.code} ${error.status}`
    const [{ content, finishReason }] = candidates
    if (finishReason !== undefined) return finishReason
    const [{ text: said_, thought, functionCall, thoughtSignature }] = content.parts
    const sign = thoughtSignature === undefined ? '' : thoughtSignature === SKIP ? ' unsigned' : ' signed'
    if (functionCall !== undefined) return `${functionCall.name} ${JSON.stringify(functionCall.args)}${sign}`
    return `${thought === true ? 'thought' : 'text'} ${said_}${sign}`
  })
}

/** Claude's events (left) and the chunks that a Gemini client gets for them (right). */
describe('answers', () => {
  it.each<[string, Json[], string[]]>([
    ['text', [start, ...textBlock('Hel', 'lo'), ...finish('end_turn')], ['text Hel', 'text lo', 'STOP']],
    [
      '#36 a call, when it is whole',
      [start, ...bashBlock(0, '', '{"a"', ':1}'), ...finish('tool_use')],
      ['Bash {"a":1} unsigned', 'STOP'],
    ],
    [
      '#50 a call without arguments',
      [start, ...bashBlock(0, ''), ...finish('tool_use')],
      ['Bash {} unsigned', 'STOP'],
    ],
    [
      'parallel calls',
      [start, ...bashBlock(0, '{}'), ...bashBlock(1, '{}'), ...finish('tool_use')],
      ['Bash {} unsigned', 'Bash {}', 'STOP'],
    ],
    [
      '#30 thinking, which its call carries',
      [start, ...thinkingBlock, ...bashBlock(1, '{}'), ...finish('tool_use')],
      ['thought hm', 'Bash {} signed', 'STOP'],
    ],
    [
      'pings',
      [start, { type: 'ping' }, ...textBlock('a'), { type: 'ping' }, ...finish('end_turn')],
      ['text a', 'STOP'],
    ],
    ['#33 the limit', [start, ...textBlock('a'), ...finish('max_tokens')], ['text a', 'MAX_TOKENS']],
    ['#33 refused', [start, ...finish('refusal')], ['SAFETY']],
    [
      '#55 a call that the limit cut',
      [start, ...bashBlock(0, '{"a":'), ...finish('max_tokens')],
      ['MAX_TOKENS'],
    ],
    [
      'C1 a call that is no JSON',
      [start, ...bashBlock(0, '{"a":'), ...finish('tool_use')],
      ['MALFORMED_FUNCTION_CALL'],
    ],
    ['a stop sequence', [start, ...textBlock('a'), ...finish('stop_sequence')], ['text a', 'STOP']],
    [
      '#60 an error first',
      [{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
      ['error 503 UNAVAILABLE'],
    ],
    [
      '#60 an error after the first part',
      [start, ...textBlock('a'), { type: 'error', error: { type: 'rate_limit_error', message: 'Slow' } }],
      ['text a', 'error 429 RESOURCE_EXHAUSTED'],
    ],
    ['B7 a stream that just ends', [start, ...textBlock('a')], ['text a', 'error 502 UNAVAILABLE']],
  ])('%s', (_name, events, lines) => {
    expect(gist(forGemini(events))).toEqual(lines)
  })

  it('#34 #57 usage, once', () => {
    const chunks = forGemini([
      start,
      ...textBlock('a'),
      ...finish('end_turn', { output_tokens: 20, output_tokens_details: { thinking_tokens: 8 } }),
    ])
    expect(chunks.at(-1).usageMetadata).toEqual({
      promptTokenCount: 15,
      cachedContentTokenCount: 5,
      candidatesTokenCount: 12,
      thoughtsTokenCount: 8,
      totalTokenCount: 35,
    })
  })

  it('whole', () => {
    const body = {
      ...message,
      content: [
        { type: 'text', text: 'So.' },
        { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 10, output_tokens: 20 },
    }
    expect(wholeForGemini(body)).toEqual({
      candidates: [
        {
          content: {
            parts: [
              { text: 'So.' },
              { functionCall: { id: 'toolu_1', name: 'Bash', args: { a: 1 } }, thoughtSignature: SKIP },
            ],
            role: 'model',
          },
          finishReason: 'STOP',
          index: 0,
        },
      ],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 20, totalTokenCount: 30 },
      modelVersion: 'claude-opus-5-5',
      responseId: 'msg_1',
    })
  })

  it.each([
    [
      'L1 too long',
      400,
      'prompt is too long: 213462 tokens > 200000 maximum',
      400,
      'The input token count (213462) exceeds the maximum number of tokens allowed (200000).',
    ],
    ['overloaded', 529, 'Overloaded', 503, 'Overloaded'],
  ])('an error: %s', (_name, status, words, told, message_) => {
    const type = status === 529 ? 'overloaded_error' : 'invalid_request_error'
    const body = JSON.stringify({ type: 'error', error: { type, message: words } })
    const failure = anthropic.error.decode(status, () => undefined, body)
    expect(gemini.error.encode(failure, 'r')).toMatchObject({
      status: told,
      body: { error: { code: told, message: message_ } },
    })
  })
})

describe('#30 #70 D2 Claude’s thinking, there and back', () => {
  const SIGNATURE = 'EqQBCkYIBRgCKkAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTA='
  const signedBlock = [
    ...thinkingBlock.slice(0, -2),
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: SIGNATURE } },
    { type: 'content_block_stop', index: 0 },
  ]
  const parts = forGemini([start, ...signedBlock, ...bashBlock(1, '{"a":1}'), ...finish('tool_use')])
    .slice(0, -1)
    .flatMap((chunk) => chunk.candidates[0].content.parts as JsonObject[])

  it.each<[string, JsonObject[]]>([
    ['a client that keeps thoughts', parts],
    ['one that leaves them out, as Gemini CLI does', parts.filter((part) => part.thought !== true)],
  ])('%s', (_name, kept) => {
    const contents = [
      hi,
      { role: 'model', parts: kept },
      said('user', answers('Bash', { output: 'A' }, { id: 'toolu_1' })),
    ]
    expect(toClaude({ contents }).body.messages[1]).toEqual({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm', signature: SIGNATURE },
        { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { a: 1 } },
      ],
    })
  })
})
