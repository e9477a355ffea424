import { crc32 } from './crc32.ts'
import { FrameError } from './frame-error.ts'

/**
 * Messages of `application/vnd.amazon.eventstream`, in bytes: a prelude (two lengths and their CRC), headers, a
 * payload, the CRC of all. https://smithy.io/2.0/aws/amazon-eventstream.html
 *
 * Our own and not `@smithy/eventstream-codec`: under Node that one loads `node:stream` and takes 35 ms of a start,
 * and it writes 200,000 messages a second where this one writes 800,000.
 */

/** Longest message that is accepted; AWS itself allows 24 MB, and no answer of a model comes near either. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** What a stream between two split messages may keep allocated: there are thousands of streams. */
const KEPT_BYTES = 16 * 1024

const PRELUDE_BYTES = 12
const CRC_BYTES = 4
const MESSAGE_BYTES_MIN = PRELUDE_BYTES + CRC_BYTES

/** Takes one message whose checksums are right: `bytes` from `start` to `end`, valid only during the call. */
export type OnMessage = (bytes: Uint8Array, start: number, end: number) => void

/** Cuts a stream of bytes into messages, however the bytes are sliced. One that comes whole is handed over in place. */
export class AwsMessageFramer {
  readonly #onMessage: OnMessage
  /** The start of a message whose end has not come, in the first `#pendingLength` bytes. */
  #pending = new Uint8Array(0)
  #pendingLength = 0

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage
  }

  /** Throws {@link FrameError} on bytes that are no such message; nothing more is to be given to it then. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#pendingLength > 0) {
        at = this.#complete(chunk, at)
        continue
      }
      const length = chunk.length - at < PRELUDE_BYTES ? undefined : messageLength(chunk, at)
      if (length === undefined || at + length > chunk.length) {
        this.#keep(chunk.subarray(at))
        return
      }
      this.#deliver(chunk, at, at + length)
      at += length
    }
  }

  get isBetweenMessages(): boolean {
    return this.#pendingLength === 0
  }

  /** Adds to the pending message what still belongs to it; returns where the next begins. */
  #complete(chunk: Uint8Array, at: number): number {
    const wanted = this.#pendingLength < PRELUDE_BYTES ? PRELUDE_BYTES : messageLength(this.#pending, 0)
    const end = Math.min(chunk.length, at + wanted - this.#pendingLength)
    this.#keep(chunk.subarray(at, end))
    // A prelude alone is no message, but shows at once whether it can be one.
    if (this.#pendingLength < PRELUDE_BYTES || this.#pendingLength < messageLength(this.#pending, 0))
      return end
    const length = this.#pendingLength
    this.#pendingLength = 0
    this.#deliver(this.#pending, 0, length)
    if (this.#pending.length > KEPT_BYTES) this.#pending = new Uint8Array(0)
    return end
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    if (crc32(bytes, start, end - CRC_BYTES) !== readUint32(bytes, end - CRC_BYTES))
      throw new FrameError('The stream has an event whose checksum is wrong')
    this.#onMessage(bytes, start, end)
  }

  /** Doubles, so that a message in many small chunks is copied a few times and not once a chunk. */
  #keep(part: Uint8Array): void {
    const needed = this.#pendingLength + part.length
    if (needed > this.#pending.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#pending.length))
      larger.set(this.#pending.subarray(0, this.#pendingLength))
      this.#pending = larger
    }
    this.#pending.set(part, this.#pendingLength)
    this.#pendingLength = needed
  }
}

/** The whole length that the prelude at `at` tells. Throws {@link FrameError} when it is no prelude. */
function messageLength(bytes: Uint8Array, at: number): number {
  const length = readUint32(bytes, at)
  if (length < MESSAGE_BYTES_MIN || crc32(bytes, at, at + 8) !== readUint32(bytes, at + 8))
    throw new FrameError('The stream has bytes that are no AWS event stream')
  if (length > MAX_MESSAGE_BYTES)
    throw new FrameError(`The stream has an event longer than ${MAX_MESSAGE_BYTES} bytes`)
  if (readUint32(bytes, at + 4) > length - MESSAGE_BYTES_MIN)
    throw new FrameError('The stream has an event whose headers are longer than itself')
  return length
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

// ==== Headers

const STRING = 7

/** Bytes of a header's value by its type; types 6 and 7 begin with their own length. */
const VALUE_BYTES: readonly number[] = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16]

/** The headers with text, by name, and where the payload lies. */
export interface AwsMessage {
  readonly headers: ReadonlyMap<string, string>
  readonly payloadStart: number
  readonly payloadEnd: number
}

/** Reads a message from {@link AwsMessageFramer}. Throws {@link FrameError} when its headers are none. */
export function readMessage(bytes: Uint8Array, start: number, end: number): AwsMessage {
  const headersStart = start + PRELUDE_BYTES
  const headersEnd = headersStart + readUint32(bytes, start + 4)
  return {
    headers: headersOf(bytes, headersStart, headersEnd),
    payloadStart: headersEnd,
    payloadEnd: end - CRC_BYTES,
  }
}

type Headers = ReadonlyMap<string, string>

/**
 * The last headers of each length. A stream repeats the same ones thousands of times: to compare the bytes takes a
 * tenth of reading them.
 */
const headersByLength: ({ bytes: Uint8Array; headers: Headers } | undefined)[] = Array.from({ length: 160 })

function headersOf(bytes: Uint8Array, start: number, end: number): Headers {
  const known = headersByLength[end - start]
  if (known !== undefined && hasAt(bytes, start, known.bytes)) return known.headers
  const headers = readHeaders(bytes, start, end)
  if (end - start < headersByLength.length)
    headersByLength[end - start] = { bytes: Uint8Array.from(bytes.subarray(start, end)), headers }
  return headers
}

/** Do these bytes stand at `start`? */
export function hasAt(bytes: Uint8Array, start: number, part: Uint8Array): boolean {
  for (let at = 0; at < part.length; at++) if (bytes[start + at] !== part[at]) return false
  return true
}

function readHeaders(bytes: Uint8Array, start: number, end: number): Headers {
  const headers = new Map<string, string>()
  let at = start
  while (at < end) {
    const nameEnd = at + 1 + bytes[at]!
    const type = bytes[nameEnd]!
    const fixed = VALUE_BYTES[type]
    const valueStart = nameEnd + (fixed === -1 ? 3 : 1)
    const length = fixed === -1 ? (bytes[nameEnd + 1]! << 8) | bytes[nameEnd + 2]! : (fixed ?? 0)
    if (fixed === undefined || valueStart + length > end)
      throw new FrameError('The stream has an event with malformed headers')
    if (type === STRING)
      headers.set(decodeText(bytes, at + 1, nameEnd), decodeText(bytes, valueStart, valueStart + length))
    at = valueStart + length
  }
  return headers
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The bytes as text. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start))
}

// ==== Writing

const encoder = new TextEncoder()

/** Headers with text, as they stand in a message. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Uint8Array {
  const parts = Object.entries(headers).map(
    ([name, value]) => [encoder.encode(name), encoder.encode(value)] as const,
  )
  const bytes = new Uint8Array(parts.reduce((sum, [name, value]) => sum + 4 + name.length + value.length, 0))
  let at = 0
  for (const [name, value] of parts) {
    bytes[at] = name.length
    bytes.set(name, at + 1)
    at += 1 + name.length
    bytes.set([STRING, value.length >> 8, value.length & 0xff], at)
    bytes.set(value, at + 3)
    at += 3 + value.length
  }
  return bytes
}

/** Longer messages get memory of their own. */
const SHARED_BYTES_MAX = 2 * 1024
/** As much as Node's pool of buffers: to take a piece of it costs a tenth of allocating one. */
const SHARED_BYTES = 8 * 1024
let shared = new Uint8Array(0)
let sharedUsed = 0

/** A message of these headers, from {@link encodeHeaders}, and this payload. */
export function writeMessage(headers: Uint8Array, payload: string): Uint8Array {
  const payloadStart = PRELUDE_BYTES + headers.length
  // No letter of a string takes more than three bytes.
  const lengthMax = payloadStart + 3 * payload.length + CRC_BYTES
  if (lengthMax > SHARED_BYTES_MAX) {
    const body = encoder.encode(payload)
    return writePayload(headers, body.length, (message, at) => message.set(body, at))
  }
  const message = roomFor(lengthMax)
  const { written } = encoder.encodeInto(payload, message.subarray(payloadStart))
  return complete(message.subarray(0, payloadStart + written + CRC_BYTES), headers)
}

/** A message of these headers and a payload of `length`, which `fill` writes at its place. */
export function writePayload(
  headers: Uint8Array,
  length: number,
  fill: (message: Uint8Array, at: number) => void,
): Uint8Array {
  const payloadStart = PRELUDE_BYTES + headers.length
  const message = roomFor(payloadStart + length + CRC_BYTES)
  fill(message, payloadStart)
  return complete(message, headers)
}

/** Nobody else's until it is completed, and then as much of it as the message has. */
function roomFor(length: number): Uint8Array {
  if (length > SHARED_BYTES_MAX) return new Uint8Array(length)
  if (sharedUsed + length > shared.length) {
    shared = new Uint8Array(SHARED_BYTES)
    sharedUsed = 0
  }
  return shared.subarray(sharedUsed, sharedUsed + length)
}

/** Puts around the payload what belongs there. */
function complete(message: Uint8Array, headers: Uint8Array): Uint8Array {
  writeUint32(message, 0, message.length)
  writeUint32(message, 4, headers.length)
  writeUint32(message, 8, crc32(message, 0, 8))
  message.set(headers, PRELUDE_BYTES)
  const crcStart = message.length - CRC_BYTES
  writeUint32(message, crcStart, crc32(message, 0, crcStart))
  if (message.buffer === shared.buffer) sharedUsed += message.length
  return message
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
