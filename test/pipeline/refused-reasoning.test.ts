import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { providersAt } from '../conformance/parties.ts'
import { startService } from '../conformance/service.ts'
import type { Service } from '../conformance/service.ts'
import { json, sse, twoParts } from '../conformance/wire.ts'
import type { Message, Received } from '../conformance/wire.ts'
import { anthropic } from '../conformance/wires/anthropic.ts'
import { bedrockConverse } from '../conformance/wires/bedrock-converse.ts'
import { openaiResponses } from '../conformance/wires/openai-responses.ts'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'

/**
 * Proofs of reasoning hold for one account, one organisation, one beginning of a conversation. A service that does not
 * know one refuses the whole conversation, each time that it is sent: without the reasoning it goes on (D2, D8).
 */

let gateway: InProcessGateway
let service: Service
let received: Received[]

beforeAll(async () => {
  service = await startService()
  gateway = await startInProcess(providersAt(service.url))
})

afterAll(async () => {
  await gateway.close()
  service.close()
})

beforeEach(() => {
  received = []
})

const ANSWER = { text: 'Done.', finish: 'end', usage: { input: 10, cacheRead: 0, output: 5 } } as const

/** Answers with these in turn, and with the last from then on. */
function answers(...messages: Message[]): void {
  service.answer((request) => {
    received.push(request)
    return messages[received.length - 1] ?? messages.at(-1)!
  })
}

async function ask(path: string, body: string) {
  const rows = gateway.rows.length
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body,
  })
  const text = await response.text().catch(() => '')
  return { status: response.status, text, row: gateway.rows[rows]!, rows: gateway.rows.length - rows }
}

const SIGNATURE = 'EqQBCkYIBxgCKkCtGv0'
/** Spaces and a number that a parser would change: natively every other byte stays. */
const claude = (model: string, first = `"model": ${JSON.stringify(model)},`) =>
  `{${first}"max_tokens":100, "x":1.0, "messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"${SIGNATURE}"}, {"type":"redacted_thinking","data":"EmwK"},{"type":"text","text":"I say thinking"}]},{"role":"user","content":"Go on"}]}`
const CLAUDE_CUT = '"content":[{"type":"text","text":"I say thinking"}]'
const converse = `{"messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"${SIGNATURE}"}}},{"reasoningContent":{"redactedContent":"EmwK"}},{"text":"Yes"}]},{"role":"user","content":[{"text":"Go on"}]}]}`
const responses = (model: string, proof = 'gAAAAsealed') =>
  `{"model": ${JSON.stringify(model)},"store":false, "x":1.0,"input":[{"role":"user","content":"Hi"}, {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"${proof}"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Yes"}]},{"role":"user","content":"Go on"}]}`

const CLAUDE_SAYS = 'messages.1.content.0: Invalid `signature` in `thinking` block'
const claudeRefuses = {
  ...anthropic.upstream.error(400, CLAUDE_SAYS),
  headers: { 'content-type': 'application/json', 'x-should-retry': 'false' },
}
const bedrockRefuses = bedrockConverse.upstream.error(
  400,
  `The model returned the following errors: ${CLAUDE_SAYS}. The block is bound to a different conversation`,
)
const OPENAI_SAYS = 'The encrypted content gAAA...aled could not be verified. Reason: Encrypted content organization_id did not match the target organization.' // prettier-ignore
const openaiError = {
  message: OPENAI_SAYS,
  type: 'invalid_request_error',
  param: null,
  code: 'invalid_encrypted_content',
}
const openaiRefuses = json(400, { error: openaiError })
const openaiBreaksOff = sse(
  {
    type: 'response.created',
    sequence_number: 0,
    response: { id: 'resp_1', status: 'in_progress', output: [] },
  },
  {
    type: 'response.failed',
    sequence_number: 1,
    response: { id: 'resp_1', status: 'failed', error: openaiError, output: [] },
  },
)

const streamed = (body: string) => body.replace('{', '{"stream":true,')

interface Row {
  name: string
  path: string
  body: string
  refuses: Message
  answer: Message
  /** What is in the first body for the upstream, and not in the second. */
  proof: string
  /** Of the second. */
  holds?: string
}

const ROWS: Row[] = [
  { name: 'D2 a client of Claude at Claude', path: '/anthropic/v1/messages', body: claude('claude-sonnet-4-5'), refuses: claudeRefuses, answer: anthropic.upstream.whole(ANSWER), proof: SIGNATURE, holds: `"max_tokens":100, "x":1.0, "messages":[{"role":"user","content":"Hi"},{"role":"assistant",${CLAUDE_CUT}}` },
  { name: 'D2 the same, streamed', path: '/anthropic/v1/messages', body: streamed(claude('claude-sonnet-4-5')), refuses: claudeRefuses, answer: anthropic.upstream.stream(ANSWER), proof: SIGNATURE, holds: CLAUDE_CUT },
  { name: 'D2 where Claude counts', path: '/anthropic/v1/messages/count_tokens', body: claude('claude-sonnet-4-5'), refuses: claudeRefuses, answer: json(200, { input_tokens: 7 }), proof: SIGNATURE, holds: CLAUDE_CUT },
  { name: 'D2 a client of Claude on Bedrock', path: '/bedrock/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke', body: claude('', '"anthropic_version":"bedrock-2023-05-31",'), refuses: bedrockRefuses, answer: anthropic.upstream.whole(ANSWER), proof: SIGNATURE, holds: CLAUDE_CUT },
  { name: 'D2 a client of Claude, served by Bedrock', path: '/anthropic/v1/messages', body: claude('bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0'), refuses: bedrockRefuses, answer: anthropic.upstream.whole(ANSWER), proof: SIGNATURE, holds: CLAUDE_CUT },
  { name: 'D2 a client of Converse', path: '/bedrock/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse', body: converse.replace(SIGNATURE, anthropicSignature()), refuses: bedrockRefuses, answer: bedrockConverse.upstream.whole(ANSWER), proof: 'reasoningContent', holds: '"content":[{"text":"Yes"}]' },
  { name: 'D2 a client of Responses at Claude', path: '/openai/v1/responses', body: responses('anthropic/claude-sonnet-4-5', `signalbox.${anthropicSignature()}`), refuses: claudeRefuses, answer: anthropic.upstream.whole(ANSWER), proof: '"thinking"' },
  { name: 'D8 a client of Responses', path: '/openai/v1/responses', body: responses('responses/gpt-5.1'), refuses: openaiRefuses, answer: openaiResponses.upstream.whole(ANSWER), proof: 'gAAAAsealed', holds: '"store":false, "x":1.0,"input":[{"role":"user","content":"Hi"},{"type":"message","role":"assistant"' },
  { name: 'D8 the same, refused where the stream begins', path: '/openai/v1/responses', body: streamed(responses('responses/gpt-5.1')), refuses: openaiBreaksOff, answer: openaiResponses.upstream.stream(ANSWER), proof: 'gAAAAsealed' },
  { name: 'D8 a client of Claude at Responses', path: '/anthropic/v1/messages', body: claude('responses/gpt-5.1').replace(SIGNATURE, 'signalbox.sbx-responses-rs_1.gAAAAsealed'), refuses: openaiRefuses, answer: openaiResponses.upstream.whole(ANSWER), proof: 'gAAAAsealed' },
  { name: 'D8 the same, refused where the stream begins', path: '/anthropic/v1/messages', body: streamed(claude('responses/gpt-5.1')).replace(SIGNATURE, 'signalbox.sbx-responses-rs_1.gAAAAsealed'), refuses: openaiBreaksOff, answer: openaiResponses.upstream.stream(ANSWER), proof: 'gAAAAsealed' },
] // prettier-ignore

/** As long and of the form that Claude's are. */
function anthropicSignature(): string {
  return btoa(`\x12\xa4\x01${'signature of Claude '.repeat(8)}`)
}

describe('reasoning that the upstream refuses is left out, once', () => {
  it.each(ROWS)('$name', async ({ path, body, refuses, answer, proof, holds }) => {
    answers(refuses, answer)
    const { status, text, row, rows } = await ask(path, body)
    expect([status, rows], text).toEqual([200, 1])
    const sent = received.map((request) => request.raw)
    expect(sent.map((one) => one.includes(proof))).toEqual([true, false])
    if (holds !== undefined) expect(sent[1]).toContain(holds)
    expect(row).toMatchObject({ status: 'success', attempts: [{ status: refuses.status }, { status: 200 }] })
    expect(row.attempts[1]!.reason).toMatch(/without the reasoning that was refused$/)
    expect(row.warnings).toContainEqual({
      kind: 'dropped',
      field: 'reasoning',
      reason: 'the upstream refused what proves where it comes from',
    })
  })

  it.each(ROWS)(
    'never a third time, and the first refusal is told: $name',
    async ({ path, body, refuses }) => {
      answers(refuses)
      const { status, text, row } = await ask(path, body)
      expect(received.length).toBe(2)
      expect(received[0]!.raw).not.toBe(received[1]!.raw)
      expect([status, text.includes('signature') || text.includes('could not be verified')]).toEqual([
        400,
        true,
      ])
      expect(row).toMatchObject({ status: 'error', attempts: [{}, {}] })
    },
  )

  it('the first refusal is told, also where the second is another', async () => {
    answers(
      claudeRefuses,
      anthropic.upstream.error(400, 'Expected `thinking` or `redacted_thinking`, but found `tool_use`'),
    )
    const { status, text } = await ask('/anthropic/v1/messages', claude('claude-sonnet-4-5'))
    expect([status, JSON.parse(text).error.message]).toEqual([400, CLAUDE_SAYS])
  })
})

const OTHERS: [name: string, path: string, body: string, refuses: Message][] = [
  ['no reasoning is in the conversation', '/anthropic/v1/messages', '{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"thinking\\" \\"thinking"}]}', claudeRefuses],
  ['none is sealed', '/openai/v1/responses', responses('responses/gpt-5.1').replace('"encrypted_content":"gAAAAsealed"', '"encrypted_content":null'), openaiRefuses],
  ['none would have been sent', '/anthropic/v1/messages', claude('responses/gpt-5.1').replace(SIGNATURE, 'signalbox.').replace(/ \{"type":"redacted.*?\},/, ''), openaiRefuses],
  ['the refusal is another', '/anthropic/v1/messages', claude('claude-sonnet-4-5'), anthropic.upstream.error(400, 'max_tokens: must be smaller')],
  ['it is no refusal', '/anthropic/v1/messages', claude('claude-sonnet-4-5'), anthropic.upstream.error(500, CLAUDE_SAYS)],
] // prettier-ignore

describe('no second attempt where', () => {
  it.each(OTHERS)('%s', async (_name, path, body, refuses) => {
    answers(refuses)
    const { status } = await ask(path, body)
    expect([status, received.length]).toEqual([refuses.status, 1])
  })

  it('a part of the answer has gone to the client', async () => {
    const [begin] = String(openaiResponses.upstream.stream(ANSWER).body).split(
      'event: response.output_text.done',
    )
    const failed = `${String(openaiBreaksOff.body).split('\n\n')[1]}\n\n`
    answers(twoParts({ ...openaiBreaksOff, body: begin! }, { ...openaiBreaksOff, body: failed }))
    const response = await fetch(`${gateway.url}/openai/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: streamed(responses('responses/gpt-5.1')),
    })
    const reader = response.body!.getReader()
    await reader.read()
    service.goOn()
    await expect(readAll(reader)).rejects.toThrow('terminated')
    expect(received.length).toBe(1)
  })
})

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}
