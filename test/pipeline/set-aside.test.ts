import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseBody } from '../../src/pipeline/parse-body.ts'
import { WATCHED } from '../../src/pipeline/watched.ts'
import { PROTOCOLS } from '../../src/protocols/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'
import { scanObject } from '../../src/wire/json-scan.ts'
import { writeJsonText } from '../../src/wire/json-text.ts'
import { SetAside } from '../../src/wire/set-aside.ts'

/** What agents sent, and a conversation of each API that none of them speaks. */
const RECORDED: readonly [protocol: string, file: string][] = [
  ['anthropic', 'claude/default-second-turn'],
  ['anthropic', 'claude/image-and-pdf-results'],
  ['anthropic', 'claude/subagent-system-after-result'],
  ['anthropic', 'claude/thinking-round-trip'],
  ['anthropic', 'claude/web-search-server-tool'],
  ['openai-responses', 'codex/apply-patch-second-turn'],
  ['openai-responses', 'codex/namespaced-call'],
  ['openai-responses', 'codex/reasoning-round-trip'],
  ['openai-responses', 'opencode/responses-second-turn'],
  ['gemini', 'gemini/cli-second-turn'],
]
const WRITTEN: readonly [protocol: string, body: object][] = [
  [
    'openai-chat',
    {
      model: 'm',
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: [{ type: 'text', text: 'u' }] },
        { role: 'assistant', content: 'a', tool_calls: [call('c1', '{"content":"x"}')] },
        { role: 'tool', tool_call_id: 'c1', content: 'r' },
      ],
    },
  ],
  [
    'anthropic',
    {
      model: 'm',
      max_tokens: 9,
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: x' },
        { type: 'text', text: 's' },
      ],
      messages: [
        { role: 'user', content: 'u' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'W', input: { content: 'x' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', is_error: true, content: 'r' }] },
        { role: 'assistant', content: 'prefill ' },
      ],
    },
  ],
  [
    'bedrock-converse',
    {
      system: [{ text: 's' }],
      messages: [
        { role: 'user', content: [{ text: 'u' }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'W', input: { text: 'x' } } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ text: 'r' }] } }] },
      ],
    },
  ],
  [
    'cohere',
    {
      model: 'm',
      documents: [{ data: 'd' }],
      messages: [
        { role: 'user', content: 'u' },
        { role: 'assistant', tool_calls: [call('c1', '{}')] },
        { role: 'tool', tool_call_id: 'c1', content: [{ type: 'document', document: { data: 'r' } }] },
      ],
    },
  ],
]

function call(id: string, args: string): object {
  return { id, type: 'function', function: { name: 'W', arguments: args } }
}

/** What may stand at the edge of a text that is set aside, or inside of it. */
const pieces = fc.constantFrom(
  'word ',
  '"',
  '\\',
  '\n',
  '\t',
  '\u0000',
  '\u007f',
  'é',
  '漢',
  '😀',
  '\ud800',
  '{',
  '  ',
)
const words = fc.constantFrom(
  '</system-reminder>',
  '\\u0041',
  '\\\\"',
  '[',
  '—',
  '\r\n',
  'data:image/png;base64,AAAA',
)
const texts = fc
  .tuple(fc.array(fc.oneof(pieces, words), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 40 }))
  .map(([parts, times]) => parts.join('').repeat(times))

/** The same body with other texts wherever one stands. */
function retold(value: unknown, next: () => string, name = ''): unknown {
  if (typeof value === 'string')
    return ['text', 'content', 'output', 'instructions', 'system', 'data'].includes(name) ? next() : value
  if (Array.isArray(value)) return value.map((element) => retold(element, next))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, retold(inner, next, key)]))
}

const WAYS: readonly [way: string, write: (value: unknown) => string][] = [
  ['compact', (value) => JSON.stringify(value)],
  ['with spaces', (value) => JSON.stringify(value, undefined, 1).replaceAll('": ', '"\t: ')],
  ['in ASCII', (value) => JSON.stringify(value).replaceAll(/[^ -~]/g, escaped)],
]

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** All that comes of a translation, or why there is none. */
function translated(from: Protocol, to: Protocol, text: string, isSetAside: boolean) {
  const body = Buffer.from(text)
  const aside = isSetAside ? new SetAside(body) : undefined
  try {
    const decoded = from.request.decode(parseBody({ body, ...scanObject(body, undefined, WATCHED) }, aside))
    const encoded = to.request.encode(decoded.request, { model: 'some-model', facts: undefined, quirks: {} })
    const { answerMemo, includeUsage, warnings } = decoded
    return {
      sent: JSON.parse(writeJsonText(encoded.body, aside).toString()) as unknown,
      isEmpty: aside?.isEmpty ?? true,
      forClient: JSON.stringify([encoded.memo, answerMemo, includeUsage, warnings, encoded.warnings]),
    }
  } catch (error) {
    return { refused: (error as Error).message }
  }
}

const protocols = PROTOCOLS.map((protocol) => [protocol.id, protocol] as const)
const of = (id: string) => PROTOCOLS.find((protocol) => protocol.id === id)!
const rows = [
  ...RECORDED.map(([from, file]): [string, string, object] => [
    from,
    file,
    JSON.parse(readFileSync(new URL(`../data/${file}.json`, import.meta.url), 'utf8')) as object,
  ]),
  ...WRITTEN.map(([from, body]): [string, string, object] => [from, 'written', body]),
]

describe.each(rows)('long texts of %s (%s) set aside', (from, _file, recorded) => {
  it.each(protocols)('give %s the same body', (_id, to) => {
    const cases = fc.tuple(fc.array(texts, { minLength: 1, maxLength: 8 }), fc.constantFrom(...WAYS))
    let setAside = 0
    fc.assert(
      fc.property(cases, ([told, [, write]]) => {
        let at = 0
        const text = write(retold(recorded, () => told[at++ % told.length]!))
        const plain = translated(of(from), to, text, false)
        const aside = translated(of(from), to, text, true)
        if (plain.refused !== undefined) return expect(aside.refused).toBeDefined()
        if (aside.isEmpty === false) setAside++
        expect({ ...aside, isEmpty: true }).toEqual(plain)
      }),
      { numRuns: 60 },
    )
    // Else it would prove nothing.
    expect(setAside).toBeGreaterThan(10)
  })
})

describe('a long text that is no JSON', () => {
  const long = 'word '.repeat(60)
  it.each([
    ['an escape that JSON does not know', `${long}\\x41${long}`],
    ['a line end that is not escaped', `${long}\n${long}`],
  ])('goes up as it came, for the upstream to refuse: %s', (_what, inner) => {
    const body = Buffer.from(`{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"${inner}"}]}`)
    const aside = new SetAside(body)
    const parsed = parseBody({ body, ...scanObject(body, undefined, WATCHED) }, aside)
    const { request } = of('anthropic').request.decode(parsed)
    const encoded = of('openai-chat').request.encode(request, { model: 'm', facts: undefined, quirks: {} })
    expect(writeJsonText(encoded.body, aside).toString()).toContain(`"${inner}"`)
  })

  it('is refused here where it would stand inside of a string', () => {
    const body = Buffer.from(`{"messages":[{"content":"${long}\\x41${long}"}]}`)
    const aside = new SetAside(body)
    const parsed = parseBody({ body, ...scanObject(body, undefined, WATCHED) }, aside)
    const inString = JSON.stringify({ arguments: JSON.stringify(parsed) })
    expect(() => writeJsonText([inString], aside)).toThrow(SyntaxError)
  })
})
