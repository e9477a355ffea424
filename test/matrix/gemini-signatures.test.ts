import { describe, expect, it } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { gemini } from '../../src/protocols/gemini/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'
import type { Json } from '../support/provider/json.ts'
import { call, end } from '../protocols/gemini/chunks.ts'
import { SKIP } from './gemini.ts'
import { CONTEXT } from './translate.ts'

/**
 * D1: Gemini refuses a call without the signature that it gave it. What a client of each other API sends back of a
 * signed turn, and what Gemini gets of that.
 */
const signed = [
  { text: 'hm', thought: true },
  { text: 'So.' },
  call('A', { a: 1 }, { thoughtSignature: 'QUI=' }),
  call('B', { b: 2 }),
]

function answerFor(client: Protocol): Json {
  return client.response.encode(
    collect((emit) => gemini.response.decode(end('STOP', signed), {}, emit)),
    CONTEXT,
  )
}

function backFrom(client: Protocol, body: JsonObject): JsonObject[] {
  const { request } = client.request.decode(body)
  const target = { model: 'gemini-3.8-flash', facts: undefined, quirks: {} }
  const { contents } = JSON.parse(gemini.request.encode(request, target).body.join('')) as {
    contents: { parts: JsonObject[] }[]
  }
  return contents[1]!.parts
}

const expected = [{ text: 'So.' }, call('A', { a: 1 }, { thoughtSignature: 'QUI=' }), call('B', { b: 2 })]

describe('D1 #30 a signed call, there and back', () => {
  it('through a Chat client, which keeps the id of a call and nothing else', () => {
    const { message } = answerFor(openaiChat).choices[0]
    const { role, content, tool_calls } = message
    const kept = tool_calls.map(({ id, type, function: called }: Json) => ({ id, type, function: called }))
    const results = kept.map(({ id }: Json) => ({ role: 'tool', tool_call_id: id, content: 'ok' }))
    const messages = [{ role: 'user', content: 'Hi' }, { role, content, tool_calls: kept }, ...results]
    expect(backFrom(openaiChat, { model: 'm', messages })).toEqual(expected)
  })

  it('… one that makes ids of its own: the call says that it has none', () => {
    const tool_calls = ['A', 'B'].map((name) => ({
      id: `own_${name}`,
      type: 'function',
      function: { name, arguments: '{}' },
    }))
    const results = tool_calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'ok' }))
    const messages = [{ role: 'user', content: 'Hi' }, { role: 'assistant', tool_calls }, ...results]
    expect(backFrom(openaiChat, { model: 'm', messages })).toEqual([
      call('A', {}, { thoughtSignature: SKIP }),
      call('B'),
    ])
  })

  it('through a Responses client, whose items of reasoning carry it', () => {
    const { output } = answerFor(openaiResponses) as { output: Json[] }
    const results = output
      .filter(({ type }) => type === 'function_call')
      .map(({ call_id }) => ({ type: 'function_call_output', call_id, output: 'ok' }))
    const input = [{ type: 'message', role: 'user', content: 'Hi' }, ...output, ...results]
    expect(backFrom(openaiResponses, { model: 'm', input })).toEqual(expected)
  })
})
