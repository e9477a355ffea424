import { expect, it } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import { checked } from '../../src/message/grammar.ts'
import type { JsonObject } from '../../src/message/request.ts'
import type { ModelFacts } from '../../src/models/catalogue.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { gemini } from '../../src/protocols/gemini/index.ts'
import type { Protocol } from '../../src/protocols/protocol.ts'
import type { Quirks } from '../../src/protocols/quirks.ts'
import type { Memo } from '../../src/protocols/translation.ts'
import { stopAt } from '../../src/protocols/shared/stop-sequences.ts'
import { sse as framing, sseText } from '../../src/wire/framing.ts'
import type { Json } from '../support/provider/json.ts'
import { dataOf } from '../support/sse.ts'
import { CONTEXT, gist, user } from './translate.ts'
import type { ClientEvent } from './translate.ts'

// ==== Requests

const GEMINI: Record<string, ModelFacts> = {
  'gemini-3.8-flash': {
    id: 'gemini-3.8-flash',
    reasoning: true,
    efforts: ['low', 'medium', 'high'],
    maxOutputTokens: 65_536,
  },
  'gemini-3.5-flash': {
    id: 'gemini-3.5-flash',
    reasoning: true,
    efforts: ['minimal', 'low', 'medium', 'high'],
  },
  'gemini-2.5-pro': { id: 'gemini-2.5-pro', reasoning: true, maxOutputTokens: 65_536 },
  'gemini-2.5-flash': { id: 'gemini-2.5-flash', reasoning: true },
  'gemini-2.0-flash': { id: 'gemini-2.0-flash' },
  'claude-opus-5-5': {
    id: 'claude-opus-5-5',
    reasoning: true,
    adaptiveThinking: true,
    sampling: false,
    efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
    maxOutputTokens: 128_000,
  },
  'claude-sonnet-4-5': { id: 'claude-sonnet-4-5', reasoning: true, maxOutputTokens: 64_000 },
}

interface Target {
  model?: keyof typeof GEMINI | (string & {})
  facts?: ModelFacts
  quirks?: Quirks
}

function translate(
  from: Protocol,
  to: Protocol,
  body: JsonObject,
  { model = '', facts, quirks = {} }: Target,
) {
  const decoded = from.request.decode(body)
  const encoded = to.request.encode(decoded.request, { model, facts: facts ?? GEMINI[model], quirks })
  const text = encoded.body.join('')
  return {
    body: JSON.parse(text),
    text,
    memo: encoded.memo,
    /** Readable: `dropped top_k`. */
    warnings: [...decoded.warnings, ...encoded.warnings].map(({ kind, field }) => `${kind} ${field}`),
  }
}

/** An Anthropic body as the generateContent body that it becomes. What the row does not say is filled in. */
export function toGemini(from: JsonObject, target: Target = {}) {
  const body = { model: 'claude-opus-5-5', max_tokens: 4096, messages: [user('Hi')], ...from }
  return translate(anthropic, gemini, body, { model: 'gemini-3.8-flash', ...target })
}

/** A generateContent body as the Anthropic body that it becomes. */
export function toClaude(from: JsonObject, target: Target = {}) {
  return translate(gemini, anthropic, { contents: [hi], ...from }, { model: 'claude-opus-5-5', ...target })
}

export interface RequestRow extends Target {
  name: string
  from: JsonObject
  /** A fragment of the body; lists, and all of the contents, are complete. */
  to?: Json
  /** Top-level fields that must not be there. */
  without?: string[]
  /** Warnings that must be there. */
  warns?: string[]
}

export function translates(way: typeof toGemini, rows: readonly RequestRow[]): void {
  it.each(rows)('$name', ({ from, to, without = [], warns = [], ...target }) => {
    const { body, warnings } = way(from, target)
    const { contents, ...rest } = to ?? {}
    expect(body).toMatchObject(rest)
    // Whole: a signature too many is a fault.
    if (contents !== undefined) expect(body.contents).toEqual(contents)
    for (const field of without) expect(body).not.toHaveProperty(field.split('.'))
    for (const warning of warns) expect(warnings).toContain(warning)
  })
}

export const said = (role: 'user' | 'model', ...parts: (string | JsonObject)[]) => ({
  role,
  parts: parts.map((part) => (typeof part === 'string' ? { text: part } : part)),
})
export const hi = said('user', 'Hi')
export const SKIP = 'skip_thought_signature_validator'
export const calls = (name: string, args: JsonObject = {}, more: JsonObject = {}) => ({
  functionCall: { name, args },
  ...more,
})
export const answers = (name: string, response: JsonObject, more: JsonObject = {}) => ({
  functionResponse: { name, response, ...more },
})
/** A call and its result for the tool `Bash`, as the rows of `translate.ts` have them. */
export const bash = (id: string, more: JsonObject = {}) => calls('Bash', { command: id }, more)
export const done = (output: string) => answers('Bash', { output })

// ==== Answers

/** Bytes of one API's stream as the events of the other's client; the grammar is checked on the way. */
function through(from: Protocol, to: Protocol, chunks: readonly Json[], memo: Memo): string {
  const decoder = from.stream.decoder(memo)
  const encoder = to.stream.encoder(CONTEXT)
  let wire = ''
  const write = (name: string, data: string) => (wire += sseText(name, data))
  const emit = stopAt(
    memo.enforceStop,
    checked((event) => encoder.push(event, write)),
  )
  const reader = framing.reader((frame) => decoder.push(frame, emit))
  for (const one of chunks) {
    const data = typeof one === 'string' ? one : JSON.stringify(one)
    reader.push(new TextEncoder().encode(sseText(typeof one === 'string' ? '' : (one.type ?? ''), data)))
  }
  reader.end()
  decoder.end(emit)
  return wire
}

/** Gemini's chunks as a Claude client gets them. */
export function forClaude(chunks: readonly Json[], memo: Memo = {}): ClientEvent[] {
  return dataOf(through(gemini, anthropic, chunks, memo)) as ClientEvent[]
}

/** Claude's events as a Gemini client gets them. */
export function forGemini(events: readonly Json[], memo: Memo = {}): Json[] {
  return dataOf(through(anthropic, gemini, events, memo))
}

/** A whole answer of Gemini's as a Claude client gets it. */
export function wholeForClaude(body: Json, memo: Memo = {}): Json {
  return anthropic.response.encode(
    collect((emit) => gemini.response.decode(body as JsonObject, memo, checked(emit))),
    CONTEXT,
  )
}

export function wholeForGemini(body: Json): Json {
  return gemini.response.encode(
    collect((emit) => anthropic.response.decode(body as JsonObject, {}, checked(emit))),
    CONTEXT,
  )
}

export interface StreamRow {
  name: string
  chunks: Json[]
  /** Between `message_start` and `message_stop`; a line an event. */
  events: string
  memo?: Memo
}

/** What a Claude client gets for Gemini's chunks. */
export function streams(rows: readonly StreamRow[]): void {
  it.each(rows)('$name', ({ chunks, events, memo }) => {
    const list = events.trim().split(/ *[|\n] */)
    const end = list.at(-1)!.startsWith('error') ? [] : ['message_stop']
    const got = gist(forClaude(chunks, memo)).map((line) => line.replace(/toolu_\w+/, 'toolu'))
    expect(got).toEqual(['message_start', ...list, ...end])
  })
}
