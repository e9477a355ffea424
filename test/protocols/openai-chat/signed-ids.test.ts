import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Block } from '../../../src/message/request.ts'
import type { Event } from '../../../src/message/event.ts'
import { collect } from '../../../src/message/collect.ts'
import { openaiChat } from '../../../src/protocols/openai-chat/index.ts'
import {
  readSignedCallId,
  sealSignature,
  signedCallId,
} from '../../../src/protocols/shared/gemini-signature.ts'
import { CONTEXT, dataOf, encodeAll } from '../../support/sse.ts'

/** D1: Gemini wants its signatures back, and clients of this API keep nothing of a call but its id. */
const SIGNATURE = 'CiQB+/8='
const SIGNED = 'call_1__sig__CiQB-_8'

const answer = (...before: Event[]): Event[] => [
  { type: 'start', id: 'r', model: 'gemini-3.8-flash' },
  ...before,
  {
    type: 'block-start',
    index: before.length === 0 ? 0 : 1,
    block: { type: 'tool-call', id: 'call_1', name: 'Bash' },
  },
  { type: 'delta', index: before.length === 0 ? 0 : 1, delta: { type: 'arguments', json: '{"a":1}' } },
  { type: 'block-end', index: before.length === 0 ? 0 : 1 },
  { type: 'finish', reason: { unified: 'tool-calls', raw: 'STOP' } },
]

const thinking = (signature: string): Event[] => [
  { type: 'block-start', index: 0, block: { type: 'thinking' } },
  { type: 'delta', index: 0, delta: { type: 'signature', signature } },
  { type: 'block-end', index: 0 },
]

function ids(events: Event[]): { streamed: unknown; whole: unknown } {
  const chunks = dataOf(encodeAll(openaiChat.stream.encoder(CONTEXT), events).replace('data: [DONE]\n\n', ''))
  const started = chunks
    .map((chunk) => chunk.choices[0].delta.tool_calls?.[0]?.id)
    .find((id) => id !== undefined)
  const whole = openaiChat.response.encode(
    collect((emit) => events.forEach(emit)),
    CONTEXT,
  ) as { choices: { message: { tool_calls: { id: string }[] } }[] }
  return { streamed: started, whole: whole.choices[0]!.message.tool_calls[0]!.id }
}

describe('D1 a signature travels in the id of its call', () => {
  it.each([
    ['Gemini’s', thinking(sealSignature(SIGNATURE)), SIGNED],
    ['Gemini’s on the thought itself', thinking(sealSignature(SIGNATURE, 'thought')), 'call_1'],
    ['Claude’s', thinking('EqQBCkYIBRgCKkA='), 'call_1'],
    ['in no base64', thinking(sealSignature('a_b')), 'call_1'],
    ['none', [], 'call_1'],
  ])('%s', (_name, before, id) => {
    expect(ids(answer(...before))).toEqual({ streamed: id, whole: id })
  })

  const history = (call: object, tool_call_id: string) =>
    openaiChat.request.decode({
      model: 'm',
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          tool_calls: [{ type: 'function', function: { name: 'Bash', arguments: '{}' }, ...call }],
        },
        { role: 'tool', tool_call_id, content: 'done' },
      ],
    }).request.messages

  const called: Block = { type: 'tool-call', id: 'call_1', name: 'Bash', arguments: '{}' }
  const signed: Block = { type: 'thinking', text: '', signature: sealSignature(SIGNATURE) }

  it.each([
    ['in the id', { id: SIGNED }, SIGNED, [signed, called]],
    [
      'in the field that Google’s own surface of this API has',
      { id: 'call_1', extra_content: { google: { thought_signature: SIGNATURE } } },
      'call_1',
      [signed, called],
    ],
    ['nowhere', { id: 'call_1' }, 'call_1', [called]],
  ])('and comes back: %s', (_name, call, resultId, content) => {
    const messages = history(call, resultId)
    expect(messages[1]).toEqual({ role: 'assistant', content })
    expect(messages[2]!.content[0]).toMatchObject({ callId: 'call_1' })
  })

  it('byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.uint8Array({ minLength: 1 }), (id, bytes) => {
        fc.pre(!id.includes('__sig__'))
        const signature = Buffer.from(bytes).toString('base64')
        expect(readSignedCallId(signedCallId(id, signature))).toEqual({ id, signature })
      }),
    )
  })
})
