import { setImmediate as nextTick } from 'node:timers/promises'

import type { Conversation } from './conversation.ts'
import type { Exchange } from './exchange.ts'
import { type Fault, type FaultBook, type StreamPlan, planStream } from './faults.ts'
import type { Ledger, LedgerEntry } from './ledger.ts'
import { pause } from './parts.ts'
import type { Generation, Operation, ProviderProtocol, Refusal, StreamEvent, Tokens } from './protocol.ts'
import { type Answer, decide } from './script.ts'

const HANG_MS = 600_000
const SLOW_HEADERS_MS = 3_000

/** What outlives a request. */
export interface Context {
  faults: FaultBook
  ledger: Ledger
  /** Whether the answer is produced and billed to its end even when the client has left. */
  finishes: boolean
}

/** Lets the scripted model answer, with the fault that the script asks for. */
export async function generate(
  exchange: Exchange,
  protocol: ProviderProtocol,
  operation: Operation,
  { faults, ledger, finishes }: Context,
): Promise<void> {
  const { record } = exchange
  const conversation = protocol.read(record.body, operation)
  const answer = decide(conversation)
  const fault = faults.take(answer, record.path)
  record.answer = answer
  if (answer.directive?.nonce) record.nonce = answer.directive.nonce
  if (fault) record.fault = fault.kind
  const headers = protocol.responseHeaders()

  if (fault?.kind === 'status') return sendStatus(exchange, protocol, operation, fault, headers)
  if (fault?.kind === 'html') {
    return exchange.send(200, { 'content-type': 'text/html' }, '<html><body>A proxy in between</body></html>')
  }
  if (fault?.kind === 'slow_headers') await pause(fault.ms ?? SLOW_HEADERS_MS, exchange.gone)

  const tokens = countTokens(record.bodyBytes.length, answer)
  const { body } = record
  const generation: Generation = { operation, body, conversation, answer, tokens, ...(fault && { fault }) }
  const entry = ledger.open(record.id, protocol.name, conversation.model, { ...tokens, out: 0, thinking: 0 })
  exchange.bill(entry)
  if (!wantsStream(conversation, fault)) {
    entry.tokens = tokens
    return exchange.send(
      200,
      { 'content-type': 'application/json', ...headers },
      JSON.stringify(protocol.reply(generation)),
    )
  }
  exchange.head(200, {
    'content-type': protocol.streamType(operation),
    'cache-control': 'no-cache',
    ...headers,
  })
  const events = protocol.events(generation)
  const plan = planStream(events, generation, protocol)
  await sendStream(exchange, plan, events.length, protocol, generation, entry, finishes)
}

/** The error that a fault asks for, as this provider would say it. */
export function sendStatus(
  exchange: Exchange,
  protocol: ProviderProtocol,
  operation: Operation,
  fault: Fault,
  headers: Record<string, string>,
) {
  const status = fault.status ?? 500
  const message = fault.message ?? `Scripted status ${status}`
  const refusal: Refusal = { status, message, ...(fault.type && { type: fault.type }) }
  const body = fault.raw ?? JSON.stringify(protocol.error(refusal, operation))
  const retryAfter: Record<string, string> =
    fault.retry_after === undefined ? {} : { 'retry-after': String(fault.retry_after) }
  exchange.send(
    status,
    {
      'content-type': 'application/json',
      ...headers,
      ...protocol.errorHeaders?.(refusal),
      ...retryAfter,
      ...fault.headers,
    },
    body,
  )
}

const wantsStream = (conversation: Conversation, fault?: Fault) =>
  conversation.stream && fault?.kind !== 'json_for_stream'

async function sendStream(
  exchange: Exchange,
  plan: StreamPlan,
  /** Events of the whole answer, of which a fault may leave some out. */
  total: number,
  protocol: ProviderProtocol,
  generation: Generation,
  entry: LedgerEntry,
  finishes: boolean,
): Promise<void> {
  const { delay_ms = 0, split = 0 } = generation.answer.directive ?? {}
  let produced = 0
  const send = async (events: StreamEvent[]) => {
    for (const event of events) {
      entry.tokens = producedSoFar(generation.tokens, Math.min(1, ++produced / total))
      const sent = await writeSplit(exchange, Buffer.from(event.bytes as Uint8Array), split)
      if (!sent && !finishes) return false
      if (delay_ms > 0)
        await (finishes ? pause(delay_ms, new AbortController().signal) : pause(delay_ms, exchange.gone))
    }
    return !exchange.gone.aborted
  }
  if (!(await send(plan.events))) return
  if (plan.ending === 'reset') return exchange.reset()
  if (plan.ending === 'hang') {
    await hang(exchange, protocol, generation.fault)
    if (generation.fault?.resume && !(await send(plan.rest))) return
  }
  if (!exchange.gone.aborted) exchange.end()
}

async function hang(
  exchange: Exchange,
  protocol: ProviderProtocol,
  fault: Fault = { kind: 'hang' },
): Promise<void> {
  const until = Date.now() + (fault.hang_ms ?? HANG_MS)
  const { keepAlive } = protocol
  const beat = keepAlive && fault.ping === 'comment' ? ': keep-alive\n\n' : keepAlive
  while (Date.now() < until && !exchange.gone.aborted) {
    const left = until - Date.now()
    await pause(fault.ping_ms ? Math.min(fault.ping_ms, left) : left, exchange.gone)
    if (beat && fault.ping_ms && Date.now() < until) await exchange.write(Buffer.from(beat))
  }
}

/** Writes `split` bytes at a time, each in a packet of its own as far as the system lets it. */
async function writeSplit(exchange: Exchange, bytes: Uint8Array, split: number): Promise<boolean> {
  if (split <= 0) return exchange.write(bytes)
  for (let at = 0; at < bytes.length; at += split) {
    if (!(await exchange.write(bytes.subarray(at, at + split)))) return false
    await nextTick()
  }
  return true
}

/** About four bytes a token, unless the script says how many of each kind. Thoughts are a part of the output. */
function countTokens(bodyLength: number, { blocks, directive }: Answer): Tokens {
  const size = (list: Answer['blocks']) => Math.ceil(JSON.stringify(list).length / 4)
  const thoughts = blocks.filter((block) => block.type === 'thinking')
  const { out = size(blocks), ...usage } = directive?.usage ?? {}
  return {
    in: Math.max(1, Math.ceil(bodyLength / 4)),
    out,
    cache_read: 0,
    cache_write: 0,
    thinking: thoughts.length > 0 ? Math.min(size(thoughts), out) : 0,
    ...usage,
  }
}

const producedSoFar = (tokens: Tokens, share: number): Tokens => ({
  ...tokens,
  out: Math.ceil(tokens.out * share),
  thinking: Math.ceil(tokens.thinking * share),
})
