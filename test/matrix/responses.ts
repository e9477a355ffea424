import { expect, it } from 'vitest'
import { checked } from '../../src/message/grammar.ts'
import type { JsonObject } from '../../src/message/request.ts'
import type { ModelFacts } from '../../src/models/catalogue.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'
import type { Quirks } from '../../src/protocols/quirks.ts'
import type { AnswerMemo, Memo } from '../../src/protocols/translation.ts'
import { stopAt } from '../../src/protocols/shared/stop-sequences.ts'
import { sse as framing, sseText } from '../../src/wire/framing.ts'
import type { Json } from '../support/provider/json.ts'
import { dataOf } from '../support/sse.ts'
import { CONTEXT, MODELS, user } from './translate.ts'

// ==== Requests

interface Target {
  model?: keyof typeof MODELS | (string & {})
  facts?: ModelFacts
  quirks?: Quirks
}

const CLAUDE: Record<string, ModelFacts> = {
  'claude-opus-5-5': {
    id: 'claude-opus-5-5',
    reasoning: true,
    adaptiveThinking: true,
    sampling: false,
    efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
    maxOutputTokens: 128_000,
  },
  'claude-sonnet-4-5': {
    id: 'claude-sonnet-4-5',
    reasoning: true,
    adaptiveThinking: false,
    maxOutputTokens: 64_000,
  },
}

function translate(
  from: Protocol,
  to: Protocol,
  body: JsonObject,
  { model = '', facts, quirks = {} }: Target,
) {
  const decoded = from.request.decode(body)
  const known = (MODELS as Record<string, ModelFacts>)[model] ?? CLAUDE[model]
  const encoded = to.request.encode(decoded.request, { model, facts: facts ?? known, quirks })
  const text = encoded.body.join('')
  return {
    body: JSON.parse(text) as JsonObject,
    text,
    memo: encoded.memo,
    answerMemo: decoded.answerMemo,
    /** Readable: `dropped top_k`. */
    warnings: [...decoded.warnings, ...encoded.warnings].map(({ kind, field }) => `${kind} ${field}`),
  }
}

/** An Anthropic body as the Responses body that it becomes. What the row does not say is filled in. */
export function toResponses(from: JsonObject, target: Target = {}) {
  const body = { model: 'claude-opus-5-5', max_tokens: 4096, messages: [user('Hi')], ...from }
  return translate(anthropic, openaiResponses, body, { model: 'gpt-5', ...target })
}

/** A Responses body as the Anthropic body that it becomes. */
export function toClaude(from: JsonObject, target: Target = {}) {
  const body = { model: 'anthropic/claude-opus-5-5', input: 'Hi', ...from }
  return translate(openaiResponses, anthropic, body, { model: 'claude-opus-5-5', ...target })
}

/** A Responses body as the Chat Completions body that it becomes. */
export function toChatUpstream(from: JsonObject, target: Target = {}) {
  const body = { model: 'deepseek/deepseek-v4', input: 'Hi', ...from }
  return translate(openaiResponses, openaiChat, body, { model: 'some-model', ...target })
}

export interface RequestRow extends Target {
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
export function translates(to: typeof toResponses, rows: readonly RequestRow[]): void {
  it.each(rows)('$name', ({ from, to: expected, without = [], warns = [], ...target }) => {
    const { body, warnings } = to(from, target)
    if (expected !== undefined) expect(body).toMatchObject(expected)
    for (const field of without) expect(body).not.toHaveProperty([field])
    for (const warning of warns) expect(warnings).toContain(warning)
  })
}

// ==== Items and parts of the Responses API

export const item = (role: string, ...content: Json[]) => ({ type: 'message', role, content })
export const inputText = (text: string) => ({ type: 'input_text', text })
export const outputText = (text: string) => ({ type: 'output_text', text })
export const hi = item('user', inputText('Hi'))
export const calls = (id: string, name = 'Bash', args = `{"command":"${id}"}`) => ({
  type: 'function_call',
  call_id: id,
  name,
  arguments: args,
})
export const output = (id: string, result: Json = 'A') => ({
  type: 'function_call_output',
  call_id: id,
  output: result,
})

// ==== Answers

interface Sides {
  memo?: Memo
  answerMemo?: AnswerMemo
}

/** An upstream's bytes as the events that the client gets; the grammar is checked on the way. */
function through(
  upstream: Protocol,
  client: Protocol,
  bytes: Uint8Array,
  { memo = {}, answerMemo }: Sides,
): Json[] {
  const decoder = upstream.stream.decoder(memo)
  const encoder = client.stream.encoder({ ...CONTEXT, ...(answerMemo !== undefined && { memo: answerMemo }) })
  let wire = ''
  const write = (name: string, data: string) => (wire += sseText(name, data))
  const emit = stopAt(
    memo.enforceStop,
    checked((event) => encoder.push(event, write)),
  )
  const reader = framing.reader((frame) => decoder.push(frame, emit))
  reader.push(bytes)
  reader.end()
  decoder.end(emit)
  return dataOf(wire)
}

/** Events of an upstream, as a client of the other API gets them. */
export const forClaudeClient = (events: readonly Json[], sides: Sides = {}) =>
  through(openaiResponses, anthropic, wireOf(events), sides)
export const forResponsesClient = (events: readonly Json[], sides: Sides = {}) =>
  through(anthropic, openaiResponses, wireOf(events), sides)
/** Chunks of a Chat Completions upstream. */
export const fromChatUpstream = (bytes: Uint8Array, sides: Sides) =>
  through(openaiChat, openaiResponses, bytes, sides)

function wireOf(events: readonly Json[]): Uint8Array {
  return new TextEncoder().encode(events.map((event) => sseText(event.type, JSON.stringify(event))).join(''))
}
