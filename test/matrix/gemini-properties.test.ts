import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze } from '../../src/lib/frozen.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { sealThinking } from '../../src/protocols/gemini/signature.ts'
import { checkAnthropic } from '../support/provider/anthropic-check.ts'
import { ANTHROPIC_DIALECT } from '../support/provider/anthropic-dialect.ts'
import { gemini } from '../support/provider/gemini.ts'
import { seal, sign } from '../support/provider/signature.ts'
import { vertexGemini } from '../support/provider/vertex.ts'
import { anyClaudeRequest } from './any-claude-request.ts'
import { SKIP, toClaude, toGemini } from './gemini.ts'

const MODELS = [
  'gemini-4-argon',
  'gemini-3.8-flash',
  'gemini-3.5-flash',
  'gemini-2.5-pro',
  'gemini-2.5-flash',
]
const SIGNATURE = seal('gemini', 'call')

/** Google's own validation, as the scripted provider does it, on both hosts. Undefined: accepted. */
function refusedByGoogle(from: JsonObject, model: string) {
  // A signature that Google has really made.
  const body = JSON.parse(
    JSON.stringify(from).replaceAll('sbx-gemini-AY', `sbx-gemini-${SIGNATURE}`),
  ) as JsonObject
  const sent = toGemini(body, { model }).body
  const operation = { kind: 'generate', model } as const
  return gemini.check(sent, {}, operation) ?? vertexGemini.check(sent, {}, operation)
}

/** Anthropic's. */
const refusedByClaude = (from: JsonObject, model: string) =>
  checkAnthropic(ANTHROPIC_DIALECT)(toClaude(from, { model }).body, {}, { kind: 'generate' })

const read = (path: string): JsonObject => JSON.parse(readFileSync(`test/data/${path}`, 'utf8')) as JsonObject

describe('what agents really sent', () => {
  const claude = readdirSync('test/data/claude').filter((name) => name !== 'count-tokens.json')

  it.each(claude.flatMap((file) => MODELS.map((model) => [file, model] as const)))(
    'Claude Code’s %s to %s is accepted',
    (file, model) => {
      expect(refusedByGoogle(read(`claude/${file}`), model)).toBeUndefined()
    },
  )

  it.each(
    readdirSync('test/data/gemini').flatMap((file) =>
      ['claude-opus-5-5', 'claude-sonnet-4-5'].map((model) => [file, model] as const),
    ),
  )('Gemini CLI’s %s to %s is accepted', (file, model) => {
    expect(refusedByClaude(read(`gemini/${file}`), model)).toBeUndefined()
  })
})

describe('any Claude request', () => {
  it('that decodes encodes, and Google would accept it', () => {
    fc.assert(
      fc.property(anyClaudeRequest, fc.constantFrom(...MODELS), (from, model) => {
        expect(refusedByGoogle(from as JsonObject, model)).toBeUndefined()
      }),
      { numRuns: 1500 },
    )
  }, 60_000)

  it('gives the same for tools that are shared between requests, the first time and later', () => {
    fc.assert(
      fc.property(anyClaudeRequest, (from) => {
        const own = toGemini(structuredClone(from)).text
        const shared = { ...structuredClone(from), tools: deepFreeze(structuredClone(from.tools ?? [])) }
        expect([1, 2].map(() => toGemini(shared as JsonObject).text)).toEqual([own, own])
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})

// ==== Any request of a Gemini client

const words = fc.constantFrom('', ' ', 'Hello', '😀')
const id = fc.constantFrom(undefined, 'a', 'b', 'call:1', 'x'.repeat(70))
const name = fc.constantFrom('Bash', 'read_file', 'a.b', 'mcp__'.repeat(20))
const signature = fc.constantFrom(
  undefined,
  undefined,
  'QUI=',
  SKIP,
  'c2lnbmFsYm94',
  sealThinking([{ type: 'thinking', text: 'hm', signature: sign('hm') }]),
)
const media = fc.constantFrom(
  { inlineData: { mimeType: 'image/png', data: 'iVBORw==' } },
  { inline_data: { mime_type: 'application/pdf', data: 'JVBERi0=' } },
  { inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } },
  { fileData: { fileUri: 'https://a.b/c.png', mimeType: 'image/png' } },
)
const text = words.map((said) => ({ text: said }))
const thought = fc.record({ text: words, thought: fc.constant(true), thoughtSignature: signature })
const call = fc.record({
  functionCall: fc.record({ id, name, args: fc.constantFrom(undefined, {}, { a: 1 }) }),
  thoughtSignature: signature,
})
const result = fc.record({
  functionResponse: fc.record({
    id,
    name,
    response: fc.constantFrom<unknown>({}, { output: 'done' }, { error: 'no' }, { a: [1] }, undefined),
    parts: fc.option(fc.array(media, { maxLength: 2 }), { nil: undefined }),
  }),
})
const other = fc.constantFrom(
  { executableCode: { language: 'PYTHON', code: 'print(1)' } },
  { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
  { futurePart: {} },
  {},
)
const content = fc.oneof(
  fc.record({ role: fc.constant('user'), parts: fc.array(fc.oneof(text, media, result), { maxLength: 4 }) }),
  fc.record({
    role: fc.constant('model'),
    parts: fc.array(fc.oneof(text, thought, call, other), { maxLength: 4 }),
  }),
)
const schema = fc.constantFrom<JsonObject>(
  { type: 'OBJECT' },
  {
    type: 'OBJECT',
    properties: { a: { type: 'ARRAY', items: { type: 'STRING', nullable: true } } },
    required: ['a'],
  },
  { type: 'object', anyOf: [{ type: 'object', properties: { a: {} } }] },
)
const tool = fc.oneof(
  fc.record({
    functionDeclarations: fc.uniqueArray(
      fc.record({ name, parameters: schema, parametersJsonSchema: schema }, { requiredKeys: ['name'] }),
      { maxLength: 3, selector: (one) => one.name },
    ),
  }),
  fc.constantFrom<JsonObject>({ googleSearch: {} }, { codeExecution: {} }, { urlContext: {} }),
)
const anyGeminiRequest = fc.record(
  {
    contents: fc
      .array(content, { maxLength: 8 })
      .map((rest) => [{ role: 'user', parts: [{ text: 'Hi' }] }, ...rest]),
    systemInstruction: fc.record({ parts: fc.array(text, { maxLength: 2 }) }),
    tools: fc.tuple(tool).map((one) => one),
    toolConfig: fc.record({
      functionCallingConfig: fc.record(
        {
          mode: fc.constantFrom('AUTO', 'ANY', 'NONE', 'VALIDATED'),
          allowedFunctionNames: fc.array(name, { maxLength: 2 }),
        },
        { requiredKeys: ['mode'] },
      ),
    }),
    generationConfig: fc.record(
      {
        maxOutputTokens: fc.integer({ min: 1, max: 200_000 }),
        temperature: fc.double({ min: 0, max: 2, noNaN: true }),
        topK: fc.nat(100),
        stopSequences: fc.array(words, { maxLength: 5 }),
        responseMimeType: fc.constantFrom('application/json', 'text/plain'),
        responseSchema: schema,
        thinkingConfig: fc.record(
          { includeThoughts: fc.boolean(), thinkingBudget: fc.constantFrom(-1, 0, 500, 30_000) },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['contents'] },
)

describe('any Gemini request', () => {
  it('that decodes encodes, and Claude would accept it', () => {
    fc.assert(
      fc.property(
        anyGeminiRequest,
        fc.constantFrom('claude-opus-5-5', 'claude-sonnet-4-5'),
        (from, model) => {
          const body = JSON.parse(JSON.stringify(from)) as JsonObject
          expect(refusedByClaude(body, model)).toBeUndefined()
        },
      ),
      { numRuns: 1500 },
    )
  }, 60_000)
})
