import { randomUUID } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import Anthropic from '@anthropic-ai/sdk'

import type { CallRow } from '../../../src/stores/logs/port.ts'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import type { Part, Parts } from '../../support/provider/parts.ts'
import { type RawRequest, type RawUpstream, startRawUpstream } from '../../support/provider/raw.ts'
import { type Provider, startProvider } from '../../support/provider/server.ts'
import { rowsOf } from './log-rows.ts'
import { RawCall, type RawOptions } from './raw-call.ts'
import { CHAT, CLAUDE, CLAUDE_BLOCK, type Wire } from './wires.ts'

/** The two kinds of upstream that a Claude client is served by, and how each is addressed in a rig. */
export interface Side {
  side: 'native' | 'translated'
  wire: Wire
  /** A model of the scripted provider. */
  model: string
  /** The same at the upstream of raw bytes. */
  rawModel: string
  /** The same with two keys, at the scripted provider. */
  pairModel: string
  /** The first words of an answer, with what opens them. */
  begin: (words: string) => string
}

export const SIDES: Side[] = [
  {
    side: 'native',
    wire: CLAUDE,
    model: 'claude-opus-5-5',
    rawModel: 'raw-anthropic/claude-opus-5-5',
    pairModel: 'pair-anthropic/claude-opus-5-5',
    begin: (words) => CLAUDE.opening + CLAUDE_BLOCK + CLAUDE.text(words),
  },
  {
    side: 'translated',
    wire: CHAT,
    model: 'openai/gpt-5',
    rawModel: 'raw-openai/gpt-5',
    pairModel: 'pair-openai/gpt-5',
    begin: (words) => CHAT.opening + CHAT.text(words),
  },
]

/** Secrets of the rig. None of them may turn up anywhere but in a request to its own provider. */
export const SECRETS = {
  anthropic: 'sk-ant-canary-4b1d9f0c2e7a',
  openai: 'sk-openai-canary-8c3e5a7d1b90',
  raw: 'sk-raw-canary-1f6b8d2a4c9e',
  first: 'sk-first-canary-7a9c1e3b5d20',
  second: 'sk-second-canary-2d4f6b8a0c1e',
}

type Script = (request: RawRequest, attempt: number) => Parts

export interface RigOptions {
  /** Merged into the `network_config` of every provider. */
  network?: Record<string, unknown>
  /** Further providers, by name, for the addresses of the scripted provider and of the raw upstream. */
  providers?: (url: string, rawUrl: string) => Record<string, unknown>
  /** `client` of the configuration. */
  client?: Record<string, unknown>
  virtualKeys?: unknown[]
  /** Answers requests only with these models; see the scripted provider. */
  strict?: boolean
  /** Flags of Node for the gateway's process. */
  nodeOptions?: string
}

/** A gateway, a scripted provider behind it, and an upstream of raw bytes beside that. */
export class Rig {
  readonly provider: Provider
  readonly gateway: Gateway
  readonly raw: RawUpstream
  readonly #scripts: Map<string, Script>

  private constructor(provider: Provider, raw: RawUpstream, gateway: Gateway, scripts: Map<string, Script>) {
    this.provider = provider
    this.raw = raw
    this.gateway = gateway
    this.#scripts = scripts
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    const scripts = new Map<string, Script>()
    const attempts = new Map<string, number>()
    const provider = await startProvider({ strict: options.strict ?? false })
    const raw = await startRawUpstream((request) => {
      const nonce = /case-[\w-]+/.exec(Buffer.from(request.body).toString('latin1'))?.[0] ?? ''
      const attempt = (attempts.get(nonce) ?? 0) + 1
      attempts.set(nonce, attempt)
      return scripts.get(nonce)?.(request, attempt) ?? ['close']
    })
    const config = {
      client: options.client ?? {},
      providers: providersOf(provider.url, raw.url, options),
      ...(options.virtualKeys && { governance: { virtual_keys: options.virtualKeys } }),
    }
    const { nodeOptions } = options
    const env: Record<string, string> = nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }
    const gateway = await startGateway({ config, env })
    return new Rig(provider, raw, gateway, scripts)
  }

  async close(): Promise<void> {
    await this.gateway.close()
    await this.provider.close()
    await this.raw.close()
  }

  /** What the raw upstream sends for the requests of a case. */
  script(nonce: string, script: Script | Part[]): void {
    this.#scripts.set(nonce, typeof script === 'function' ? script : () => script)
  }

  /** A call over a socket of its own. */
  call(body: unknown, options: RawOptions = {}): RawCall {
    const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
    return new RawCall(this.gateway.url, { path: '/anthropic/v1/messages', ...options, body: text })
  }

  /** The official SDK, without retries of its own. */
  sdk(session: string): Anthropic {
    return new Anthropic({
      baseURL: `${this.gateway.url}/anthropic`,
      apiKey: 'placeholder',
      maxRetries: 0,
      defaultHeaders: { 'x-claude-code-session-id': session },
    })
  }

  rows(session: string, count = 1): Promise<CallRow[]> {
    return rowsOf(this.gateway.appDir, session, count)
  }

  /** The one row of a session. */
  async row(session: string): Promise<CallRow> {
    const rows = await this.rows(session)
    if (rows.length !== 1) throw new Error(`Session ${session} has ${rows.length} rows, expected 1.`)
    return rows[0]!
  }
}

function providersOf(
  url: string,
  rawUrl: string,
  { network, providers }: RigOptions,
): Record<string, unknown> {
  const key = (name: string, value: string) => ({ name, value, models: ['*'], weight: 1 })
  const at = (base_url: string, keys: unknown[], base_provider_type?: string) => ({
    keys,
    network_config: { base_url, ...network },
    ...(base_provider_type && { custom_provider_config: { base_provider_type } }),
  })
  const pair = [key('first', SECRETS.first), key('second', SECRETS.second)]
  return {
    anthropic: at(url, [key('a1', SECRETS.anthropic)]),
    openai: at(url, [key('o1', SECRETS.openai)]),
    'raw-anthropic': at(rawUrl, [key('r1', SECRETS.raw)], 'anthropic'),
    'raw-openai': at(rawUrl, [key('r1', SECRETS.raw)], 'openai'),
    'pair-anthropic': at(url, pair, 'anthropic'),
    'pair-openai': at(url, pair, 'openai'),
    ...providers?.(url, rawUrl),
  }
}

/** A word that finds a case's requests and rows again. */
export const newCase = (): string => `case-${randomUUID()}`

/** The smallest request that the Messages API takes. */
export const ask = (model: string, content: string, more: Record<string, unknown> = {}) => ({
  model,
  max_tokens: 1_000,
  messages: [{ role: 'user' as const, content }],
  ...more,
})

/** Headers that put a call into a session of the log. */
export const inSession = (session: string) => ({ 'x-claude-code-session-id': session })

// ==== HTTP of a raw upstream

export const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_up1\r\ntransfer-encoding: chunked\r\n\r\n'

export const chunked = (text: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(text as Uint8Array)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

export const LAST_CHUNK = '0\r\n\r\n'

/** A whole answer with its length. */
export const measured = (body: string, type = 'application/json', status = '200 OK', more = ''): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`

// ==== The gateway's process

export function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}

/** For a gateway that runs with these `nodeOptions`: see the file. */
export const TELLS_MEMORY = `--require ${join(import.meta.dirname, 'tell-memory.cjs')}`

/** Memory that the gateway's objects and buffers have, after a collection of garbage. */
export async function heldBytes(gateway: Gateway): Promise<number> {
  const before = gateway.stderr().length
  process.kill(gateway.pid, 'SIGUSR2')
  for (;;) {
    const told = /held (\d+) bytes\n/.exec(gateway.stderr().slice(before))
    if (told !== null) return Number(told[1])
    await sleep(5)
  }
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
