import { crc32 } from 'node:zlib'

/** One message of an AWS event stream. All headers of Bedrock's are strings. */
export interface EventMessage {
  headers: Record<string, string>
  payload: Uint8Array
}

export const AWS_EVENT_STREAM = 'application/vnd.amazon.eventstream'

const PRELUDE_LENGTH = 12
const CRC_LENGTH = 4
const STRING_TYPE = 7

/** Lengths, their CRC, headers, payload, CRC of all: https://smithy.io/2.0/aws/amazon-eventstream.html */
export function encodeMessage({ headers, payload }: EventMessage): Uint8Array {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)))
  const length = PRELUDE_LENGTH + head.length + payload.length + CRC_LENGTH
  const message = Buffer.alloc(length)
  message.writeUInt32BE(length, 0)
  message.writeUInt32BE(head.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  message.set(head, PRELUDE_LENGTH)
  message.set(payload, PRELUDE_LENGTH + head.length)
  message.writeUInt32BE(crc32(message.subarray(0, length - CRC_LENGTH)), length - CRC_LENGTH)
  return message
}

function encodeHeader(name: string, value: string): Uint8Array {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.from([STRING_TYPE]),
    length,
    bytes,
  ])
}

/**
 * The messages in a run of bytes.
 * @throws when a CRC is wrong or the last message is cut
 */
export function decodeMessages(bytes: Uint8Array): EventMessage[] {
  const buffer = Buffer.from(bytes)
  const messages: EventMessage[] = []
  for (let at = 0; at < buffer.length;) {
    const length = buffer.readUInt32BE(at)
    const message = buffer.subarray(at, at + length)
    if (message.length < length) throw new Error('The last message is cut.')
    if (message.readUInt32BE(8) !== crc32(message.subarray(0, 8))) throw new Error('Wrong CRC of a prelude.')
    const end = length - CRC_LENGTH
    if (message.readUInt32BE(end) !== crc32(message.subarray(0, end)))
      throw new Error('Wrong CRC of a message.')
    const headEnd = PRELUDE_LENGTH + message.readUInt32BE(4)
    messages.push({
      headers: decodeHeaders(message.subarray(PRELUDE_LENGTH, headEnd)),
      payload: message.subarray(headEnd, end),
    })
    at += length
  }
  return messages
}

function decodeHeaders(head: Buffer): Record<string, string> {
  const headers: [name: string, value: string][] = []
  for (let at = 0; at < head.length;) {
    const nameEnd = at + 1 + head.readUInt8(at)
    if (head.readUInt8(nameEnd) !== STRING_TYPE) throw new Error('A header is no string.')
    const valueStart = nameEnd + 3
    const valueEnd = valueStart + head.readUInt16BE(nameEnd + 1)
    headers.push([head.toString('utf8', at + 1, nameEnd), head.toString('utf8', valueStart, valueEnd)])
    at = valueEnd
  }
  // A header may be called __proto__, which an assignment would lose.
  return Object.fromEntries(headers)
}
