import { explained } from '../admin/explain.ts'
import type { ExplainAnswerSources } from '../admin/explain.ts'
import type { ExplanationView } from '../admin/explain-view.ts'
import { GatewayError } from '../message/error.ts'
import { explanationText } from './explain-text.ts'
import { FlagError, readFlags } from './flags.ts'
import { printableJson } from './printable.ts'

/** What the command reaches outside itself through. */
export interface ExplainSurroundings {
  /** The settings, the ledger and the log of the app dir that the flag or the default names. */
  open: (appDir: string | undefined) => Promise<LocalSources>
  /** Asks a running gateway. */
  post: (url: URL, body: Uint8Array) => Promise<{ status: number; text: string }>
  /** A file; `-`: the standard input. */
  read: (path: string) => Promise<Uint8Array>
  write: (text: string) => void
}

export interface LocalSources extends ExplainAnswerSources {
  close: () => void
}

export const EXPLAIN_HELP = `Says where a call would go and why, and what it may cost. Sends nothing.

Usage: signalbox explain -request file.json     {"path": "/anthropic/v1/messages", "headers": {}, "body": {}}
       signalbox explain -id <call>             a call of the log, if its body was kept
       signalbox explain -model <model>         a small request for this model

  -request  file with the request as its client would send it; - for the standard input
  -id       id of a past call, as "signalbox logs -json" shows it
  -model    model of a small request
  -path     path of the small request, with {model} where its API has it  (default /anthropic/v1/messages)
  -session  session of the small request
  -key      whose call it is: name or id of a virtual key, never its value
  -url      ask the gateway that runs there, which knows what is in flight
  -json     the answer of POST /api/explain
  -app-dir  where the configuration, the ledger and the log are  (default ~/.config/signalbox)

With -url, a gateway that has an administrator wants a token in SIGNALBOX_ADMIN_TOKEN.
`

const NAMES = ['request', 'id', 'model', 'path', 'session', 'key', 'url', 'app-dir']

/** `signalbox explain`. Throws {@link FlagError}, and what `explained` throws. */
export async function explain(args: readonly string[], on: ExplainSurroundings): Promise<void> {
  const given = readFlags(args, NAMES, ['json', 'help', 'h'])
  if (args.length === 0 || given.has('help') || given.has('h')) return on.write(EXPLAIN_HELP)
  const request = await requestOf(given, on)
  const url = given.get('url')
  const view =
    url === undefined
      ? await askHere(request, given.get('app-dir') || undefined, on)
      : await askThere(urlOf(url), request, on)
  on.write(given.get('json') === 'true' ? `${printableJson(view, 2)}\n` : explanationText(view))
}

async function askHere(
  request: Uint8Array,
  appDir: string | undefined,
  on: ExplainSurroundings,
): Promise<ExplanationView> {
  const sources = await on.open(appDir)
  try {
    const view = await explained(request, sources)
    return {
      ...view,
      assumptions: [
        ...view.assumptions,
        ...(isBound(view) ? [OF_THE_DISK] : []),
        ...(view.plan.length > 0 ? [OF_NOBODY] : []),
      ],
    }
  } finally {
    sources.close()
  }
}

const OF_THE_DISK =
  'Balances are those of ledger.db: the last moments and calls in flight are not in it. With -url, the gateway that runs is asked.'

const OF_NOBODY =
  'Which keys failed lately, how many requests are under way and where sessions went on, a gateway that runs knows alone: ask it with -url.'

function isBound({ plan }: ExplanationView): boolean {
  return plan.some(({ limits }) => limits.length > 0)
}

async function askThere(url: URL, request: Uint8Array, on: ExplainSurroundings): Promise<ExplanationView> {
  const { status, text } = await on.post(new URL('/api/explain', url), request)
  if (status === 200) return JSON.parse(text) as ExplanationView
  throw new Error(`${url.host} answers with status ${status}: ${messageIn(text)}`)
}

function messageIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } }
    if (typeof error?.message === 'string') return error.message
  } catch {
    // It is no gateway.
  }
  return 'this is no answer of a gateway'
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url
  throw new FlagError(`-url: found "${text}", expected an address such as http://localhost:8080`)
}

// ==== The request

async function requestOf(given: ReadonlyMap<string, string>, on: ExplainSurroundings): Promise<Uint8Array> {
  const ways = ['request', 'id', 'model'].filter((name) => given.has(name))
  if (ways.length !== 1) {
    const found = ways.length === 0 ? 'none of them' : ways.map((name) => `-${name}`).join(' and ')
    throw new FlagError(`found ${found}, expected one of -request, -id and -model`)
  }
  const alien = ['path', 'session'].find((name) => given.has(name) && ways[0] !== 'model')
  if (alien !== undefined)
    throw new FlagError(`-${alien}: found it with -${ways[0]}, expected it with -model`)
  const key = given.get('key')
  if (ways[0] === 'request') return withKey(await fileOf(given.get('request')!, on), key)
  const asked = ways[0] === 'id' ? { id: given.get('id') } : smallRequest(given)
  return Buffer.from(JSON.stringify({ ...asked, ...(key !== undefined && { virtual_key: key }) }))
}

async function fileOf(path: string, on: ExplainSurroundings): Promise<Uint8Array> {
  try {
    return await on.read(path)
  } catch (error) {
    throw new FlagError(`-request: ${path} cannot be read (${(error as Error).message}).`)
  }
}

/** Put in front, so that the bytes of the body stay as they are. */
function withKey(request: Uint8Array, key: string | undefined): Uint8Array {
  if (key === undefined) return request
  const text = Buffer.from(request).toString('utf8')
  const rest = text.trimStart()
  if (!rest.startsWith('{')) throw new GatewayError('invalid_request', '-request: expected a JSON object.')
  const others = rest.slice(1)
  return Buffer.from(
    `{"virtual_key":${JSON.stringify(key)}${others.trimStart().startsWith('}') ? '' : ','}${others}`,
  )
}

function smallRequest(given: ReadonlyMap<string, string>): object {
  const model = given.get('model')!
  const path = (given.get('path') ?? '/anthropic/v1/messages').replace('{model}', encodeURIComponent(model))
  const session = given.get('session')
  const headers = session === undefined ? {} : { 'x-bf-session-id': session }
  const [, form] = BODIES.find(([ending]) => ending.test(path)) ?? []
  return { path, headers, body: form?.(model) ?? { model, max_tokens: 1024, messages: [HELLO] } }
}

const HELLO = { role: 'user', content: 'Hello' }

/** The least that each API takes, where it is not messages. */
const BODIES: readonly (readonly [RegExp, (model: string) => object])[] = [
  [/\/responses$/, (model) => ({ model, input: 'Hello' })],
  [/\/embeddings$/, (model) => ({ model, input: 'Hello' })],
  [/enerateContent$/, () => ({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] })],
  [/\/converse(?:-stream)?$/, () => ({ messages: [{ role: 'user', content: [{ text: 'Hello' }] }] })],
  [/\/chat(?:\/completions)?$/, (model) => ({ model, messages: [HELLO] })],
]
