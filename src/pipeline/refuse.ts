import type { GatewayError } from '../message/error.ts'
import type { Call } from './call.ts'
import type { CallRecord } from './record.ts'
import { jsonHeaders, replyWhole } from './reply-whole.ts'
import { answerHeaders } from './upstream-headers.ts'

/**
 * Tells the client of a failure, in its own protocol. An upstream's error of the same protocol goes on as it
 * came, status, headers and body: agents match its exact words. After the first byte there is nothing to add:
 * the relay has written the failure into the stream.
 */
export function refuse(call: Call, record: CallRecord, error: GatewayError): void {
  const { reply, protocol } = call
  if (reply.committed || reply.closed) return record.end(reply.committed ? 200 : error.status, error)
  const { upstream } = error.details
  const own = (call.endpoint.dialect?.encodeError ?? protocol.error.encode)(error, call.id)
  const native = record.isNative && upstream?.body !== undefined && upstream.headers !== undefined
  const status = native ? upstream.status : own.status
  const headers = native ? answerHeaders(upstream.headers!, call) : { ...jsonHeaders(call), ...own.headers }
  const body = native ? upstream.body! : JSON.stringify(own.body)
  replyWhole(call, record, { status, headers, body }, error)
}
