import { crc32 } from 'node:zlib'
import type { JsonObject } from './json.ts'
import type { Message } from './wire.ts'

/** The framing of https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html, which Bedrock uses too. */

/** Events by name; `exception/…` is an exception. */
export function eventStream(events: readonly [string, JsonObject][]): Message {
  return {
    status: 200,
    headers: { 'content-type': 'application/vnd.amazon.eventstream' },
    body: Buffer.concat(events.map(([name, body]) => frame(name, body))),
  }
}

function frame(name: string, body: JsonObject): Buffer {
  const headers = name.startsWith('exception/')
    ? [header(':message-type', 'exception'), header(':exception-type', name.slice('exception/'.length))]
    : [header(':message-type', 'event'), header(':event-type', name)]
  const head = Buffer.concat([...headers, header(':content-type', 'application/json')])
  const payload = Buffer.from(JSON.stringify(body))
  const length = 16 + head.length + payload.length
  const message = Buffer.alloc(length)
  message.writeUInt32BE(length, 0)
  message.writeUInt32BE(head.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  head.copy(message, 12)
  payload.copy(message, 12 + head.length)
  message.writeUInt32BE(crc32(message.subarray(0, length - 4)), length - 4)
  return message
}

/** A header of type 7, a string. */
function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(value.length)
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.of(7), length, Buffer.from(value)])
}

/** The events of a stream, with both checksums of each checked. */
export function readEventStream(bytes: Buffer): [string, JsonObject][] {
  const events: [string, JsonObject][] = []
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at)
    const message = bytes.subarray(at, at + length)
    if (message.readUInt32BE(8) !== crc32(message.subarray(0, 8))) throw new Error('prelude checksum')
    if (message.readUInt32BE(length - 4) !== crc32(message.subarray(0, length - 4)))
      throw new Error('message checksum')
    const headersEnd = 12 + message.readUInt32BE(4)
    const headers = readHeaders(message.subarray(12, headersEnd))
    const exception = headers[':exception-type']
    events.push([
      exception === undefined ? headers[':event-type']! : `exception/${exception}`,
      JSON.parse(message.toString('utf8', headersEnd, length - 4)),
    ])
    at += length
  }
  return events
}

function readHeaders(bytes: Buffer): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let at = 0; at < bytes.length;) {
    const nameEnd = at + 1 + bytes[at]!
    const name = bytes.toString('utf8', at + 1, nameEnd)
    if (bytes[nameEnd] !== 7) throw new Error(`header ${name} is no string`)
    const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1)
    headers[name] = bytes.toString('utf8', nameEnd + 3, valueEnd)
    at = valueEnd
  }
  return headers
}
