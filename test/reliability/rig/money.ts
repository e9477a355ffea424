import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Agent, request } from 'undici'

import type { CallRow } from '../../../src/stores/logs/port.ts'
import { type Directive, directiveText } from '../../support/provider/directive.ts'
import type { LedgerEntry } from '../../support/provider/ledger.ts'
import type { InProcessGateway } from './in-process.ts'

// ==== Prices

/** A model that no catalogue knows. */
export const OWN_MODEL = 'own-model'

/** Nano-dollars a token. */
export const PRICES: Readonly<Record<string, { in: number; cache_read: number; out: number }>> = {
  'claude-opus-5-5': { in: 4_000, cache_read: 200, out: 20_000 },
  'claude-haiku-4-5': { in: 1_000, cache_read: 100, out: 5_000 },
  'gpt-5': { in: 1_250, cache_read: 125, out: 10_000 },
  'gpt-5-mini': { in: 250, cache_read: 25, out: 2_000 },
  [OWN_MODEL]: { in: 5_000, cache_read: 5_000, out: 1_500 },
  'gemini-2.5-flash': { in: 300, cache_read: 30, out: 2_500 },
}

/** What the provider asks for one answer, in nano-dollars. */
export function priceOf({ model, tokens }: Pick<LedgerEntry, 'model' | 'tokens'>): number {
  const price = PRICES[model]
  if (price === undefined) throw new Error(`no price for ${model}`)
  return tokens.in * price.in + tokens.cache_read * price.cache_read + tokens.out * price.out
}

/** What the provider asks for all of it. */
export const invoice = (entries: Iterable<LedgerEntry>): number => sumOf(entries, priceOf)

export function sumOf<Value>(values: Iterable<Value>, amount: (value: Value) => number): number {
  let total = 0
  for (const value of values) total += amount(value)
  return total
}

/** The sum of the log rows' costs. Throws where a row has none. */
export function logged(rows: Iterable<CallRow>): number {
  return sumOf(rows, ({ id, cost }) => {
    if (cost === undefined || cost.nanodollars === null) throw new Error(`row ${id} has no cost`)
    return cost.nanodollars
  })
}

// ==== The provider's own ledger

/** A file that a provider can sync before each chunk: in memory where the system has a place there. */
export function ledgerFile(name: string): string {
  const path = join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `signalbox-${name}-${process.pid}.jsonl`)
  rmSync(path, { force: true })
  return path
}

/** The last state of each entry. */
export function readLedger(path: string): LedgerEntry[] {
  const entries = new Map<number, LedgerEntry>()
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const entry = JSON.parse(line) as LedgerEntry
    entries.set(entry.id, entry)
  }
  return [...entries.values()]
}

// ==== Callers

/** An API that clients speak. */
export interface ClientApi {
  name: 'Messages' | 'Chat' | 'Responses' | 'Gemini'
  path: (model: string, stream: boolean) => string
  body: (model: string, text: string, stream: boolean, maxTokens: number | undefined) => object
  /** Only a stream that came to its end has it. */
  end: RegExp
}

export const APIS: readonly ClientApi[] = [
  {
    name: 'Messages',
    path: () => '/anthropic/v1/messages',
    body: (model, content, stream, max_tokens) => ({
      model,
      max_tokens,
      stream,
      messages: [{ role: 'user', content }],
    }),
    end: /event: message_stop/,
  },
  {
    name: 'Chat',
    path: () => '/openai/v1/chat/completions',
    body: (model, content, stream, max_completion_tokens) => ({
      model,
      max_completion_tokens,
      stream,
      ...(stream && { stream_options: { include_usage: true } }),
      messages: [{ role: 'user', content }],
    }),
    end: /data: \[DONE\]/,
  },
  {
    name: 'Responses',
    path: () => '/openai/v1/responses',
    body: (model, input, stream, max_output_tokens) => ({ model, max_output_tokens, stream, input }),
    end: /event: response\.completed/,
  },
  {
    name: 'Gemini',
    path: (model, stream) =>
      `/genai/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: (_model, text, _stream, maxOutputTokens) => ({
      contents: [{ role: 'user', parts: [{ text }] }],
      generationConfig: { maxOutputTokens },
    }),
    end: /"finishReason"/,
  },
]

export const apiOf = (name: ClientApi['name']): ClientApi => APIS.find((api) => api.name === name)!

/** The model that each API's own provider has. */
export const NATIVE_MODEL: Readonly<Record<ClientApi['name'], string>> = {
  Messages: 'claude-opus-5-5',
  Chat: 'gpt-5',
  Responses: 'gpt-5',
  Gemini: 'gemini-2.5-flash',
}

export interface Asked {
  api: ClientApi
  model?: string
  stream?: boolean
  /** 2,000 unless told. */
  maxTokens?: number | 'unsaid'
  virtualKey?: string
  directive?: Directive
  /** In place of the directive. */
  text?: string
  headers?: Record<string, string>
}

export interface Answered {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

const agent = new Agent({ connections: 256, bodyTimeout: 0, headersTimeout: 0 })

/** One call, to the end of its answer. Status 0: the connection broke. */
export async function ask(url: string, asked: Asked): Promise<Answered> {
  const { path, body, headers } = requestOf(asked)
  try {
    const answer = await request(url + path, { method: 'POST', body, headers, dispatcher: agent })
    const text = await answer.body.text()
    return { status: answer.statusCode, headers: answer.headers, text }
  } catch {
    return { status: 0, headers: {}, text: '' }
  }
}

export function requestOf({
  api,
  model = NATIVE_MODEL[api.name],
  stream = false,
  maxTokens = 2_000,
  virtualKey,
  directive = {},
  text = directiveText(directive),
  headers = {},
}: Asked): { path: string; body: string; headers: Record<string, string> } {
  return {
    path: api.path(model, stream),
    body: JSON.stringify(api.body(model, text, stream, maxTokens === 'unsaid' ? undefined : maxTokens)),
    headers: {
      'content-type': 'application/json',
      ...(virtualKey !== undefined && { 'x-bf-vk': virtualKey }),
      ...headers,
    },
  }
}

// ==== The gateway

/** For a gateway that learns nothing of failing providers: between any two failures it believes to be half an hour. */
export function leapingClock(): () => number {
  let nowMs = 0
  return () => (nowMs += 1_800_000)
}

/** Anthropic, OpenAI and Gemini at one address, each with one key. */
export function providersAt(
  url: string,
  network: Record<string, unknown> = {},
): Record<'anthropic' | 'openai' | 'gemini', Record<string, unknown>> {
  const at = (name: string, base_url: string) => ({
    keys: [{ name, value: `sk-${name}`, models: ['*'], weight: 1 }],
    network_config: { base_url, ...network },
  })
  return { anthropic: at('a1', url), openai: at('o1', url), gemini: at('g1', `${url}/v1beta`) }
}

/** A virtual key with its value and a budget of a month. */
export function keyWithBudget(id: string, limit: number | string, more: Record<string, unknown> = {}) {
  return {
    id,
    name: id,
    value: `sk-bf-${id}`,
    budget: { id: `budget-${id}`, max_limit: limit, reset_duration: '1M' },
    ...more,
  }
}

export function dollars(nanodollars: number): string {
  return `${Math.floor(nanodollars / 1e9)}.${String(nanodollars % 1e9).padStart(9, '0')}`
}

/** Where the budget of an id stands. */
export function balanceOf({ ledger, ...gateway }: InProcessGateway, id: string) {
  const { budgets, rateLimits } = gateway.configuration().governance
  const account = budgets.get(id) ?? rateLimits.get(id)
  if (account === undefined) throw new Error(`no account ${id}`)
  return ledger.balance(account)
}

/** Everything that is held of any budget or limit. */
export function reserved({ ledger, ...gateway }: InProcessGateway): number {
  const { budgets, rateLimits } = gateway.configuration().governance
  return sumOf([...budgets.values(), ...rateLimits.values()], (each) => ledger.balance(each).reserved)
}
