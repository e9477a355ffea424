import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze } from '../../src/lib/frozen.ts'
import { GatewayError } from '../../src/message/error.ts'
import type { JsonObject } from '../../src/message/request.ts'
import type { Quirks } from '../../src/protocols/protocol.ts'
import { checkOpenAiChat } from '../support/provider/openai-chat-check.ts'
import { assistant, MODELS, toChat, user } from './translate.ts'

/** OpenAI's own validation, as the scripted provider does it. Undefined: accepted. */
function refusal(from: JsonObject, model: string, quirks: Quirks = {}) {
  const { body } = toChat(from, { model, quirks: { fileParts: true, promptCacheKey: true, ...quirks } })
  return checkOpenAiChat(body)
}

describe('what Claude Code really sent', () => {
  const files = readdirSync('test/data/claude').filter((name) => name !== 'count-tokens.json')
  const cases = files.flatMap((file) => Object.keys(MODELS).map((model) => [file, model] as const))

  it.each(cases)('%s to %s is accepted', (file, model) => {
    const from = JSON.parse(readFileSync(`test/data/claude/${file}`, 'utf8')) as JsonObject
    expect(refusal(from, model, { toolsNeedEffortNone: true })).toBeUndefined()
  })

  it('#16 a tool search: the found tools are offered, the placeholder is not', () => {
    const from = JSON.parse(
      readFileSync('test/data/claude/tool-search-unknown-model.json', 'utf8'),
    ) as JsonObject
    const names = (toChat(from).body['tools'] as { function: { name: string } }[]).map(
      (tool) => tool.function.name,
    )
    expect(names).toContain('WebFetch')
    expect(names).toContain('CronList')
    expect(names).not.toContain('DeferredToolPlaceholder')
  })

  it('#11 an image and a PDF that Read gave back', () => {
    const from = JSON.parse(readFileSync('test/data/claude/image-and-pdf-results.json', 'utf8')) as JsonObject
    const { body } = toChat(from, { quirks: { fileParts: true } })
    const roles = (body['messages'] as { role: string }[]).map((message) => message.role)
    expect(roles).toEqual([
      'system',
      'user',
      'system',
      'assistant',
      'tool',
      'user',
      'assistant',
      'tool',
      'user',
      'assistant',
      'tool',
    ])
  })
})

// ==== Any request

const id = fc.constantFrom('a', 'b', 'c', 'toolu_1', 'functions.Bash:0', 'x'.repeat(60))
const name = fc.constantFrom('Bash', 'Read', 'web_search', 'a.b', 'mcp__'.repeat(20))
const cache = {
  cache_control: fc.constantFrom({ type: 'ephemeral' }, { type: 'ephemeral', ttl: '1h' }, null),
}
/** A block of which some fields may be missing. */
const block = (
  type: string,
  required: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>> = {},
) =>
  fc
    .tuple(fc.record(required), fc.record(optional, { requiredKeys: [] }))
    .map(([given, more]) => ({ type, ...given, ...more }))

const text = block('text', { text: fc.constantFrom('', ' ', 'Hello', '😀') }, cache)
const source = fc.oneof(
  fc.constant({ type: 'base64', media_type: 'image/png', data: 'iVBORw==' }),
  fc.constant({ type: 'url', url: 'https://a.b/c' }),
)
const image = block('image', { source }, cache)
const document = block(
  'document',
  { source: fc.oneof(source, fc.constant({ type: 'text', media_type: 'text/plain', data: 'x' })) },
  { title: fc.constantFrom('a.pdf', null), citations: fc.constant({ enabled: true }) },
)
const search = block('search_result', {
  source: fc.constant('s'),
  title: fc.constant('t'),
  content: fc.array(block('text', { text: fc.string() }), { maxLength: 2 }),
})
const unknown = fc.constantFrom(
  { type: 'hologram' },
  { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
  { type: 'compaction', content: 'So far.' },
)
const found = block('tool_reference', { tool_name: name })
const resultContent = fc.array(fc.oneof(text, image, document, search, found), { maxLength: 3 })
const result = block(
  'tool_result',
  { tool_use_id: id },
  { content: fc.oneof(fc.constantFrom('', null, 'done'), resultContent), is_error: fc.boolean(), ...cache },
)
const thinking = block('thinking', {
  thinking: fc.constantFrom('', 'Hmm'),
  signature: fc.constantFrom('EqQB', 'signalbox.', 'signalbox.sbx-gemini-AY'),
})
const call = block('tool_use', {
  id,
  name,
  input: fc.oneof(fc.constantFrom(null, '', {}), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))),
})

const message = fc.oneof(
  fc.record({
    role: fc.constant('user'),
    content: fc.oneof(
      fc.constantFrom('', 'Hi'),
      fc.array(fc.oneof(text, image, document, search, result, unknown), { maxLength: 4 }),
    ),
  }),
  fc.record({
    role: fc.constant('assistant'),
    content: fc.oneof(
      fc.constantFrom('', 'Yes'),
      fc.array(fc.oneof(text, thinking, call, unknown), { maxLength: 4 }),
    ),
  }),
  fc.record({
    role: fc.constant('system'),
    content: fc.oneof(fc.constant('Note'), fc.array(text, { maxLength: 2 })),
  }),
)

const schema = fc.constantFrom<JsonObject>(
  { type: 'object' },
  { type: 'object', properties: { a: { type: 'array' } } },
  { anyOf: [{ type: 'object', properties: { a: {} } }] },
  { type: 'object', properties: { a: {} }, required: ['a'], additionalProperties: false },
)
const toolOf = fc.oneof(
  fc.record(
    { name, input_schema: schema, strict: fc.boolean(), defer_loading: fc.boolean() },
    { requiredKeys: ['name', 'input_schema'] },
  ),
  fc.constantFrom(
    { type: 'web_search_20250305', name: 'web_search' },
    { type: 'bash_20250124', name: 'bash' },
    { type: 'tool_search_tool_bm25_20251119', name: 'tool_search' },
  ),
)

const request = fc.record(
  {
    system: fc.oneof(fc.constantFrom('', 'Be brief.'), fc.array(text, { maxLength: 3 })),
    // The first message is the user's, as the API demands.
    messages: fc.array(message, { maxLength: 8 }).map((rest) => [{ role: 'user', content: 'Hi' }, ...rest]),
    tools: fc.uniqueArray(toolOf, { maxLength: 4, selector: (tool) => tool.name }),
    tool_choice: fc.oneof(
      fc.record({ type: fc.constantFrom('auto', 'any', 'none'), disable_parallel_tool_use: fc.boolean() }),
      fc.record({ type: fc.constant('tool'), name }),
    ),
    max_tokens: fc.integer({ min: 1, max: 200_000 }),
    // With effort none any value goes since GPT-5.1, which the scripted provider does not know.
    temperature: fc.constant(1),
    top_k: fc.nat(100),
    stop_sequences: fc.array(fc.string({ minLength: 1 }), { maxLength: 6 }),
    thinking: fc.oneof(
      fc.constantFrom({ type: 'adaptive' }, { type: 'disabled' }),
      fc.record({ type: fc.constant('enabled'), budget_tokens: fc.nat(64_000) }),
    ),
    output_config: fc.record(
      {
        effort: fc.constantFrom('low', 'max'),
        format: fc.record({ type: fc.constant('json_schema'), schema }),
      },
      { requiredKeys: [] },
    ),
    metadata: fc.record({ user_id: fc.string() }),
    stream: fc.boolean(),
    context_management: fc.anything(),
  },
  { requiredKeys: ['messages'] },
)

describe('any request', () => {
  it('that decodes encodes, and OpenAI would accept it', () => {
    const model = fc.constantFrom(...Object.keys(MODELS), 'some-model')
    fc.assert(
      fc.property(request, model, (from, to) => {
        expect(refusal(from as JsonObject, to)).toBeUndefined()
      }),
      { numRuns: 1500 },
    )
  })

  it('of whatever JSON: it encodes, or says which field is wrong', () => {
    const field = fc.constantFrom(
      'messages',
      'system',
      'tools',
      'tool_choice',
      'max_tokens',
      'thinking',
      'output_config',
      'metadata',
      'stop_sequences',
      'x',
    )
    fc.assert(
      fc.property(request, field, fc.jsonValue({ maxDepth: 4 }), (from, broken, value) => {
        try {
          toChat({ ...from, [broken]: value })
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
          expect((error as GatewayError).status).toBe(400)
        }
      }),
      { numRuns: 1500 },
    )
  })

  it('gives the same for tools that are shared between requests, the first time and later', () => {
    const quirks = fc.record<Quirks>({ toolsMax: fc.constantFrom(1, 128), parallelToolCalls: fc.boolean() })
    const to = fc.record({ model: fc.constantFrom(...Object.keys(MODELS)), quirks })
    fc.assert(
      fc.property(request, to, to, (from, one, other) => {
        const own = [one, other, one].map((target) => toChat(structuredClone(from) as JsonObject, target))
        const shared = { ...structuredClone(from), tools: deepFreeze(structuredClone(from.tools ?? [])) }
        expect([one, other, one].map((target) => toChat(shared as JsonObject, target))).toEqual(own)
      }),
      { numRuns: 300 },
    )
  })

  it('gives the same bytes for the same request, whatever was translated between', () => {
    fc.assert(
      fc.property(request, request, (one, other) => {
        const before = toChat(one).text
        toChat(other)
        expect(toChat(structuredClone(one) as JsonObject).text).toBe(before)
      }),
      { numRuns: 200 },
    )
  })
})

/** Each once held the process for 3 to 30 s. */
describe('E2 a body of many small parts is read in linear time', () => {
  const many = (count: number, make: (at: number) => unknown) =>
    Array.from({ length: count }, (_, at) => make(at))
  const toolUse = (at: number) => ({ type: 'tool_use', id: `t${at}`, name: 'Bash', input: {} })
  const toolResult = (at: number) => ({ type: 'tool_result', tool_use_id: `t${at}`, content: 'A' })

  it('messages of one role in a row', () => {
    const messages = many(100_000, () => user('a'))
    expect(toChat({ messages }).text).toContain('"content":[{"type":"text","text":"a"},')
  })

  it('calls and results in one turn', () => {
    const messages = [user('Hi'), assistant(...many(50_000, toolUse)), user(...many(50_000, toolResult))]
    expect((toChat({ messages }).body['messages'] as unknown[]).length).toBe(50_002)
  })

  it('tools that come and go', () => {
    const change = (at: number) => ({ type: 'tool_removal', tool: { name: `n${at + 10}` } })
    const tools = many(40_000, (at) => ({ name: `n${at}`, input_schema: {} }))
    const messages = [user('Hi'), { role: 'system', content: many(40_000, change) }]
    expect((toChat({ tools, messages }).body['tools'] as unknown[]).length).toBe(10)
  })

  it('warnings of as many kinds as there are blocks are few, and say that there were more', () => {
    const { warnings } = toChat({
      messages: [user(...many(120_000, (at) => ({ type: `x${at}`.padEnd(at === 0 ? 10_000 : 1) })))],
    })
    expect(warnings.length).toBeLessThan(200)
    expect(warnings).toContain('dropped …')
    expect(warnings.join('').length).toBeLessThan(10_000)
  })
})
