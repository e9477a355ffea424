import type { RequestSigns } from '../rules/request-class.ts'
import type { TraitSigns } from '../rules/request-traits.ts'
import type { Call } from './call.ts'
import type { InboundRequest } from './read-request.ts'

/** So much of a field tells what it is. */
const FIELD_MAX_BYTES = 4 * 1024
/** A last message that is an instruction. */
const LAST_MESSAGE_BYTES = 16 * 1024
const CONVERSATIONS = ['messages', 'input', 'contents']

/** The marks of a request, read in its bytes where a rule asks for them. */
export function signsOf(call: Call, request: InboundRequest): RequestSigns & TraitSigns {
  const { body, fields } = request
  return {
    operation: call.operation,
    path: call.path,
    header: (name) => call.headers[name],
    field(name) {
      const span = fields.get(name)
      return span && body.toString('latin1', span.start, Math.min(span.end, span.start + FIELD_MAX_BYTES))
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
