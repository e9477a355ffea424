import type { RequestSigns } from '../rules/request-class.ts'
import type { Span } from '../wire/json-scan.ts'
import type { Call } from './call.ts'
import type { InboundRequest } from './read-request.ts'

/** So much of a field tells what it is. */
const FIELD_MAX_BYTES = 4 * 1024
/** A last message that is an instruction. */
const LAST_MESSAGE_BYTES = 16 * 1024
const CONVERSATIONS = ['messages', 'input', 'contents']

/** The marks of a request, read in its bytes where a rule asks for them. */
export function signsOf(call: Call, request: InboundRequest): RequestSigns {
  const { body, fields } = request
  const endOf = ({ start, end }: Span, maxBytes: number) => Math.min(end, start + maxBytes)
  return {
    operation: call.operation,
    path: call.path,
    header: (name) => call.headers[name],
    field(name, maxBytes = FIELD_MAX_BYTES) {
      const span = fields.get(name)
      return span && body.toString('latin1', span.start, endOf(span, maxBytes))
    },
    fieldHas(name, text) {
      const span = fields.get(name)
      return span !== undefined && body.subarray(span.start, endOf(span, FIELD_MAX_BYTES)).includes(text)
    },
    bodyHas: (text) => body.includes(text),
    lastMessageHas: (text) =>
      CONVERSATIONS.some((name) => {
        const span = fields.get(name)
        if (span === undefined) return false
        const start = Math.max(span.start, span.end - LAST_MESSAGE_BYTES)
        return body.subarray(start, span.end).includes(text)
      }),
  }
}
