import { Collector } from '../../../src/message/collect.ts'
import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import type { Block, JsonObject } from '../../../src/message/request.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'
import type { Memo } from '../../../src/protocols/translation.ts'

/** Chunks as Gemini streams them, and what becomes of them. */

export const USAGE = {
  promptTokenCount: 12,
  candidatesTokenCount: 5,
  totalTokenCount: 17,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 12 }],
}

export function chunk(parts: JsonObject[], candidate: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return {
    candidates: [{ content: { parts, role: 'model' }, index: 0, ...candidate }],
    modelVersion: 'gemini-3.8-flash',
    responseId: 'r1',
    ...more,
  }
}

export const say = (text: string, more: JsonObject = {}) => chunk([{ text, ...more }])
export const think = (text: string, more: JsonObject = {}) => chunk([{ text, thought: true, ...more }])
export const call = (name: string, args: JsonObject | undefined = {}, more: JsonObject = {}) => ({
  functionCall: { name, args },
  ...more,
})
/** The last chunk. */
export const end = (
  finishReason = 'STOP',
  parts: JsonObject[] = [{ text: '' }],
  candidate: JsonObject = {},
) => chunk(parts, { finishReason, ...candidate }, { usageMetadata: USAGE })
export const stop = end()

export function events(chunks: readonly (JsonObject | string)[], memo: Memo = {}): Event[] {
  const emitted: Event[] = []
  const decoder = gemini.stream.decoder(memo)
  for (const one of chunks)
    decoder.push({ event: '', data: typeof one === 'string' ? one : JSON.stringify(one) }, (event) =>
      emitted.push(event),
    )
  decoder.end((event) => emitted.push(event))
  checkGrammar(emitted)
  return emitted
}

/** An answer, a line a block: `text Hi`, `thinking hm (signature)`, `call id name {"a":1}`, `finish end STOP`. */
export function told(list: readonly Event[]): string[] {
  const collector = new Collector()
  for (const event of list) if (event.type !== 'error') collector.push(event)
  const last = list.at(-1)!
  if (last.type === 'error') return [`error ${last.error.kind}`]
  const { content, finish } = collector.response()
  return [...content.map(line), `finish ${finish.unified} ${finish.raw}`]
}

function line(block: Block): string {
  switch (block.type) {
    case 'text':
      return `text ${block.text}`
    case 'thinking':
      return `thinking ${block.text}${block.signature === undefined ? '' : ` (${block.signature})`}`
    case 'tool-call':
      return `call ${block.id} ${block.name} ${block.arguments}`
    case 'opaque':
      return `${block.kind} ${JSON.stringify(block.raw.content ?? block.raw.input)}`
    default:
      return block.type
  }
}
