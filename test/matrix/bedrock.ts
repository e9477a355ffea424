import { expect, it } from 'vitest'
import { checked } from '../../src/message/grammar.ts'
import type { JsonObject } from '../../src/message/request.ts'
import type { ModelFacts } from '../../src/models/catalogue.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'
import type { AnswerMemo, Memo } from '../../src/protocols/translation.ts'
import { stopAt } from '../../src/protocols/shared/stop-sequences.ts'
import type { Frame } from '../../src/wire/framing.ts'
import type { Json } from '../support/provider/json.ts'
import { CONTEXT, user } from './translate.ts'

// ==== Requests

/** A Claude that thinks by budget, one that thinks as it likes, and others' models. */
export const MODELS = {
  'anthropic.claude-sonnet-4-5-20250929-v1:0': {
    id: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
    reasoning: true,
    adaptiveThinking: false,
    maxOutputTokens: 64_000,
    inputKinds: ['text', 'image', 'pdf'],
  },
  'us.anthropic.claude-opus-5-5': {
    id: 'us.anthropic.claude-opus-5-5',
    reasoning: true,
    adaptiveThinking: true,
    sampling: false,
    efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
    maxOutputTokens: 128_000,
    inputKinds: ['text', 'image', 'pdf'],
  },
  'us.amazon.nova-pro-v1:0': {
    id: 'us.amazon.nova-pro-v1:0',
    reasoning: false,
    maxOutputTokens: 10_000,
    inputKinds: ['text', 'image'],
  },
  'openai.gpt-oss-120b-1:0': {
    id: 'openai.gpt-oss-120b-1:0',
    reasoning: true,
    maxOutputTokens: 128_000,
    inputKinds: ['text'],
  },
} as const satisfies Record<string, ModelFacts>

export interface Target {
  model?: keyof typeof MODELS | (string & {})
}

function translate(
  from: Protocol,
  to: Protocol,
  body: JsonObject,
  model: string,
  facts: ModelFacts | undefined,
) {
  const decoded = from.request.decode(body)
  const encoded = to.request.encode(decoded.request, { model, facts, quirks: {} })
  const text = encoded.body.join('')
  return {
    body: JSON.parse(text) as JsonObject,
    text,
    memo: encoded.memo,
    /** Readable: `dropped top_k`. */
    warnings: [...decoded.warnings, ...encoded.warnings].map(({ kind, field }) => `${kind} ${field}`),
  }
}

/** An Anthropic body as the Converse body that it becomes. What the row does not say is filled in. */
export function toConverse(
  from: JsonObject,
  { model = 'anthropic.claude-sonnet-4-5-20250929-v1:0' }: Target = {},
) {
  const body = { model: 'claude-opus-5-5', max_tokens: 4096, messages: [user('Hi')], ...from }
  return translate(anthropic, bedrockConverse, body, model, (MODELS as Record<string, ModelFacts>)[model])
}

/** A Converse body as the Anthropic body that it becomes. */
export function toClaude(from: JsonObject, { model = 'us.anthropic.claude-opus-5-5' }: Target = {}) {
  const facts = (MODELS as Record<string, ModelFacts>)[model]
  return translate(bedrockConverse, anthropic, { messages: [hi], ...from }, model, facts)
}

export interface Row extends Target {
  name: string
  from: JsonObject
  /** A fragment of the body; lists are complete. */
  to?: Json
  /** Top-level fields that must not be there. */
  without?: string[]
  /** Warnings that must be there. */
  warns?: string[]
}

/** Rows with what a client asks on the left and what the upstream gets on the right. */
export function translates(to: typeof toConverse, rows: readonly Row[]): void {
  it.each(rows)('$name', ({ from, to: expected, without = [], warns = [], ...target }) => {
    const { body, warnings } = to(from, target)
    if (expected !== undefined) expect(body).toMatchObject(expected)
    for (const field of without) expect(body).not.toHaveProperty([field])
    for (const warning of warns) expect(warnings).toContain(warning)
  })
}

// ==== Converse's messages and blocks

export const says = (role: string, ...content: Json[]) => ({ role, content })
export const hi = says('user', { text: 'Hi' })
export const uses = (toolUseId: string, name = 'Bash', input: Json = { command: toolUseId }) => ({
  toolUse: { toolUseId, name, input },
})
export const result = (toolUseId: string, text: string, more: JsonObject = {}) => ({
  toolResult: { toolUseId, content: [{ text }], ...more },
})
export const spec = (name: string, more: JsonObject = {}) => ({
  toolSpec: { name, inputSchema: { json: { type: 'object', properties: {} } }, ...more },
})
export const POINT = { cachePoint: { type: 'default' } }
/** As Claude's are: long base64. */
export const SIGNATURE = 'EqQB'.repeat(20)

// ==== Answers

interface Sides {
  memo?: Memo
  answerMemo?: AnswerMemo
}

/** An upstream's frames as the frames that the client gets; the grammar is checked on the way. */
function through(
  upstream: Protocol,
  client: Protocol,
  frames: readonly Frame[],
  { memo = {}, answerMemo }: Sides,
): { event: string; data: Json }[] {
  const decoder = upstream.stream.decoder(memo)
  const encoder = client.stream.encoder({ ...CONTEXT, ...(answerMemo !== undefined && { memo: answerMemo }) })
  const written: { event: string; data: Json }[] = []
  const emit = stopAt(
    memo.enforceStop,
    checked((event) =>
      encoder.push(event, (name, data) => written.push({ event: name, data: JSON.parse(data) })),
    ),
  )
  for (const frame of frames) decoder.push(frame, emit)
  decoder.end(emit)
  return written
}

export const frame = (event: string, data: JsonObject): Frame => ({ event, data: JSON.stringify(data) })

/** Events of Converse, as a client of Anthropic's API gets them. */
export const forClaudeClient = (frames: readonly Frame[], sides: Sides = {}): Json[] =>
  through(bedrockConverse, anthropic, frames, sides).map(({ data }) => data)

/** Events of Claude, as a client of Converse gets them. */
export const forConverseClient = (events: readonly Json[], sides: Sides = {}) =>
  through(
    anthropic,
    bedrockConverse,
    events.map((event) => frame(event.type, event)),
    sides,
  )
