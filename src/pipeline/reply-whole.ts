import type { GatewayError } from '../message/error.ts'
import type { Call } from './call.ts'
import type { CallRecord } from './record.ts'
import { routingHeaders, withExtraFields } from './routing-facts.ts'
import { idHeader } from './upstream-headers.ts'

/** What a client gets in one piece. */
export interface WholeReply {
  status: number
  /** Made for this answer: more are added. */
  headers: Record<string, string | string[]>
  body: Buffer | string
}

/** Gives the client a whole answer. The row is written before: what a client saw end is in the journal. */
export function replyWhole(
  call: Call,
  record: CallRecord,
  { status, headers, body }: WholeReply,
  error?: GatewayError,
): void {
  const facts = record.routing()
  const told =
    call.isUnified && (call.operation === 'generate' || error !== undefined)
      ? withExtraFields(call, facts, { status, body, error })
      : body
  record.answer(told)
  record.end(status, error)
  call.reply.send(status, Object.assign(headers, routingHeaders(facts)), told)
}

/** Headers of an answer that is made here. */
export function jsonHeaders(call: Call): Record<string, string> {
  return { 'content-type': 'application/json', ...idHeader(call) }
}
