import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { parseJson } from '../../src/protocols/shared/json.ts'
import { sealSignature } from '../../src/protocols/shared/gemini-signature.ts'
import { SKIP, answers, bash, done, hi, said, toGemini, translates } from './gemini.ts'
import { PDF, PNG, tool } from './request-rows.ts'
import { assistant, text, toolResult, toolUse, user } from './translate.ts'

const after = (...messages: object[]) => ({ messages: [user('Hi'), ...messages] })
const inline = (mimeType: string, data: string) => ({ inlineData: { mimeType, data } })
const png = inline('image/png', PNG.data)
const pdf = inline('application/pdf', PDF.data)
const CONTINUE = 'Continue your last message exactly where it ends. Do not repeat any of it.'

/** What an Anthropic client asks (left) and what Gemini gets (right). */
describe('system', () => {
  translates(toGemini, [
    {
      name: '#1 blocks keep their boundaries, and the attribution block is for Anthropic alone',
      from: {
        system: [
          text('x-anthropic-billing-header: cc_version=2;'),
          { ...text('You help.'), cache_control: { type: 'ephemeral' } },
          text('Be brief.'),
        ],
      },
      to: {
        systemInstruction: {
          parts: [text('You help.'), text('Be brief.')].map(({ text: t }) => ({ text: t })),
        },
      },
      warns: ['dropped system[0]', 'dropped cache_control'],
    },
    { name: '#1 none', from: {}, to: { contents: [hi] }, without: ['systemInstruction'] },
    {
      name: '#2 inside the conversation it is marked user text',
      from: after(assistant('Yes?'), { role: 'system', content: 'Note' }, user('Go')),
      to: {
        contents: [
          hi,
          said('model', 'Yes?'),
          said('user', '<system-reminder>\nNote\n</system-reminder>', 'Go'),
        ],
      },
      warns: ['changed messages[].role'],
    },
    {
      name: '#2 … but results stand directly behind their calls',
      from: after(assistant(toolUse('a')), { role: 'system', content: 'Note' }, user(toolResult('a', 'A'))),
      to: {
        contents: [
          hi,
          said('model', bash('a', { thoughtSignature: SKIP })),
          said('user', done('A'), '<system-reminder>\nNote\n</system-reminder>'),
        ],
      },
    },
  ])
})

describe('content', () => {
  translates(toGemini, [
    {
      name: '#3 what only Anthropic knows is told as text where it says something, and dropped where not',
      from: {
        messages: [
          assistant({ type: 'compaction', content: 'So far.' }),
          user(text('Hi'), { type: 'container_upload', file_id: 'f' }),
        ],
      },
      to: { contents: [said('user', '(The conversation so far.)'), said('model', 'So far.'), hi] },
      warns: ['changed messages[].content[].compaction', 'dropped messages[].content[].container_upload'],
    },
    {
      name: '#4 text and images keep their order',
      from: { messages: [user(text('a'), { type: 'image', source: PNG }, text('b'))] },
      to: { contents: [said('user', 'a', png, 'b')] },
    },
    {
      name: '#5 an image by its address, which Google fetches',
      from: {
        messages: [user({ type: 'image', source: { type: 'url', url: 'https://a.example/b.webp?c' } })],
      },
      to: {
        contents: [
          said('user', { fileData: { fileUri: 'https://a.example/b.webp?c', mimeType: 'image/webp' } }),
        ],
      },
    },
    {
      name: '#5 … unless the provider does not',
      quirks: { imageUrls: false },
      from: { messages: [user({ type: 'image', source: { type: 'url', url: 'https://a.example/b' } })] },
      to: {
        contents: [
          said(
            'user',
            '[The image was left out: the upstream takes no image by its address: https://a.example/b]',
          ),
        ],
      },
      warns: ['dropped messages[].content[].image'],
    },
    {
      name: '#5 A17 a file in a bucket goes on everywhere',
      quirks: { imageUrls: false },
      from: { messages: [user({ type: 'image', source: { type: 'url', url: 'gs://b/c.png' } })] },
      to: { contents: [said('user', { fileData: { fileUri: 'gs://b/c.png', mimeType: 'image/png' } })] },
    },
    {
      name: '#5 a kind of image that Gemini cannot read',
      from: { messages: [user({ type: 'image', source: { ...PNG, media_type: 'image/gif' } })] },
      to: { contents: [said('user', '[The image was left out: the model reads no image/gif]')] },
      warns: ['dropped messages[].content[].image'],
    },
    {
      name: '#6 a PDF with its title and context',
      from: {
        messages: [
          user({ type: 'document', source: PDF, title: 'T', context: 'C', citations: { enabled: true } }),
        ],
      },
      to: { contents: [said('user', 'Document: T', 'C', pdf)] },
      warns: ['dropped messages[].content[].document.citations'],
    },
    {
      name: '#6 a text document',
      from: {
        messages: [
          user({
            type: 'document',
            source: { type: 'text', media_type: 'text/plain', data: 'D' },
            title: 'T',
          }),
        ],
      },
      to: { contents: [said('user', 'Document: T\nD')] },
    },
    {
      name: '#6 a document of blocks',
      from: {
        messages: [
          user({
            type: 'document',
            source: { type: 'content', content: [text('a'), { type: 'image', source: PNG }] },
          }),
        ],
      },
      to: { contents: [said('user', 'a', png)] },
    },
    {
      name: '#7 a search result with its source',
      from: {
        messages: [
          user({ type: 'search_result', source: 'https://a.example/', title: 'T', content: [text('found')] }),
        ],
      },
      to: { contents: [said('user', 'T\nSource: https://a.example/\nfound')] },
    },
    {
      name: '#28 a beginning for the answer is history, and the model is asked to go on',
      from: after(assistant('Once upon')),
      to: { contents: [hi, said('model', 'Once upon'), said('user', CONTINUE)] },
      warns: ['emulated messages[last]'],
    },
    {
      name: '#29 A15 roles alternate, and nothing is empty',
      from: {
        messages: [
          user('a'),
          user(text(''), text('b')),
          assistant(text('')),
          user('c'),
          assistant('d'),
          assistant('e'),
          user('f'),
        ],
      },
      to: { contents: [said('user', 'a', 'b', 'c'), said('model', 'd', '\n\n', 'e'), said('user', 'f')] },
    },
    {
      name: '#29 the first turn is the user’s',
      from: { messages: [assistant('a'), user('b')] },
      to: { contents: [said('user', '(The conversation so far.)'), said('model', 'a'), said('user', 'b')] },
    },
  ])

  it('#5 a file that lies at Anthropic cannot be shown', () => {
    const file = { type: 'image', source: { type: 'file', file_id: 'file_1' } }
    expect(() => toGemini({ messages: [user(file)] })).toThrow(GatewayError)
    expect(() => toGemini({ messages: [user(file)] })).toThrow('send its bytes as base64')
  })
})

describe('calls and results', () => {
  const signed = bash('a', { thoughtSignature: SKIP })

  translates(toGemini, [
    {
      name: '#8 #32 a call and its result',
      from: after(assistant(text('So.'), toolUse('a')), user(toolResult('a', 'A'))),
      to: { contents: [hi, said('model', 'So.', signed), said('user', done('A'))] },
    },
    {
      name: '#9 #32 A13 parallel results in the order of the calls, before all else',
      from: after(
        assistant(toolUse('a'), toolUse('b')),
        user(text('Now?'), toolResult('b', 'B'), toolResult('a', 'A')),
      ),
      to: { contents: [hi, said('model', signed, bash('b')), said('user', done('A'), done('B'), 'Now?')] },
    },
    {
      name: '#8 A11 arguments are an object, whatever the history has',
      from: after(
        assistant(toolUse('a', 'Bash', null), toolUse('b', 'Bash', 'ls'), toolUse('c', 'Bash', [1])),
        user(toolResult('a', 'A'), toolResult('b', 'B'), toolResult('c', 'C')),
      ),
      to: {
        contents: [
          hi,
          said(
            'model',
            { functionCall: { name: 'Bash', args: {} }, thoughtSignature: SKIP },
            { functionCall: { name: 'Bash', args: { value: 'ls' } } },
            { functionCall: { name: 'Bash', args: { value: [1] } } },
          ),
          said('user', done('A'), done('B'), done('C')),
        ],
      },
    },
    {
      name: '#10 no content, an empty list, blocks',
      from: after(
        assistant(toolUse('a'), toolUse('b'), toolUse('c')),
        user(toolResult('a'), toolResult('b', []), toolResult('c', [text('x'), text('y')])),
      ),
      to: {
        contents: [
          hi,
          said('model', signed, bash('b'), bash('c')),
          said('user', done(''), done(''), done('x\ny')),
        ],
      },
    },
    {
      name: '#11 an image stands in the result',
      from: after(
        assistant(toolUse('a')),
        user(
          toolResult('a', [text('see'), { type: 'image', source: PNG }, { type: 'document', source: PDF }]),
        ),
      ),
      to: {
        contents: [
          hi,
          said('model', signed),
          said('user', answers('Bash', { output: 'see' }, { parts: [png, pdf] })),
        ],
      },
    },
    {
      name: '#11 … behind the results, where the model takes only text there',
      model: 'gemini-2.5-pro',
      from: after(
        assistant(toolUse('a'), toolUse('b')),
        user(toolResult('a', [text('see'), { type: 'image', source: PNG }]), toolResult('b', 'B')),
      ),
      to: {
        contents: [
          hi,
          said('model', bash('a'), bash('b')),
          said('user', done('see\n[File: see below]'), done('B'), '[File returned by Bash (call a)]', png),
        ],
      },
      warns: ['changed messages[].content[].tool_result.content'],
    },
    {
      name: '#12 an error is told as one',
      from: after(assistant(toolUse('a')), user(toolResult('a', 'no such file', { is_error: true }))),
      to: { contents: [hi, said('model', signed), said('user', answers('Bash', { error: 'no such file' }))] },
    },
    {
      name: '#13 A12 of two results the last counts, and one that is missing is told',
      from: after(
        assistant(toolUse('a'), toolUse('b')),
        user(toolResult('a', 'old'), toolResult('a', 'new')),
      ),
      to: {
        contents: [
          hi,
          said('model', signed, bash('b')),
          said(
            'user',
            done('new'),
            answers('Bash', { error: 'The tool was interrupted: it has no result.' }),
          ),
        ],
      },
      warns: ['dropped messages[].content[].tool_result'],
    },
    {
      name: '#13 a result without its call is text',
      from: { messages: [user(toolResult('gone', 'A'))] },
      to: {
        contents: [said('user', '[Result of the tool call gone, which is not part of this conversation]\nA')],
      },
      warns: ['changed messages[].content[].tool_result'],
    },
    {
      name: '#31 the result has the function’s name, not the id, and C7 no tools are needed for that',
      from: after(assistant(toolUse('toolu_1', 'Edit', {})), user(toolResult('toolu_1', 'ok'))),
      to: {
        contents: [
          hi,
          said('model', { functionCall: { name: 'Edit', args: {} }, thoughtSignature: SKIP }),
          said('user', answers('Edit', { output: 'ok' })),
        ],
      },
      without: ['tools', 'toolConfig'],
    },
    {
      name: '#3 A6 a tool that was loaded is text',
      from: after(
        assistant(toolUse('a', 'ToolSearch', {})),
        user(toolResult('a', [{ type: 'tool_reference', tool_name: 'WebFetch' }])),
      ),
      to: {
        contents: [
          hi,
          expect.anything(),
          said('user', answers('ToolSearch', { output: 'Tool loaded: WebFetch' })),
        ],
      },
    },
  ])

  it('#8 numbers keep their digits', () => {
    const call = parseJson('{"id":9007199254740993,"f":1.0}')
    const { text: body } = toGemini(after(assistant(toolUse('a', 'Bash', call)), user(toolResult('a', 'A'))))
    expect(body).toContain('"args":{"id":9007199254740993,"f":1.0}')
  })
})

describe('#26 #30 D1 D2 thinking in the history', () => {
  const own = (on?: 'next' | 'thought' | 'alone') => `signalbox.${sealSignature('QUI=', on)}`
  const thinking = (said_: string, signature: string) => ({ type: 'thinking', thinking: said_, signature })
  const loop = (...blocks: object[]) => after(assistant(...blocks), user(toolResult('a', 'A')))
  const model = (...parts: JsonObject[]) => ({
    contents: [hi, said('model', ...parts), said('user', done('A'))],
  })

  translates(toGemini, [
    {
      name: 'Gemini’s own signature stands on its call again',
      from: loop(thinking('hm', own()), toolUse('a')),
      to: model(bash('a', { thoughtSignature: 'QUI=' })),
    },
    {
      name: '… on the first of parallel calls alone',
      from: after(
        assistant(thinking('', own()), toolUse('a'), toolUse('b')),
        user(toolResult('a', 'A'), toolResult('b', 'B')),
      ),
      to: {
        contents: [hi, said('model', bash('a', { thoughtSignature: 'QUI=' }), bash('b')), expect.anything()],
      },
    },
    {
      name: '… on its text',
      from: loop(thinking('', own()), text('So.'), toolUse('a')),
      to: model({ text: 'So.', thoughtSignature: 'QUI=' }, bash('a', { thoughtSignature: SKIP })),
    },
    {
      name: '… on its thought',
      from: loop(thinking('hm', own('thought')), toolUse('a')),
      to: model(
        { text: 'hm', thought: true, thoughtSignature: 'QUI=' },
        bash('a', { thoughtSignature: SKIP }),
      ),
    },
    {
      name: '… on a part of its own',
      from: loop(text('So.'), thinking('', own('alone')), toolUse('a')),
      to: model(
        { text: 'So.' },
        { text: '', thoughtSignature: 'QUI=' },
        bash('a', { thoughtSignature: SKIP }),
      ),
    },
    {
      name: 'two in a row: each on its own',
      from: loop(thinking('', own()), thinking('', own()), toolUse('a')),
      to: model({ text: '', thoughtSignature: 'QUI=' }, bash('a', { thoughtSignature: 'QUI=' })),
    },
    {
      name: 'Claude’s thinking and signature are left out, and the call says that it has none',
      from: loop(thinking('hm', 'EqQBCkYIBRgCKkA='), { type: 'redacted_thinking', data: 'x' }, toolUse('a')),
      to: model(bash('a', { thoughtSignature: SKIP })),
      warns: ['dropped messages[].content[].thinking', 'dropped messages[].content[].redacted_thinking'],
    },
    {
      name: 'GPT’s and unsigned thinking, too',
      from: loop(
        thinking('hm', 'signalbox.sbx-responses-rs1.gAAAA'),
        thinking('hm', 'signalbox.'),
        toolUse('a'),
      ),
      to: model(bash('a', { thoughtSignature: SKIP })),
    },
    {
      name: 'before Gemini 3 no call needs a signature',
      model: 'gemini-2.5-pro',
      from: loop(toolUse('a')),
      to: model(bash('a')),
    },
    {
      name: 'a turn of nothing but foreign thinking is gone',
      from: after(assistant(thinking('hm', 'signalbox.')), user('Go')),
      to: { contents: [said('user', 'Hi', 'Go')] },
    },
  ])
})

describe('settings', () => {
  const config = (generationConfig: JsonObject) => ({ generationConfig })
  const adaptive = (effort?: string) => ({
    thinking: { type: 'adaptive' },
    ...(effort !== undefined && { output_config: { effort } }),
  })

  translates(toGemini, [
    { name: '#21 the limit', from: { max_tokens: 4096 }, to: config({ maxOutputTokens: 4096 }) },
    {
      name: '#21 at most what the model can say',
      from: { max_tokens: 128_000 },
      to: config({ maxOutputTokens: 65_536 }),
      warns: ['changed max_tokens'],
    },
    {
      name: '#21 A9 room to think, for a probe with 1',
      from: { max_tokens: 1 },
      to: config({ maxOutputTokens: 1024 }),
      warns: ['changed max_tokens'],
    },
    {
      name: '#21 … which is not needed where thinking is off',
      model: 'gemini-2.5-flash',
      from: { max_tokens: 64, thinking: { type: 'disabled' } },
      to: config({ maxOutputTokens: 64, thinkingConfig: { thinkingBudget: 0 } }),
    },
    {
      name: '#22 sampling',
      from: { temperature: 0.5, top_p: 0.9, top_k: 40 },
      to: config({ temperature: 0.5, topP: 0.9, topK: 40 }),
    },
    {
      name: '#23 stop sequences, at most five',
      from: { stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] },
      to: config({ stopSequences: ['a', 'b', 'c', 'd', 'e'] }),
      warns: ['emulated stop_sequences'],
    },
    {
      name: '#24 who the user is, nobody is told',
      from: { metadata: { user_id: '{"device_id":"d","session_id":"s"}' } },
      warns: ['dropped metadata.user_id'],
    },
    {
      name: '#25 #35 an effort is a level',
      from: adaptive('medium'),
      to: config({ thinkingConfig: { includeThoughts: true, thinkingLevel: 'MEDIUM' } }),
      without: ['generationConfig.thinkingConfig.thinkingBudget'],
    },
    {
      name: '#25 #35 the nearest that the model has',
      from: adaptive('max'),
      to: config({ thinkingConfig: { thinkingLevel: 'HIGH' } }),
      warns: ['changed thinking'],
    },
    {
      name: '#25 #35 no effort: as much as the model likes',
      from: adaptive(),
      to: config({ thinkingConfig: { includeThoughts: true } }),
      without: ['generationConfig.thinkingConfig.thinkingLevel'],
    },
    {
      name: '#35 D4 thoughts that the client does not show are not asked for',
      from: { thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'low' } },
      to: config({ thinkingConfig: { thinkingLevel: 'LOW' } }),
      without: ['generationConfig.thinkingConfig.includeThoughts'],
    },
    {
      name: '#25 #35 a budget is a level by its share of the answer',
      from: { max_tokens: 10_000, thinking: { type: 'enabled', budget_tokens: 2000 } },
      to: config({ thinkingConfig: { thinkingLevel: 'LOW' } }),
    },
    {
      name: '#35 a budget is a budget before Gemini 3',
      model: 'gemini-2.5-pro',
      from: { max_tokens: 10_000, thinking: { type: 'enabled', budget_tokens: 2000 } },
      to: config({ thinkingConfig: { includeThoughts: true, thinkingBudget: 2000 } }),
      without: ['generationConfig.thinkingConfig.thinkingLevel'],
    },
    {
      name: '#35 A8 … within the model’s bounds',
      model: 'gemini-2.5-flash',
      from: { max_tokens: 40_000, thinking: { type: 'enabled', budget_tokens: 31_999 } },
      to: config({ thinkingConfig: { thinkingBudget: 24_576 } }),
      warns: ['changed thinking.budget_tokens'],
    },
    {
      name: '#35 an effort as a budget',
      model: 'gemini-2.5-pro',
      from: adaptive('high'),
      to: config({ thinkingConfig: { includeThoughts: true, thinkingBudget: 24_576 } }),
    },
    {
      name: '#35 as much as it likes, as a budget',
      model: 'gemini-2.5-pro',
      from: adaptive(),
      to: config({ thinkingConfig: { thinkingBudget: -1 } }),
    },
    {
      name: '#25 #35 off: as little as the model can',
      model: 'gemini-3.5-flash',
      from: { thinking: { type: 'disabled' } },
      to: config({ thinkingConfig: { thinkingLevel: 'MINIMAL' } }),
      without: ['generationConfig.thinkingConfig.includeThoughts'],
    },
    {
      name: '#35 off, for a model that cannot stop',
      model: 'gemini-2.5-pro',
      from: { thinking: { type: 'disabled' } },
      to: config({ thinkingConfig: { thinkingBudget: 128 } }),
      warns: ['changed thinking.budget_tokens'],
    },
    {
      name: '#25 A20 a model that does not think is not asked to, and nobody is told off',
      model: 'gemini-2.0-flash',
      from: adaptive('high'),
      without: ['generationConfig.thinkingConfig'],
      warns: ['dropped thinking'],
    },
    {
      name: 'A10 of a model that nobody knows nothing is asked',
      model: 'my-endpoint',
      from: adaptive('high'),
      without: ['generationConfig.thinkingConfig'],
      warns: ['dropped thinking'],
    },
    { name: '#25 nothing said, nothing asked', from: {}, without: ['generationConfig.thinkingConfig'] },
    {
      name: '#27 A1 what only Claude has is dropped',
      from: {
        service_tier: 'auto',
        context_management: { edits: [] },
        mcp_servers: [],
        safeguards: [{ type: 'dangerous_tool_use' }],
      },
      without: ['service_tier', 'context_management', 'mcp_servers', 'safeguards'],
      warns: ['dropped service_tier', 'dropped context_management', 'dropped safeguards'],
    },
    {
      name: '#72 a format',
      from: {
        output_config: {
          format: {
            type: 'json_schema',
            schema: {
              type: 'object',
              properties: { title: { const: 'x' } },
              required: ['title'],
              additionalProperties: false,
            },
          },
        },
      },
      to: config({
        responseMimeType: 'application/json',
        responseJsonSchema: {
          type: 'object',
          properties: { title: { enum: ['x'] } },
          required: ['title'],
          additionalProperties: false,
        },
      }),
    },
    {
      name: '#72 a format beside tools, before Gemini 3, is told to the model',
      model: 'gemini-2.5-pro',
      from: {
        tools: [tool('Bash')],
        output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
      },
      to: {
        systemInstruction: {
          parts: [{ text: 'Answer with nothing but JSON that follows this JSON Schema:\n{"type":"object"}' }],
        },
      },
      without: ['generationConfig.responseMimeType'],
      warns: ['emulated output_config.format'],
    },
  ])

  it('#23 the stop sequences that do not go are enforced', () => {
    expect(toGemini({ stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] }).memo.enforceStop).toEqual(['f'])
  })
})

describe('the whole body', () => {
  const sample = (name: string) =>
    JSON.parse(readFileSync(`test/data/claude/${name}.json`, 'utf8')) as JsonObject

  it('E1 what changes least stands first, the conversation last', () => {
    const { body } = toGemini({ ...sample('default-second-turn') })
    expect(Object.keys(body)).toEqual(['systemInstruction', 'tools', 'generationConfig', 'contents'])
  })

  it('E2 the same request gives the same bytes', () => {
    const body = sample('parallel-tools')
    expect(toGemini(body).text).toBe(toGemini(body).text)
  })

  it.each([
    'default-second-turn',
    'parallel-tools',
    'image-and-pdf-results',
    'thinking-round-trip',
    'bare-second-turn',
    'tool-search-unknown-model',
    'subagent-system-after-result',
    'web-search-server-tool',
    'session-title',
  ])('Claude Code’s %s: turns alternate, and each has as many results as calls', (name) => {
    const { contents } = toGemini(sample(name)).body as { contents: { role: string; parts: JsonObject[] }[] }
    const count = (at: number, field: string) => contents[at]!.parts.filter((part) => field in part).length
    contents.forEach(({ role, parts }, at) => {
      expect(role).toBe(at % 2 === 0 ? 'user' : 'model')
      expect(parts.length).toBeGreaterThan(0)
      if (role === 'model') expect(count(at + 1, 'functionResponse')).toBe(count(at, 'functionCall'))
      if (count(at, 'functionResponse') > 0)
        expect(
          parts.slice(0, count(at, 'functionResponse')).every((part) => 'functionResponse' in part),
        ).toBe(true)
    })
    expect(contents.at(-1)!.role).toBe('user')
  })
})
