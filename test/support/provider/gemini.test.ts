import { type Content, type GenerateContentConfig, type Part, GoogleGenAI } from '@google/genai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Directive, directiveText } from './directive.ts'
import type { Json } from './json.ts'
import { type Provider, startProvider } from './server.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

const SCHEMA = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }

describe("Google's own SDK", () => {
  const models = () => new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: provider.url } }).models
  const ask = (directive: Directive): Content => ({
    role: 'user',
    parts: [{ text: `Please. ${directiveText(directive)}` }],
  })

  async function streamed(model: string, contents: Content[], config: GenerateContentConfig = {}) {
    const parts: Part[] = []
    let last
    for await (const chunk of await models().generateContentStream({ model, contents, config })) {
      parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []))
      last = chunk
    }
    return { parts, last }
  }

  const loops = ['gemini-2.5-flash', 'gemini-3.5-pro']
  it.each(loops)('streams a tool loop with %s, and brings its parts back unchanged', async (model) => {
    const nonce = `n-${model}`
    const step = { do: 'call' as const, tool: 'Read', input: { path: '/ä "x"' } }
    const steps: Directive['steps'] = [{ do: 'parallel', steps: [step, step] }, step]
    const contents = [ask({ nonce, think: 'Hm.', pre: 'Let me look.', steps, say: 'Done' })]
    const config: GenerateContentConfig = {
      tools: [{ functionDeclarations: [{ name: 'Read', parametersJsonSchema: SCHEMA }] }],
      thinkingConfig: { includeThoughts: true },
    }
    const counts: number[] = []
    for (let turn = 0; turn < 3; turn += 1) {
      const { parts } = await streamed(model, contents, config)
      expect(parts[0]).toMatchObject({ text: 'Hm.', thought: true })
      const calls = parts.flatMap((part) => part.functionCall ?? [])
      counts.push(calls.length)
      const responses = calls.map(({ id, name }) => ({
        functionResponse: { ...(id && { id }), name: name!, response: { output: 'ok' } },
      }))
      contents.push({ role: 'model', parts }, { role: 'user', parts: responses })
    }
    expect(counts).toEqual([2, 1, 0])
    expect(provider.requestsOf(nonce).flatMap(({ refusal }) => refusal ?? [])).toEqual([])
  })

  it('#34 counts the cache as part of the prompt, and thoughts apart', async () => {
    const directive = { say: 'Grüße 🙂', chunk: 1, usage: { in: 7, out: 5, cache_read: 3, thinking: 2 } }
    const { last } = await streamed('gemini-2.5-flash', [ask(directive)])
    expect(last?.usageMetadata).toMatchObject({
      promptTokenCount: 10,
      cachedContentTokenCount: 3,
      candidatesTokenCount: 3,
      thoughtsTokenCount: 2,
      totalTokenCount: 15,
    })
    expect(last?.candidates?.[0]?.finishReason).toBe('STOP')
  })

  it('searches the web, gives structured output, counts, lists and embeds', async () => {
    const model = 'gemini-3.5-pro'
    const search = { tools: [{ googleSearch: {} }] }
    const found = await models().generateContent({ model, contents: 'Hi', config: search })
    expect(found.candidates?.[0]?.groundingMetadata?.groundingChunks).toHaveLength(1)
    const config = { responseMimeType: 'application/json', responseJsonSchema: SCHEMA }
    const structured = await models().generateContent({ model, contents: 'Hi', config })
    expect(JSON.parse(structured.text ?? '')).toEqual({ path: 'scripted' })
    expect((await models().countTokens({ model, contents: 'Hi' })).totalTokens).toBeGreaterThan(3)
    const names: (string | undefined)[] = []
    for await (const one of await models().list()) names.push(one.name)
    expect(names).toContain('models/gemini-3.5-pro')
    const embedded = await models().embedContent({ model: 'gemini-embedding-001', contents: ['a', 'b'] })
    expect(embedded.embeddings?.map(({ values }) => values?.length)).toEqual([4, 4])
  })

  it('answers as one JSON array when no other form is asked for, also with an error', async () => {
    const post = async (body: Json) => {
      const response = await fetch(`${provider.url}/v1beta/models/gemini-3.5-pro:streamGenerateContent`, {
        method: 'POST',
        headers: { 'x-goog-api-key': 'k' },
        body: JSON.stringify(body),
      })
      return { type: response.headers.get('content-type'), answer: JSON.parse(await response.text()) }
    }
    const { type, answer: chunks } = await post({ contents: [ask({ say: 'one two three four', chunk: 4 })] })
    expect(type).toBe('application/json; charset=UTF-8')
    const texts = chunks.map((one: Json) => one.candidates[0].content.parts[0].text)
    expect(texts.join('')).toBe('one two three four')
    expect((await post({})).answer).toEqual([{ error: expect.objectContaining({ code: 400 }) }])
    const fault: Directive['fault'] = { kind: 'error_event', after: 2 }
    const broken = await post({ contents: [ask({ nonce: 'n3', say: 'one two three', chunk: 4, fault })] })
    expect(broken.answer.at(-1)).toMatchObject({ error: { code: 503, status: 'UNAVAILABLE' } })
  })

  it('tells of a blocked prompt, and of a refusal', async () => {
    const model = 'gemini-3.5-pro'
    const blocked = await models().generateContent({ model, contents: [ask({ stop: 'prompt_blocked' })] })
    expect([blocked.promptFeedback?.blockReason, blocked.candidates]).toEqual([
      'PROHIBITED_CONTENT',
      undefined,
    ])
    const { last } = await streamed(model, [ask({ stop: 'refusal' })])
    expect(last?.candidates?.[0]?.finishReason).toBe('SAFETY')
  })
})
