import fc from 'fast-check'
import type { JsonObject } from '../../src/message/request.ts'

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

/** Requests that a Claude client may send, wholesome and not; the first message is the user's, as the API demands. */
export const anyClaudeRequest = fc.record(
  {
    system: fc.oneof(fc.constantFrom('', 'Be brief.'), fc.array(text, { maxLength: 3 })),
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
