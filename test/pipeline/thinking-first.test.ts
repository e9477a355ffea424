import { describe, expect, it } from 'vitest'
import { withoutLateThinking } from '../../src/pipeline/thinking-first.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'
import { scanObject, splice } from '../../src/wire/json-scan.ts'

function edited({ thinkingFirst, foreignBlocks }: Protocol, text: string): string {
  const body = Buffer.from(text)
  const scanned = { body, ...scanObject(body) }
  return splice(
    body,
    withoutLateThinking(scanned, thinkingFirst!, foreignBlocks, 'claude-sonnet-4-5'),
  ).toString()
}

const OURS = '{"type":"thinking","thinking":"h","signature":"signalbox.x"}'
const CLAUDES = '{"type":"thinking","thinking":"h","signature":"EqQB"}'
const SEALED = '{"type":"redacted_thinking","data":"EqQB"}'
const TEXT = '{"type":"text","text":"a thinking"}'
const CALL = '{"type":"tool_use","id":"call_1","name":"Bash","input":{ "id": 9007199254740993 }}'
const CLAUDES_CALL = CALL.replace('call_1', 'toolu_01A')
const RESULT = '{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}'
const BUDGET = '{ "type": "enabled", "budget_tokens": 2000 }'
const OFF = '{"type":"disabled"}'

const loop = (thinking: string, blocks: string[], rest = '') =>
  `{"thinking": ${thinking},"messages":[{"role":"user","content":"a"}, {"role":"assistant","content":[${blocks.join(', ')}]} ,${RESULT}] ${rest}}`

describe('D6 no budget for thinking in a loop of tools that began without', () => {
  it.each([
    ['nothing before the call', [CALL]],
    ['text before the call', [TEXT, CALL]],
    ['another model’s thinking, which is cut out', [OURS, CALL]],
    ['another model’s thinking before a call with an id of Claude’s', [OURS, CLAUDES_CALL]],
    ['Claude’s thinking behind a call', [OURS, CALL, CLAUDES]],
  ])('%s', (_row, blocks) => {
    expect(edited(anthropic, loop(BUDGET, blocks))).toBe(loop(OFF, blocks))
  })

  it.each([
    ['Claude’s thinking', loop(BUDGET, [CLAUDES, CALL])],
    ['Claude’s thinking behind ours', loop(BUDGET, [OURS, CLAUDES, CALL])],
    ['sealed thinking', loop(BUDGET, [SEALED, CALL])],
    ['calls of a model that did not think, and takes them back', loop(BUDGET, [TEXT, CLAUDES_CALL])],
    ['the same from a cloud', loop(BUDGET, [CALL.replace('call_1', 'toolu_bdrk_01A')])],
    ['an answer without calls', loop(BUDGET, [TEXT])],
    ['adaptive thinking, which has no such rule', loop('{"type":"adaptive"}', [CALL])],
    ['no thinking', loop(OFF, [CALL])],
    ['thinking of a form that nobody knows', loop('"enabled"', [CALL])],
    ['an answer as text', `{"thinking":${BUDGET},"messages":[{"role":"assistant","content":"tool_use"}]}`],
    ['no answer', `{"thinking":${BUDGET},"messages":[${RESULT}]}`],
    ['no messages', `{"thinking":${BUDGET},"messages":{}}`],
  ])('but every byte of a body with %s', (_row, body) => {
    expect(edited(anthropic, body)).toBe(body)
  })

  it('A2 what clears thinking goes with it, and other edits stay', () => {
    const clear = '{"type":"clear_thinking_20251015","keep":"all"}'
    const tools = '{"type":"clear_tool_uses_20250919"}'
    const management = (...edits: string[]) => `,"context_management":{"edits":[${edits.join(',')}]}`
    expect(edited(anthropic, loop(BUDGET, [CALL], management(clear, tools)))).toBe(
      loop(OFF, [CALL], management(tools)),
    )
    expect(edited(anthropic, loop(BUDGET, [CALL], management(clear)))).toBe(loop(OFF, [CALL], management()))
  })

  it('in Bedrock’s own form as well', () => {
    const converse = (thinking: string, ...blocks: string[]) =>
      `{"messages":[{"role":"assistant","content":[${blocks.join(',')}]},{"role":"user","content":[{"toolResult":{}}]}],"additionalModelRequestFields":{"top_k":5,"thinking":${thinking}}}`
    const call = '{"toolUse":{"toolUseId":"t","name":"Bash","input":{}}}'
    const reasoning = `{"reasoningContent":{"reasoningText":{"text":"h","signature":"${'EqQB'.repeat(12)}"}}}`
    const budget = '{"type":"enabled","budget_tokens":2000}'
    expect(edited(bedrockConverse, converse(budget, call))).toBe(converse(OFF, call))
    expect(edited(bedrockConverse, converse(budget, reasoning, call))).toBe(converse(budget, reasoning, call))
  })
})
