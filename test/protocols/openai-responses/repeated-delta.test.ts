import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RepeatedDelta } from '../../../src/protocols/openai-responses/repeated-delta.ts'
import { ResponseStreamDecoder } from '../../../src/protocols/openai-responses/stream-decode.ts'
import type { Event } from '../../../src/message/event.ts'

const NAME = 'response.output_text.delta'
/** As OpenAI writes it. */
const delta = (text: string, number = 1, item = 'msg_1', part = 0) =>
  `{"type":"${NAME}","sequence_number":${number},"item_id":"${item}","output_index":0,"content_index":${part},"delta":${JSON.stringify(text)},"logprobs":[],"obfuscation":"x7f${number}"}`

function learned(data = delta('a')): RepeatedDelta {
  const repeated = new RepeatedDelta()
  repeated.learn(NAME, data)
  return repeated
}

describe('a delta that is not parsed', () => {
  it.each<[name: string, event: string, data: string, text: string | undefined]>([
    ['continues the one before', NAME, delta('lo', 2), 'lo'],
    ['says nothing', NAME, delta('', 2), ''],
    ['speaks of deltas', NAME, delta('"delta":"x', 2), '"delta":"x'],
    ['has an escape', NAME, delta('a\nb', 2), 'a\nb'],
    ['ends with escapes', NAME, delta('a\\"\\', 2), 'a\\"\\'],
    ['has an escape that is none', NAME, delta('lo', 2).replace('lo', 'l\\x'), undefined],
    ['has a number with a digit more', NAME, delta('lo', 10), 'lo'],
    ['has a number with two digits more', NAME, delta('lo', 100), undefined],
    ['has letters of many bytes', NAME, delta('é😀', 2), 'é😀'],
    ['belongs to another item', NAME, delta('lo', 2, 'msg_2'), undefined],
    ['belongs to another part', NAME, delta('lo', 2, 'msg_1', 1), undefined],
    ['is another event', 'response.refusal.delta', delta('lo', 2), undefined],
    ['is cut off', NAME, delta('lo', 2).slice(0, -4), undefined],
    ['is cut off at a brace', NAME, `${delta('lo', 2).split('lo')[0]}lo}`, undefined],
    [
      'is written in another order',
      NAME,
      `{"delta":"lo","item_id":"msg_1","output_index":0,"content_index":0}`,
      undefined,
    ],
  ])('%s', (_name, event, data, text) => {
    expect(learned().textOf(event, data)).toBe(text)
  })

  it('does not follow what is no delta', () => {
    const repeated = learned()
    repeated.learn('response.output_text.done', delta('a'))
    expect(repeated.textOf(NAME, delta('lo', 2))).toBeUndefined()
  })

  it('learns nothing from one in another order', () => {
    expect(
      learned('{"delta":"a","item_id":"msg_1"}').textOf(NAME, '{"delta":"a","item_id":"msg_1"}'),
    ).toBeUndefined()
  })
})

describe('any deltas', () => {
  it('say what parsing them says', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('', 'ab', '"', '\\', '"delta":"', '}'),
    )
    const item = fc.constantFrom('msg_1', 'msg_2')
    const event = fc.record({ text, item, part: fc.constantFrom(0, 1) })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (list) => {
        const decoder = new ResponseStreamDecoder({})
        const events: Event[] = []
        for (const [at, one] of list.entries())
          decoder.push({ event: NAME, data: delta(one.text, at, one.item, one.part) }, (told) =>
            events.push(told),
          )
        const said = events.flatMap((told) =>
          told.type === 'delta' && told.delta.type === 'text' ? [told.delta.text] : [],
        )
        expect(said.join('')).toBe(list.map((one) => one.text).join(''))
      }),
      { numRuns: 1000 },
    )
  })
})
