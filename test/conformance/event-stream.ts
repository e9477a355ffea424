import { AWS_EVENT_STREAM, decodeMessages, encodeMessage } from '../support/provider/aws-event-stream.ts'
import type { JsonObject } from './json.ts'
import type { Message } from './wire.ts'

/** Events by name; `exception/…` is an exception. */
export function eventStream(events: readonly [string, JsonObject][]): Message {
  const messages = events.map(([name, body]) =>
    encodeMessage({ headers: headersOf(name), payload: Buffer.from(JSON.stringify(body)) }),
  )
  return { status: 200, headers: { 'content-type': AWS_EVENT_STREAM }, body: Buffer.concat(messages) }
}

function headersOf(name: string): Record<string, string> {
  const type = { ':content-type': 'application/json' }
  return name.startsWith('exception/')
    ? { ...type, ':message-type': 'exception', ':exception-type': name.slice('exception/'.length) }
    : { ...type, ':message-type': 'event', ':event-type': name }
}

/** The events of a stream, with both checksums of each checked. */
export function readEventStream(bytes: Buffer): [string, JsonObject][] {
  return decodeMessages(bytes).map(({ headers, payload }) => {
    const exception = headers[':exception-type']
    const name = exception === undefined ? headers[':event-type']! : `exception/${exception}`
    return [name, JSON.parse(Buffer.from(payload).toString('utf8'))]
  })
}
