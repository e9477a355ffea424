import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze } from '../../src/lib/frozen.ts'
import { GatewayError } from '../../src/message/error.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { checkAnthropic } from '../support/provider/anthropic-check.ts'
import { ANTHROPIC_DIALECT } from '../support/provider/anthropic-dialect.ts'
import type { Json } from '../support/provider/json.ts'
import { checkResponses } from '../support/provider/openai-responses-check.ts'
import { anyClaudeRequest } from './any-claude-request.ts'
import { calls, hi, output, toClaude, toResponses } from './responses.ts'
import { assistant, MODELS, toolResult, toolUse, user } from './translate.ts'

/** OpenAI's own validation, as the scripted provider does it. Undefined: accepted. */
const refusedByOpenAi = (from: JsonObject, model: string) =>
  checkResponses(
    toResponses(from, { model, quirks: { promptCacheKey: true } }).body,
    {},
    { kind: 'generate' },
  )

/** Anthropic's. */
const refusedByClaude = (from: JsonObject, model: string) =>
  checkAnthropic(ANTHROPIC_DIALECT)(toClaude(from, { model }).body, {}, { kind: 'generate' })

const read = (path: string): JsonObject => JSON.parse(readFileSync(`test/data/${path}`, 'utf8'))

describe('what agents really sent', () => {
  const claude = readdirSync('test/data/claude').filter((name) => name !== 'count-tokens.json')
  const models = Object.keys(MODELS)

  it.each(claude.flatMap((file) => models.map((model) => [file, model] as const)))(
    'Claude Code’s %s to %s in Responses is accepted',
    (file, model) => {
      expect(refusedByOpenAi(read(`claude/${file}`), model)).toBeUndefined()
    },
  )

  const responses = [
    ...readdirSync('test/data/codex').map((file) => `codex/${file}`),
    'opencode/responses-second-turn.json',
    'opencode/responses-title.json',
  ]

  it.each(
    responses.flatMap((file) =>
      ['claude-opus-5-5', 'claude-sonnet-4-5'].map((model) => [file, model] as const),
    ),
  )('#69 %s to %s is accepted', (file, model) => {
    expect(refusedByClaude(read(file), model)).toBeUndefined()
  })

  it('#11 an image and a PDF that Read gave back stand in the results', () => {
    const { body } = toResponses(read('claude/image-and-pdf-results.json'))
    const types = (body.input as Json[])
      .filter(({ type }) => type === 'function_call_output')
      .flatMap((item) => (Array.isArray(item.output) ? item.output.map(({ type }: Json) => type) : ['text']))
    expect(types).toContain('input_image')
    expect(types).toContain('input_file')
  })

  it('E10 the turns of a session have one cache key, and one beginning', () => {
    const first = read('claude/default-second-turn.json')
    const more = { ...first, messages: [...(first.messages as Json[]), assistant('Done.'), user('Thanks')] }
    const quirks = { promptCacheKey: true }
    const [one, other] = [first, more].map((from) => toResponses(from, { quirks }))
    expect(one!.body.prompt_cache_key).toBe(other!.body.prompt_cache_key)
    expect(other!.text.startsWith(one!.text.slice(0, -2))).toBe(true)
  })
})

describe('any Claude request', () => {
  it('that decodes encodes, and OpenAI would accept it', () => {
    const model = fc.constantFrom(...Object.keys(MODELS), 'some-model')
    fc.assert(
      fc.property(anyClaudeRequest, model, (from, to) => {
        expect(refusedByOpenAi(from, to)).toBeUndefined()
      }),
      { numRuns: 1500 },
    )
  })

  it('gives the same for tools that are shared between requests, the first time and later', () => {
    fc.assert(
      fc.property(anyClaudeRequest, (from) => {
        const own = toResponses(structuredClone(from)).text
        const shared = { ...structuredClone(from), tools: deepFreeze(structuredClone(from.tools ?? [])) }
        expect([1, 2].map(() => toResponses(shared as JsonObject).text)).toEqual([own, own])
      }),
      { numRuns: 300 },
    )
  })
})

// ==== Any request of a Responses client

const words = fc.constantFrom('', ' ', 'Hello', '😀')
const id = fc.constantFrom('a', 'b', 'call_1', 'functions.Bash:0', 'x'.repeat(70))
const name = fc.constantFrom('Bash', 'apply_patch', 'web_search', 'a.b', 'mcp__'.repeat(20))
const namespace = fc.constantFrom(undefined, 'functions', 'agents')
const part = fc.oneof(
  words.map((text) => ({ type: 'input_text', text })),
  fc.constantFrom(
    { type: 'input_image', image_url: 'data:image/png;base64,iVBORw==' },
    { type: 'input_image', image_url: 'https://a.b/c.png' },
    { type: 'input_file', filename: 'a.pdf', file_data: 'JVBERi0=' },
    { type: 'input_audio', input_audio: {} },
  ),
)
const said = fc.record({
  type: fc.constant('message'),
  role: fc.constantFrom('user', 'assistant', 'developer', 'system'),
  content: fc.oneof(words, fc.array(part, { maxLength: 3 })),
})
const reasoning = fc.record({
  type: fc.constant('reasoning'),
  id: fc.constant('rs_1'),
  summary: fc.array(
    words.map((text) => ({ type: 'summary_text', text })),
    { maxLength: 2 },
  ),
  encrypted_content: fc.constantFrom(null, 'gAAA', 'signalbox.', 'signalbox.EqQB', 'signalbox.sbx-gemini-AY'),
})
const call = fc.oneof(
  fc.record({
    type: fc.constant('function_call'),
    call_id: id,
    name,
    namespace,
    arguments: fc.constantFrom('', '{}', '{"a":1}', '[1]', 'null', '{"a'),
  }),
  fc.record({ type: fc.constant('custom_tool_call'), call_id: id, name, namespace, input: words }),
  fc.record({
    type: fc.constant('local_shell_call'),
    call_id: id,
    action: fc.constant({ type: 'exec', command: ['ls'] }),
  }),
)
const result = fc.record({
  type: fc.constantFrom('function_call_output', 'custom_tool_call_output'),
  call_id: id,
  output: fc.oneof(words, fc.array(part, { maxLength: 2 })),
})
const other = fc.constantFrom(
  { type: 'web_search_call', id: 'ws_1', action: { type: 'search', query: 'x' } },
  { type: 'item_reference', id: 'msg_1' },
  { type: 'item_reference', id: 'rs_1' },
  { type: 'compaction', encrypted_content: 'x' },
  { type: 'hologram' },
)
const fn = fc.record({
  type: fc.constant('function'),
  name,
  parameters: fc.constantFrom({ type: 'object' }, null),
})
const custom = fc.record({ type: fc.constant('custom'), name })
const group = fc.record({
  type: fc.constant('namespace'),
  name: fc.constantFrom('functions', 'agents'),
  description: words,
  tools: fc.array(fc.oneof(fn, custom), { maxLength: 3 }),
})
const hosted = fc.constantFrom({ type: 'web_search' }, { type: 'local_shell' }, { type: 'image_generation' })
const tools = fc.array(fc.oneof(fn, custom, group, hosted), { maxLength: 4 })
const item = fc.oneof(
  said,
  reasoning,
  call,
  result,
  other,
  tools.map((list) => ({ type: 'additional_tools', role: 'developer', tools: list })),
)
const anyResponsesRequest = fc.record(
  {
    input: fc.oneof(
      fc.constant('Hi'),
      fc.array(item, { maxLength: 8 }).map((rest) => [hi, ...rest, hi]),
    ),
    instructions: words,
    tools,
    tool_choice: fc.constantFrom('auto', 'none', 'required'),
    parallel_tool_calls: fc.boolean(),
    max_output_tokens: fc.integer({ min: 1, max: 200_000 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    reasoning: fc.record(
      {
        effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh'),
        summary: fc.constant('auto'),
      },
      { requiredKeys: [] },
    ),
    text: fc.constantFrom(
      {},
      { format: { type: 'json_object' } },
      {
        format: {
          type: 'json_schema',
          name: 'a',
          schema: { type: 'object', properties: { a: { type: 'array', minItems: 3 } } },
        },
      },
    ),
    prompt_cache_key: words,
    stream: fc.boolean(),
  },
  { requiredKeys: ['input'] },
)

describe('any Responses request', () => {
  it('that decodes encodes, and Claude would accept it', () => {
    const model = fc.constantFrom('claude-opus-5-5', 'claude-sonnet-4-5')
    fc.assert(
      fc.property(anyResponsesRequest, model, (from, to) => {
        expect(refusedByClaude(from, to)).toBeUndefined()
      }),
      { numRuns: 1500 },
    )
  })

  it('of whatever JSON: it encodes, or says which field is wrong', () => {
    const field = fc.constantFrom(
      'input',
      'tools',
      'tool_choice',
      'reasoning',
      'text',
      'max_output_tokens',
      'x',
    )
    fc.assert(
      fc.property(anyResponsesRequest, field, fc.jsonValue({ maxDepth: 4 }), (from, broken, value) => {
        try {
          toClaude({ ...from, [broken]: value })
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
          expect((error as GatewayError).status).toBe(400)
        }
      }),
      { numRuns: 1500 },
    )
  })

  it('gives the same bytes for the same request, whatever was translated between', () => {
    fc.assert(
      fc.property(anyResponsesRequest, anyResponsesRequest, (one, two) => {
        const before = toClaude(one).text
        toClaude(two)
        expect(toClaude(structuredClone(one) as JsonObject).text).toBe(before)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a conversation of many small parts is written in linear time', () => {
  const many = <T>(count: number, make: (at: number) => T) =>
    Array.from({ length: count }, (_, at) => make(at))

  it('for OpenAI', () => {
    const messages = [
      user('Hi'),
      assistant(...many(50_000, (at) => toolUse(`t${at}`))),
      user(...many(50_000, (at) => toolResult(`t${at}`, 'A'))),
    ]
    expect(toResponses({ messages }).body.input).toHaveLength(100_001)
  })

  it('of Codex', () => {
    const input = [hi, ...many(20_000, (at) => calls(`t${at}`)), ...many(20_000, (at) => output(`t${at}`))]
    expect(toClaude({ input }).body.messages).toHaveLength(3)
  })
})
