import type Anthropic from '@anthropic-ai/sdk'
import { expect } from 'vitest'

import { type Directive, directiveText, newNonce } from '../provider/directive.ts'

/** What the official SDK must be able to do against anything that says it is the Messages API. */
export interface SdkCase {
  name: string
  run(client: Anthropic, model: string): Promise<void>
}

const TOOL: Anthropic.Tool = {
  name: 'Write',
  description: 'Writes a file',
  input_schema: {
    type: 'object',
    properties: { file_path: { type: 'string' }, content: { type: 'string' } },
    required: ['file_path', 'content'],
  },
}

const ask = (model: string, directive: Directive): Anthropic.MessageCreateParamsNonStreaming => ({
  model,
  max_tokens: 4_000,
  messages: [{ role: 'user', content: `Please. ${directiveText(directive)}` }],
})

const textOf = (message: Anthropic.Message) =>
  message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')

/** Calls the tool, answers it, and gives back the closing message. */
async function toolLoop(
  request: Anthropic.MessageCreateParamsNonStreaming,
  send: (request: Anthropic.MessageCreateParamsNonStreaming) => Promise<Anthropic.Message>,
): Promise<[Anthropic.Message, Anthropic.Message]> {
  const first = await send(request)
  const results = first.content.flatMap((block): Anthropic.ToolResultBlockParam[] =>
    block.type === 'tool_use' ? [{ type: 'tool_result', tool_use_id: block.id, content: 'Written.' }] : [],
  )
  const answered: Anthropic.MessageParam[] = [
    { role: 'assistant', content: first.content },
    { role: 'user', content: results },
  ]
  return [first, await send({ ...request, messages: [...request.messages, ...answered] })]
}

const INPUT = { file_path: '/tmp/ä "quoted" \\ 🙂.txt', content: 'line one\nline two' }
const WRITE: Directive = { steps: [{ do: 'write', path: INPUT.file_path, text: INPUT.content }], say: 'Done' }

export const SDK_CASES: SdkCase[] = [
  {
    name: 'a text, not streamed, with usage',
    async run(client, model) {
      const usage = { in: 11, out: 7, cache_read: 5 }
      const message = await client.messages.create(ask(model, { say: 'Grüße 🙂', usage }))
      expect(textOf(message)).toBe('Grüße 🙂')
      expect(message.stop_reason).toBe('end_turn')
      expect(message.usage).toMatchObject({ input_tokens: 11, output_tokens: 7, cache_read_input_tokens: 5 })
    },
  },
  {
    name: 'a text, streamed, with usage',
    async run(client, model) {
      const usage = { in: 11, out: 7, cache_read: 5 }
      const pieces: string[] = []
      const stream = client.messages.stream(ask(model, { say: 'Grüße 🙂 '.repeat(50), chunk: 3, usage }))
      stream.on('text', (text) => pieces.push(text))
      const message = await stream.finalMessage()
      expect(pieces.join('')).toBe('Grüße 🙂 '.repeat(50))
      expect(pieces.length).toBeGreaterThan(10)
      expect(message.usage).toMatchObject({ input_tokens: 11, output_tokens: 7, cache_read_input_tokens: 5 })
    },
  },
  ...(['create', 'stream'] as const).map((how): SdkCase => ({
    name: `a tool call and its result, by ${how}`,
    async run(client, model) {
      const request = { ...ask(model, { ...WRITE, nonce: newNonce() }), tools: [TOOL] }
      const [first, last] = await toolLoop(request, (one) =>
        how === 'create' ? client.messages.create(one) : client.messages.stream(one).finalMessage(),
      )
      expect(first.stop_reason).toBe('tool_use')
      expect(first.content).toMatchObject([{ type: 'tool_use', name: 'Write', input: INPUT }])
      expect(textOf(last)).toMatch(/^Done \(n/)
    },
  })),
  {
    name: 'a stop sequence',
    async run(client, model) {
      const request = { ...ask(model, { say: 'one STOP two' }), stop_sequences: ['STOP'] }
      const message = await client.messages.create(request)
      expect(textOf(message)).toBe('one ')
      expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'STOP' })
    },
  },
  {
    name: 'a limit reached',
    async run(client, model) {
      const message = await client.messages
        .stream(ask(model, { say: 'cut', stop: 'max_tokens' }))
        .finalMessage()
      expect([textOf(message), message.stop_reason]).toEqual(['cut', 'max_tokens'])
    },
  },
  {
    name: 'an overloaded provider, tried again',
    async run(client, model) {
      const fault = { kind: 'status', status: 529 } as const
      const message = await client.messages.create(ask(model, { nonce: newNonce(), say: 'Back', fault }))
      expect(textOf(message)).toMatch(/^Back/)
    },
  },
  {
    name: 'an error in mid-stream is raised',
    async run(client, model) {
      const fault = { kind: 'error_event', after: 6, times: 99 } as const
      const directive = { nonce: newNonce(), say: 'never the whole of it', chunk: 2, fault }
      await expect(client.messages.stream(ask(model, directive)).finalMessage()).rejects.toThrow(/error/i)
    },
  },
  {
    name: 'token counting',
    async run(client, model) {
      const { messages } = ask(model, { say: 'x' })
      const { input_tokens } = await client.messages.countTokens({ model, messages })
      expect(input_tokens).toBeGreaterThan(5)
    },
  },
]
