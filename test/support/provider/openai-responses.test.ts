import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Directive, directiveText } from './directive.ts'
import { type Provider, startProvider } from './server.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

const client = () => new OpenAI({ apiKey: 'k', baseURL: `${provider.url}/v1`, maxRetries: 0 })

const SCHEMA = { type: 'object', properties: { path: { type: 'string' } } }
const tool = { type: 'function', name: 'Read', parameters: SCHEMA, strict: false }
const patch = {
  type: 'custom',
  name: 'apply_patch',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}
const namespace = { type: 'namespace', name: 'functions', description: '', tools: [tool, patch] }

type Request = Omit<OpenAI.Responses.ResponseCreateParamsStreaming, 'stream'>

/** The items of a streamed answer, as a client keeps them. The SDK's own collecting adds fields that the API refuses. */
async function itemsOf(request: Request): Promise<OpenAI.Responses.ResponseOutputItem[]> {
  const items: OpenAI.Responses.ResponseOutputItem[] = []
  for await (const event of await client().responses.create({ ...request, stream: true })) {
    if (event.type === 'response.output_item.done') items.push(event.item)
  }
  return items
}

describe("OpenAI's own SDK", () => {
  const ask = (directive: object) => [
    { role: 'user' as const, content: `Please. ${directiveText(directive)}` },
  ]

  it('streams reasoning, text and calls, and brings them back unchanged', async () => {
    const input: OpenAI.Responses.ResponseInput = ask({
      nonce: 'n1',
      think: 'Hm. '.repeat(10),
      pre: 'Let me look.',
      steps: [
        {
          do: 'parallel',
          steps: [
            { do: 'call', tool: 'Read', input: { path: '/ä "x"' } },
            { do: 'call', tool: 'Read' },
          ],
        },
        { do: 'call', tool: 'apply_patch', text: '*** Begin\n"x"' },
      ],
      say: 'Done',
    })
    const request = {
      model: 'gpt-5.5',
      store: false,
      reasoning: { effort: 'low' as const, summary: 'auto' as const },
      include: ['reasoning.encrypted_content' as const],
      tools: [namespace] as OpenAI.Responses.Tool[],
    }
    const kinds: string[][] = []
    for (let turn = 0; turn < 3; turn += 1) {
      const output = await itemsOf({ ...request, input })
      kinds.push(output.map((item) => item.type))
      input.push(...(output as OpenAI.Responses.ResponseInputItem[]))
      for (const item of output) {
        if (item.type === 'function_call') {
          expect(item.namespace).toBe('functions')
          input.push({ type: 'function_call_output', call_id: item.call_id, output: 'ok' })
        }
        if (item.type === 'custom_tool_call') {
          expect(item.input).toBe('*** Begin\n"x"')
          input.push({ type: 'custom_tool_call_output', call_id: item.call_id, output: 'ok' })
        }
      }
    }
    expect(kinds).toEqual([
      ['reasoning', 'message', 'function_call', 'function_call'],
      ['reasoning', 'message', 'custom_tool_call'],
      ['reasoning', 'message'],
    ])
    const seen = provider.requestsOf('n1')
    expect(seen.flatMap(({ refusal }) => refusal ?? [])).toEqual([])
    expect(seen[0]?.answer?.blocks.at(-2)).toMatchObject({ input: { path: '/ä "x"' } })
  })

  it('keeps its answers, unless it is told not to', async () => {
    const steps: Directive['steps'] = [{ do: 'call', tool: 'Read' }]
    const request = { model: 'gpt-5', tools: [tool] as OpenAI.Responses.Tool[] }
    const first = await client().responses.create({
      ...request,
      input: ask({ think: 'Hm.', steps, say: 'Done' }),
    })
    const call_id = first.output.find((item) => item.type === 'function_call')!.call_id
    const output = [{ type: 'function_call_output' as const, call_id, output: 'ok' }]
    const next = { ...request, previous_response_id: first.id, input: output }
    expect((await client().responses.create(next)).output_text).toBe('Done')
    const references = first.output.map(({ id }) => ({ type: 'item_reference' as const, id: id! }))
    const question = ask({ think: 'Hm.', steps, say: 'Done' })
    const pointed = { ...request, input: [...question, ...references, ...output] }
    expect((await client().responses.create(pointed)).output_text).toBe('Done')
    const unkept = await client().responses.create({ ...request, input: 'Hi', store: false })
    const wrong = { ...request, previous_response_id: unkept.id, input: 'Hi' }
    await expect(client().responses.create(wrong)).rejects.toMatchObject({
      code: 'previous_response_not_found',
    })
  })

  it('numbers its events from 0 without a gap, and ends with the whole answer', async () => {
    const usage = { in: 7, out: 5, cache_read: 3, cache_write: 2, thinking: 1 }
    const stream = await client().responses.create({
      model: 'gpt-5',
      stream: true,
      input: ask({ say: 'Grüße 🙂', chunk: 1, usage }),
    })
    const events: OpenAI.Responses.ResponseStreamEvent[] = []
    for await (const event of stream) events.push(event)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    const end = events.at(-1)!
    expect(end.type === 'response.completed' && end.response.usage).toEqual({
      input_tokens: 12,
      input_tokens_details: { cached_tokens: 3, cache_write_tokens: 2 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 17,
    })
  })

  it('B18: an answer that ran out of tokens is incomplete', async () => {
    const request = { model: 'gpt-5', input: ask({ say: 'cut', stop: 'max_tokens' }) }
    const whole = await client().responses.create(request)
    const streamed = await client().responses.stream(request).finalResponse()
    for (const { status, incomplete_details, output_text } of [whole, streamed]) {
      expect([status, incomplete_details?.reason, output_text]).toEqual([
        'incomplete',
        'max_output_tokens',
        'cut',
      ])
    }
  })

  it('searches the web, and cites', async () => {
    const input = 'Look it up.'
    const { output } = await client()
      .responses.stream({ model: 'gpt-5', input, tools: [{ type: 'web_search' }] })
      .finalResponse()
    expect(output).toMatchObject([
      { type: 'web_search_call', status: 'completed', action: { type: 'search' } },
      { type: 'message', content: [{ annotations: [{ type: 'url_citation' }] }] },
    ])
  })

  it('gives structured output, refusals, and a count', async () => {
    const format = { type: 'json_schema' as const, name: 'x', schema: { ...SCHEMA, required: ['path'] } }
    const structured = await client().responses.create({ model: 'gpt-5', input: 'Hi', text: { format } })
    expect(JSON.parse(structured.output_text)).toEqual({ path: 'scripted' })
    const refused = await client()
      .responses.stream({ model: 'gpt-5', input: ask({ say: 'No.', stop: 'refusal' }) })
      .finalResponse()
    expect(refused.output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'No.' }] }])
    const { input_tokens } = await client().responses.inputTokens.count({ model: 'gpt-5', input: 'Hi' })
    expect(input_tokens).toBeGreaterThan(5)
  })

  it('B3: arguments may come with the end of the item only', async () => {
    const fault = { kind: 'no_deltas' as const }
    const directive = { nonce: 'n2', fault, steps: [{ do: 'call', tool: 'Read', input: { path: '/x' } }] }
    const request = {
      model: 'gpt-5',
      input: ask(directive),
      tools: [tool] as OpenAI.Responses.Tool[],
      stream: true as const,
    }
    const types: string[] = []
    for await (const event of await client().responses.create(request)) types.push(event.type)
    expect(types).toContain('response.function_call_arguments.done')
    expect(types).not.toContain('response.function_call_arguments.delta')
  })
})
