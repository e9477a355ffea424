import { expect, it } from 'vitest'

import { deepFreeze } from '../../../src/lib/frozen.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import * as bedrockConverse from '../../../src/protocols/bedrock-converse/request-decode.ts'
import * as cohere from '../../../src/protocols/cohere/request-decode.ts'
import * as openaiChat from '../../../src/protocols/openai-chat/request-decode.ts'

const schema = { type: 'object', properties: { path: { type: 'string' } } }
const called = { type: 'function', function: { name: 'Read', description: 'Reads.', parameters: schema } }
const spec = { toolSpec: { name: 'Read', description: 'Reads.', inputSchema: { json: schema } } }
const user = { role: 'user', content: 'Hi.' }

const CASES: readonly [
  string,
  (body: JsonObject) => { request: { tools: readonly unknown[] } },
  JsonObject,
][] = [
  ['openai-chat', openaiChat.decodeRequest, { model: 'm', messages: [user], tools: [called] }],
  ['cohere', cohere.decodeRequest, { model: 'm', messages: [user], tools: [called] }],
  [
    'bedrock-converse',
    bedrockConverse.decodeRequest,
    { messages: [{ role: 'user', content: [{ text: 'Hi.' }] }], toolConfig: { tools: [spec] } },
  ],
]

const TOOL = { kind: 'function', name: 'Read', description: 'Reads.', schema, extra: {} }

it.each(CASES)('%s: tools that never change are decoded once, others each time', (_id, decode, body) => {
  const read = (value: JsonObject) => decode(value).request.tools[0]
  const [first, second] = [read(body), read(body)]
  expect(first).toEqual(TOOL)
  expect(second).not.toBe(first)
  const frozen = deepFreeze(structuredClone(body))
  expect(read(frozen)).toEqual(TOOL)
  expect(read(frozen)).toBe(read(frozen))
})

it.each(CASES)('%s: a fault in a frozen tool is told each time, with its place', (_id, decode, body) => {
  const text = JSON.stringify(body).replace('"name":"Read"', '"name":7')
  const broken = deepFreeze(JSON.parse(`{"first":${text},"second":${text}}`) as Record<string, JsonObject>)
  const fault = (value: JsonObject) => {
    try {
      decode(value)
      return 'none'
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(fault(broken['first']!)).toMatch(/tools\[0\]/)
  expect(fault(broken['first']!)).toBe(fault(broken['second']!))
})
