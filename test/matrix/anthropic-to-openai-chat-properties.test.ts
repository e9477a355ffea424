import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze } from '../../src/lib/frozen.ts'
import { GatewayError } from '../../src/message/error.ts'
import type { JsonObject } from '../../src/message/request.ts'
import type { Quirks } from '../../src/protocols/quirks.ts'
import { checkOpenAiChat } from '../support/provider/openai-chat-check.ts'
import { anyClaudeRequest as request } from './any-claude-request.ts'
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
