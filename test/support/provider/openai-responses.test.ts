import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Directive, directiveText } from './directive.ts'
import { type Provider, startProvider } from './server.ts'
import { seal } from './signature.ts'
import { testStrictness } from './strictness.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

const client = () => new OpenAI({ apiKey: 'k', baseURL: `${provider.url}/v1`, maxRetries: 0 })

const asked = { role: 'user', content: 'Hi' }
const call = { type: 'function_call', call_id: 'call_1', name: 'Read', arguments: '{}' }
const result = { type: 'function_call_output', call_id: 'call_1', output: 'ok' }
const customCall = { type: 'custom_tool_call', call_id: 'call_1', name: 'apply_patch', input: 'x' }
const customResult = {
  type: 'custom_tool_call_output',
  call_id: 'call_1',
  output: [{ type: 'input_text', text: 'ok' }],
}
const reasoning = (id: string, encrypted_content: string | null) => ({
  type: 'reasoning',
  id,
  summary: [],
  encrypted_content,
})
const SCHEMA = { type: 'object', properties: { path: { type: 'string' } } }
const tool = { type: 'function', name: 'Read', parameters: SCHEMA, strict: false }
const patch = {
  type: 'custom',
  name: 'apply_patch',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}
const namespace = { type: 'namespace', name: 'functions', description: '', tools: [tool, patch] }

describe('OpenAI Responses as strict as the real API', () => {
  testStrictness(
    {
      provider: () => provider,
      path: '/v1/responses',
      headers: { authorization: 'Bearer k' },
      body: { model: 'gpt-5', input: [asked] },
      messageOf: (answer) => answer.error.message,
    },
    {
      accepted: [
        ['a plain text', { input: 'Hi' }],
        ['results after their calls', { input: [asked, call, result, asked] }],
        [
          'results after all of several calls',
          {
            input: [asked, call, { ...call, call_id: 'call_2' }, result, { ...result, call_id: 'call_2' }],
          },
        ],
        ['a custom call and its result', { input: [asked, customCall, customResult] }],
        [
          'reasoning that it sealed',
          { input: [asked, reasoning('rs_1', seal('openai', 'rs_1')), call, result] },
        ],
        [
          'sealed reasoning without its id',
          {
            input: [asked, { ...reasoning('', seal('openai', 'rs_1')), id: undefined }, call, result],
          },
        ],
        [
          'tools of all kinds',
          {
            tools: [
              tool,
              patch,
              namespace,
              { type: 'web_search', external_web_access: true },
              { type: 'tool_search' },
            ],
            tool_choice: { type: 'custom', name: 'apply_patch' },
          },
        ],
        [
          'tools in an item of the input',
          {
            input: [{ type: 'additional_tools', role: 'developer', tools: [namespace] }, asked],
          },
        ],
        [
          'reasoning settings',
          {
            reasoning: { effort: 'high', summary: 'auto' },
            include: ['reasoning.encrypted_content'],
            max_output_tokens: 16,
          },
        ],
        [
          'a temperature when it does not reason',
          {
            model: 'gpt-5.5',
            temperature: 0.5,
            reasoning: { effort: 'none' },
          },
        ],
        ['what Codex adds', { client_metadata: { session_id: 'x' }, prompt_cache_key: 'x', store: false }],
      ],
      refused: [
        ['an unknown field', { thinking: {} }, "Unknown parameter: 'thinking'."],
        ['stop sequences', { stop: ['x'] }, "Unknown parameter: 'stop'."],
        [
          'a cache mark',
          {
            input: [{ role: 'user', content: [{ type: 'input_text', text: 'x', cache_control: {} }] }],
          },
          "Unknown parameter: 'input[0].content[0].cache_control'.",
        ],
        [
          'no input',
          { input: undefined },
          'One of "input" or "previous_response_id" or \'prompt\' or \'conversation_id\' must be provided.',
        ],
        [
          'too few tokens',
          { max_output_tokens: 1 },
          "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.",
        ],
        [
          'a temperature for a reasoning model',
          { temperature: 0.5 },
          "Unsupported parameter: 'temperature' is not supported with this model.",
        ],
        [
          'an effort that the model does not know',
          { reasoning: { effort: 'none' } },
          "Unsupported value: 'none' is not supported with the 'gpt-5' model. Supported values are: 'minimal', 'low', 'medium', and 'high'.",
        ],
        [
          'an effort for a model that does not reason',
          { model: 'gpt-4o', reasoning: { effort: 'low' } },
          "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        ],
        [
          'sealed reasoning of a model that does not reason',
          {
            model: 'gpt-4o',
            include: ['reasoning.encrypted_content'],
          },
          'Encrypted content is not supported with this model.',
        ],
        [
          'an answer that it does not keep',
          { previous_response_id: 'resp_1' },
          "Previous response with id 'resp_1' not found.",
        ],
        [
          'a call without its result',
          { input: [asked, call] },
          'No tool output found for function call call_1.',
        ],
        [
          'a custom call without its result',
          { input: [asked, customCall, result] },
          'No tool output found for custom tool call call_1.',
        ],
        [
          'a result without its call',
          { input: [asked, result] },
          'No tool call found for function call output with call_id call_1.',
        ],
        [
          'a custom result without its call',
          { input: [asked, customResult] },
          'No tool call found for custom tool call output with call_id call_1.',
        ],
        [
          'D8 reasoning that another sealed',
          { input: [asked, reasoning('rs_1', 'gAAAAABforeign'), call, result] },
          'The encrypted content for item rs_1 could not be verified. Reason: Encrypted content could not be decrypted or parsed.',
        ],
        [
          'D8 sealed reasoning under another id',
          {
            input: [asked, reasoning('rs_2', seal('openai', 'rs_1')), call, result],
          },
          'The encrypted content for item rs_2 could not be verified. Reason: Encrypted content item_id did not match the target item id.',
        ],
        [
          'reasoning that leads to nothing',
          { input: [asked, reasoning('rs_1', seal('openai', 'rs_1')), asked] },
          "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        ],
        [
          '#69 an id of another kind of item',
          { input: [asked, { ...call, id: 'toolu_1' }, result] },
          "Invalid 'input[1].id': 'toolu_1'. Expected an ID that begins with 'fc'.",
        ],
        [
          'a call id of 65 characters',
          { input: [asked, { ...call, call_id: 'x'.repeat(65) }] },
          "Invalid 'input[1].call_id': string too long. Expected a string with maximum length 64, but got a string with length 65 instead.",
        ],
        [
          'arguments that are an object',
          { input: [asked, { ...call, arguments: {} }, result] },
          "Invalid type for 'input[1].arguments': expected a string, but got an object instead.",
        ],
        [
          'input text from the assistant',
          {
            input: [{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }, asked],
          },
          "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        ],
        [
          'an image as an object',
          {
            input: [{ role: 'user', content: [{ type: 'input_image', image_url: { url: 'x' } }] }],
          },
          "Invalid type for 'input[0].content[0].image_url': expected an image URL, but got an object instead.",
        ],
        [
          'a tool of the Chat form',
          { tools: [{ type: 'function', function: { name: 'Read' } }] },
          "Unknown parameter: 'tools[0].function'.",
        ],
        [
          'a tool without a name',
          { tools: [{ type: 'function', parameters: SCHEMA }] },
          "Missing required parameter: 'tools[0].name'.",
        ],
        [
          'an open schema that is said to be strict',
          { tools: [{ ...tool, strict: true }] },
          "Invalid schema for function 'Read': In context=(), 'additionalProperties' is required to be supplied and to be false.",
        ],
        [
          'a choice of a tool that is not there',
          { tools: [tool], tool_choice: { type: 'function', name: 'Write' } },
          "Tool choice 'Write' not found in 'tools' parameter.",
        ],
        [
          'a choice without tools',
          { tool_choice: 'required' },
          "Tool choice 'required' must be specified with 'tools' parameter.",
        ],
        [
          'a format without a name',
          { text: { format: { type: 'json_schema', schema: SCHEMA } } },
          "Missing required parameter: 'text.format.name'.",
        ],
      ],
      denied: [
        [
          'a request without a key',
          { headers: { authorization: '' } },
          401,
          "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        ],
        [
          "another provider's model",
          { body: { model: 'claude-opus-5-5' } },
          404,
          'The model `claude-opus-5-5` does not exist or you do not have access to it.',
        ],
        [
          'reasoning that was neither sealed nor kept',
          {
            body: { store: false, input: [asked, reasoning('rs_1', null), call, result] },
          },
          404,
          "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input.",
        ],
      ],
    },
  )
})

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
