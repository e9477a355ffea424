import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutForeignBlocks, editForeignFields, mendForeignStrings } from '../../src/pipeline/foreign-blocks.ts'
import { foreignBlocks } from '../../src/protocols/anthropic/foreign.ts'
import { foreignStrings as geminiStrings } from '../../src/protocols/gemini/foreign.ts'
import { foreignFields, foreignStrings as chatStrings } from '../../src/protocols/openai-chat/foreign.ts'
import type { Quirks } from '../../src/protocols/quirks.ts'
import { sealThinking } from '../../src/protocols/gemini/signature.ts'
import { WATCHED } from '../../src/pipeline/watched.ts'
import { scanObject, splice } from '../../src/wire/json-scan.ts'

function edited(text: string): string {
  const body = Buffer.from(text)
  return splice(
    body,
    cutForeignBlocks({ body, ...scanObject(body, undefined, WATCHED) }, foreignBlocks, 'claude-opus-5-5'),
  ).toString()
}

const OWN = '{"type":"thinking","thinking":"h","signature":"signalbox."}'
const OWN_REDACTED = '{"type": "redacted_thinking", "data":"signalbox.x"}'
const CLAUDES = '{"signature":"EqQB","thinking":"h","type":"thinking"}'
const CALL = '{"type":"tool_use","id":"t","name":"Bash","input":{ "id": 9007199254740993 }}'
const OMITTED = '{"type":"text","text":"[The reasoning of another model was omitted here.]"}'

function message(...blocks: string[]): string {
  return `{"model":"m", "messages" : [ {"role":"user","content":"a"} , {"role":"assistant","content":[${blocks.join(' , ')}]}],"max_tokens":1.0}`
}

const ROWS: [row: string, before: string, after: string][] = [
  ['nothing of ours', message(CLAUDES, CALL), message(CLAUDES, CALL)],
  ['ours first', message(OWN, CALL), message(CALL)],
  ['ours last', message(CALL, OWN), message(CALL)],
  ['ours between', message(CLAUDES, OWN, CALL), message(CLAUDES, CALL)],
  ['several in a row', message(OWN, OWN_REDACTED, CLAUDES, OWN, OWN, CALL, OWN), message(CLAUDES, CALL)],
  ['only ours', message(OWN), message(OMITTED)],
  ['only ours, twice', message(OWN, OWN_REDACTED), message(OMITTED)],
  [
    'an upstream’s signature inside ours',
    message(OWN.replace('signalbox.', 'signalbox.CiQ='), CALL),
    message(CALL),
  ],
]

describe('D9 thinking of other models is cut out', () => {
  it.each(ROWS)('%s', (_row, before, after) => {
    expect(edited(before)).toBe(after)
  })

  it.each([
    ['in a text', message(JSON.stringify({ type: 'text', text: OWN }))],
    ['in a tool’s arguments', message(`{"type":"tool_use","id":"t","name":"W","input":{"block":${OWN}}}`)],
    [
      'in a tool’s result',
      `{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[${JSON.stringify({ type: 'text', text: OWN })}]}]}]}`,
    ],
    ['as a message', '{"messages":["signalbox."]}'],
    ['as the content', '{"messages":[{"role":"assistant","content":"signalbox."}]}'],
    ['as the messages', '{"messages":"signalbox."}'],
    ['outside of the messages', '{"messages":[],"metadata":{"a":"signalbox."}}'],
    ['in no messages at all', '{"metadata":{"a":"signalbox."}}'],
    ['under another name', message('{"type":"thinking","thinking":"signalbox.","signature":"EqQB"}')],
    [
      'in a message that has a field twice',
      `{"messages":[{"role":"assistant","content":[${OWN}],"content":[${OWN}]}]}`,
    ],
  ])('but not our mark %s', (_where, body) => {
    expect(edited(body)).toBe(body)
  })

  it('leaves a captured Claude Code body alone', () => {
    const body = readFileSync(new URL('../data/claude/thinking-round-trip.json', import.meta.url), 'utf8')
    expect(edited(body)).toBe(body)
  })

  it('leaves every other byte of any conversation', () => {
    const block = fc.oneof(
      fc.constantFrom(OWN, OWN_REDACTED, CLAUDES, CALL),
      fc.string().map((text) => JSON.stringify({ type: 'text', text })),
    )
    fc.assert(
      fc.property(fc.array(block, { minLength: 1 }), (blocks) => {
        const kept = blocks.filter((each) => each !== OWN && each !== OWN_REDACTED)
        expect(edited(message(...blocks))).toBe(message(...(kept.length === 0 ? [OMITTED] : kept)))
      }),
    )
  })
})

describe('D1 D2 thinking of other models, sealed on a call for a Gemini client', () => {
  const SEALED = sealThinking([{ type: 'thinking', text: 'h', signature: 'EqQB' }])
  const contents = (...parts: string[]) =>
    `{"contents" : [{"role":"model","parts":[${parts.join(',')}]}],"generationConfig":{"topP":1.0}}`
  const call = (signature: string, field = 'thoughtSignature', args = '{ "id": 9007199254740993 }') =>
    `{"functionCall":{"name":"a","args":${args}}, "${field}" : "${signature}"}`
  const replaced = (text: string) => {
    const body = Buffer.from(text)
    const edits = mendForeignStrings({ body }, geminiStrings)
    if (text.endsWith('}'))
      expect(mendForeignStrings({ body, ...scanObject(body, undefined, WATCHED) }, geminiStrings)).toEqual(
        edits,
      )
    return splice(body, edits).toString()
  }
  const SKIP = 'skip_thought_signature_validator'

  it.each([
    ['none', contents(call('AbC=')), contents(call('AbC='))],
    ['one', contents(call(SEALED)), contents(call(SKIP))],
    [
      'the other spelling',
      contents(call(SEALED, 'thought_signature')),
      contents(call(SKIP, 'thought_signature')),
    ],
    [
      'several',
      contents(call(SEALED), call('AbC='), call(SEALED)),
      contents(call(SKIP), call('AbC='), call(SKIP)),
    ],
    ['in another field', contents(call(SEALED, 'data')), contents(call(SEALED, 'data'))],
    [
      'in a text',
      contents(`{"text":${JSON.stringify(call(SEALED))}}`),
      contents(`{"text":${JSON.stringify(call(SEALED))}}`),
    ],
    ['cut off', `{"thoughtSignature":"${SEALED}`, `{"thoughtSignature":"${SEALED}`],
  ])('%s', (_row, before, after) => {
    expect(replaced(before)).toBe(after)
  })
})

describe('D1 Gemini’s signatures in the ids of calls, at an upstream of OpenAI’s', () => {
  const mended = (text: string) => {
    const body = Buffer.from(text)
    return splice(body, mendForeignStrings({ body }, chatStrings)).toString()
  }
  const body = (id: string, args = '{}') =>
    `{"messages":[{"role":"assistant","tool_calls":[{"id" : "${id}","type":"function","function":{"name":"a","arguments":${JSON.stringify(args)}}}]},{"role":"tool","tool_call_id":"${id}","content":"1.0"}]}`

  it.each([
    ['none', body('call_1'), body('call_1')],
    ['one', body('call_1__sig__QUI'), body('call_1')],
    ['with other letters', body('ü1__sig__QUI'), body('ü1')],
    ['in arguments', body('call_1', '{"id":"x__sig__QUI"}'), body('call_1', '{"id":"x__sig__QUI"}')],
    ['in a text', '{"content":"a__sig__QUI"}', '{"content":"a__sig__QUI"}'],
    ['no id before it', body('__sig__QUI'), body('__sig__QUI')],
    ['with an escape', '{"id":"\\u00e9__sig__QUI"}', '{"id":"\\u00e9__sig__QUI"}'],
  ])('%s', (_row, before, after) => {
    expect(mended(before)).toBe(after)
  })
})

describe('D10 reasoning of another model’s answer, at an upstream of OpenAI’s', () => {
  const STRICT = { knownMessageFieldsOnly: true }
  const GROQ = { ...STRICT, reasoningHistoryField: 'reasoning' } as const
  const DEEPSEEK = { reasoningHistoryField: 'reasoning_content' } as const
  const changed = (text: string, quirks: Quirks) => {
    const body = Buffer.from(text)
    const foreign = foreignFields(quirks)
    return foreign === undefined
      ? text
      : splice(body, editForeignFields({ body, ...scanObject(body, undefined, WATCHED) }, foreign)).toString()
  }
  const body = (...members: string[]) =>
    `{"reasoning_effort":"low","messages":[{"role":"user","content":"\\"reasoning\\""} , {${members.join(', ')}}]}`
  const ROLE = '"role":"assistant"'
  const CALLS = '"tool_calls":[{"id":"a","function":{"arguments":"{\\"reasoning\\":1.0}"}}]'
  const CONTENT = '"reasoning_content" : "h"'
  const REASONING = '"reasoning":"h"'
  const DETAILS = '"reasoning_details":[{"type":"reasoning.text","text":"h"}]'

  it.each<[row: string, quirks: Quirks, before: string, after: string]>([
    ['none', STRICT, body(ROLE, CALLS), body(ROLE, CALLS)],
    ['one before the calls', STRICT, body(ROLE, CONTENT, CALLS), body(ROLE, CALLS)],
    [
      'one at the beginning',
      STRICT,
      body(CONTENT, ROLE, CALLS),
      body(ROLE, CALLS).replace('{"role":"a', '{ "role":"a'),
    ],
    ['one at the end', STRICT, body(ROLE, CALLS, CONTENT), body(ROLE, CALLS)],
    ['all that there are', STRICT, body(ROLE, REASONING, DETAILS, CALLS, CONTENT), body(ROLE, CALLS)],
    ['the upstream’s own', GROQ, body(ROLE, CONTENT, REASONING, CALLS), body(ROLE, REASONING, CALLS)],
    ['an upstream that takes any', {}, body(ROLE, CONTENT, CALLS), body(ROLE, CONTENT, CALLS)],
    ['DeepSeek gets its own', DEEPSEEK, body(ROLE, CONTENT, CALLS), body(ROLE, CONTENT, CALLS)],
    ['DeepSeek without calls', DEEPSEEK, body(ROLE, '"content":"a"'), body(ROLE, '"content":"a"')],
    ['DeepSeek misses its own', DEEPSEEK, body(ROLE, CALLS), body(`"reasoning_content":"",${ROLE}`, CALLS)],
  ])('%s', (_row, quirks, before, after) => {
    expect(changed(before, quirks)).toBe(after)
  })

  it.each([
    String.raw`{"messages":"\"reasoning\""}`,
    String.raw`{"messages":[1,"\"reasoning"]}`,
    '{"messages":{"reasoning":1}}',
    '{"a":{"reasoning":1}}',
  ])('leaves %s to the upstream', (text) => {
    expect(changed(text, STRICT)).toBe(text)
  })
})
