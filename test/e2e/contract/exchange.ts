import { readFileSync } from 'node:fs'

import type { Side } from '../../reliability/rig/rig.ts'
import { type Gateway, startGateway } from '../../support/gateway.ts'
import type { Json } from '../../support/provider/json.ts'
import type { RecordedRequest } from '../../support/provider/record.ts'
import type { Reply } from '../../support/provider/reply.ts'
import { type Provider, startProvider } from '../../support/provider/server.ts'

/** A gateway with a provider of each kind behind it. */
export interface Pair {
  provider: Provider
  gateway: Gateway
  close(): Promise<void>
}

/** The provider keys of a pair. No client may see one, nor a provider another's. */
export const KEYS = { anthropic: 'sk-ant-contract-4b1d9f0c', openai: 'sk-openai-contract-8c3e5a7d' }

/** Further names for models, in the configuration of a pair. */
export const ALIASES = { swift: 'claude-haiku-5-5', thrifty: 'gpt-5-mini' }

/** What else the configuration says. */
export interface PairOptions {
  client?: Record<string, unknown>
  virtualKeys?: unknown[]
  /** Of each provider. */
  network?: Record<string, unknown>
  /** A second key at each provider. */
  second?: string
}

export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const { client = {}, virtualKeys = [], network, second } = options
  const provider = await startProvider({ strict: false })
  const at = (value: string, aliases: Record<string, string>) => ({
    keys: [value, ...(second === undefined ? [] : [second])].map((key, index) => ({
      name: `k${index}`,
      value: key,
      models: ['*'],
      weight: 1,
      aliases,
    })),
    network_config: { base_url: provider.url, max_retries: 0, ...network },
  })
  const { swift, thrifty } = ALIASES
  const config = {
    client,
    providers: { anthropic: at(KEYS.anthropic, { swift }), openai: at(KEYS.openai, { thrifty }) },
    ...(virtualKeys.length > 0 && { governance: { virtual_keys: virtualKeys } }),
  }
  const gateway = await startGateway({ config })
  const close = async () => {
    await gateway.close()
    await provider.close()
  }
  return { provider, gateway, close }
}

/** What a client sends. A text goes as it is, anything else as JSON. */
export interface Asked {
  method?: string
  /** Behind the gateway's address. `/anthropic/v1/messages` unless told. */
  path?: string
  headers?: Record<string, string>
  body?: unknown
}

export interface Exchanged {
  status: number
  headers: Headers
  text: string
  /** What reached the provider for it. */
  seen: RecordedRequest[]
}

/** One request through the gateway. A reply is what the provider answers; without one it answers by itself. */
export async function exchange({ provider, gateway }: Pair, asked: Asked, reply?: Reply): Promise<Exchanged> {
  const before = provider.requests.length
  if (reply !== undefined) provider.reply(reply)
  const { body } = asked
  const answer = await fetch(gateway.url + (asked.path ?? '/anthropic/v1/messages'), {
    method: asked.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...asked.headers },
    redirect: 'manual',
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  const { status, headers } = answer
  return { status, headers, text, seen: provider.requests.slice(before) }
}

/** An exact answer of one piece. */
export const exactly = (body: string, headers: Reply['headers'] = {}, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  chunks: [body],
})

/** An exact stream. */
export const streamOf = (body: string, headers: Reply['headers'] = {}): Reply => ({ headers, chunks: [body] })

/** A short answer of a kind of upstream. */
export const shortAnswer = ({ wire, begin }: Side, stream = false, headers: Reply['headers'] = {}): Reply =>
  stream ? streamOf(begin('word') + wire.closing, headers) : exactly(wire.whole('word'), headers)

/** A request that Claude Code sent. */
export const captured = (name: string): string => readFileSync(`test/data/claude/${name}`, 'utf8')

/** The bytes that a provider got, as text. */
export const bodyOf = (request: RecordedRequest | undefined): string =>
  Buffer.from(request?.bodyBytes ?? []).toString()

/** The JSON of the events in a stream. */
export const eventsOf = (text: string): Json[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!))
