import { GoogleGenAI } from '@google/genai'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import { NativePassage } from '../../../src/pipeline/native-passage.ts'
import { anthropic } from '../../../src/protocols/anthropic/index.ts'
import { googleEvents } from '../../../src/protocols/gemini/framing.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'
import { openaiChat } from '../../../src/protocols/openai-chat/index.ts'
import { StreamTranslator } from '../../../src/protocols/stream-translator.ts'
import { sse } from '../../../src/wire/framing.ts'
import { CONTEXT, sse as event } from '../../support/sse.ts'

const chunk = (text: string, more: object = {}) =>
  `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, ...more }] })}\n\n`
const FAILURE = '{"error":{"code":504,"message":"Silence.","status":"DEADLINE_EXCEEDED"}}\n\n'
const SILENCE = new GatewayError('upstream_idle', 'Silence.')

const SAID = [
  event({ type: 'message_start', message: { id: 'm', role: 'assistant', content: [], usage: {} } }),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
].join('')
const OVERLOADED = event({ type: 'error', error: { type: 'overloaded_error', message: 'Busy.' } })

const translator = (client = { protocol: gemini, framing: googleEvents }) =>
  new StreamTranslator({ protocol: anthropic, framing: sse }, client, {}, CONTEXT, () => undefined)
const bytes = (text: string) => new TextEncoder().encode(text)

describe('B9 the silence of an upstream is bridged without a comment, at which Google’s SDKs stop reading', () => {
  it.each([
    ['before the first event', '', '\n\n'],
    ['between events', chunk('Hi'), '\n\n'],
    ['between the lines of one', chunk('Hi').slice(0, -1), ''],
    ['inside of a line', chunk('Hi').slice(0, -4), ''],
  ])('native, %s', (_where, before, ping) => {
    const passage = new NativePassage(gemini, googleEvents, 'id')
    passage.push(Buffer.from(before))
    expect(passage.ping()).toBe(ping)
  })

  it('translated', () => {
    expect(translator().ping()).toBe('\n\n')
  })

  it('and the SDK reads on', async () => {
    const answer = `\n\n${chunk('a')}\n\n\n\n${chunk('b', { finishReason: 'STOP' })}`
    const fetch = async () => new Response(answer, { headers: { 'content-type': 'text/event-stream' } })
    const ai = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: 'http://gateway.invalid', fetch } })
    let text = ''
    for await (const part of await ai.models.generateContentStream({ model: 'm', contents: 'Hi' }))
      text += part.text ?? ''
    expect(text).toBe('ab')
  })
})

describe('B8 B11 a failure stands bare behind the events, in a write of its own', () => {
  it('that the upstream told, with events in the same bytes', () => {
    const one = translator()
    expect(one.push(bytes(SAID + OVERLOADED))).toMatch(/^data: \{"candidates".*"text":"Hi".*\n\n$/)
    const told = '{"error":{"code":503,"message":"Busy.","status":"UNAVAILABLE"}}\n\n'
    expect(one.fail(SILENCE)).toBe(told)
    expect(one.fail(SILENCE)).toBe('')
  })

  it('that the end of the bytes is', () => {
    const one = translator()
    one.push(bytes(SAID))
    expect(one.end()).toBeUndefined()
    expect(one.fail(SILENCE)).toMatch(/^\{"error":\{"code":502,.*\n\n$/)
  })

  it('that comes from outside', () => {
    const one = translator()
    one.push(bytes(SAID))
    expect(one.fail(SILENCE)).toBe(FAILURE)
    expect(one.fail(SILENCE)).toBe('')
  })

  it('other clients get it with the events', () => {
    const one = translator({ protocol: openaiChat, framing: sse })
    expect(one.push(bytes(SAID + OVERLOADED))).toMatch(/Hi.*\n\ndata: \{"error".*Busy/s)
    expect(one.fail(SILENCE)).toBe('')
  })
})
