import { plainChunk, writeChunk as writeInner } from './aws-chunk.ts'
import { AwsMessageFramer, decodeText, encodeHeaders, readMessage, writeMessage } from './aws-message.ts'
import { FrameError } from './frame-error.ts'
import { EXCEPTION } from './framing.ts'
import type { Frame, FrameReader, Framing, FrameWriter } from './framing.ts'

const CONTENT_TYPE = 'application/vnd.amazon.eventstream'

/** Bedrock's ConverseStream: each message names its event, and its payload is the event's JSON. */
export const awsEvents: Framing = {
  id: 'aws-events',
  contentType: CONTENT_TYPE,
  reader: (onFrame) => new AwsReader(onFrame, readPlain),
  writer: () => eventWriter,
}

/**
 * Bedrock's InvokeModelWithResponseStream: the events of the model's own API, each as base64 in a message `chunk`.
 * A frame is the inner event, under the name that its `type` gives it.
 */
export const awsChunks: Framing = {
  id: 'aws-chunks',
  contentType: CONTENT_TYPE,
  reader: (onFrame) => new AwsReader(onFrame, readChunk),
  writer: () => chunkWriter,
}

// ==== Reading

/** An event as a frame; its payload is the bytes from `start` to `end`. */
type ReadEvent = (event: string, bytes: Uint8Array, start: number, end: number) => Frame

class AwsReader implements FrameReader {
  readonly #framer: AwsMessageFramer

  constructor(onFrame: (frame: Frame) => void, readEvent: ReadEvent) {
    this.#framer = new AwsMessageFramer((bytes, start, end) => {
      const { headers, payloadStart, payloadEnd } = readMessage(bytes, start, end)
      const type = headers.get(':message-type')
      if (type === 'error') return onFrame(errorFrame(headers))
      const exception = headers.get(':exception-type')
      if (type !== 'exception' && exception === undefined)
        return onFrame(readEvent(headers.get(':event-type') ?? '', bytes, payloadStart, payloadEnd))
      const data = decodeText(bytes, payloadStart, payloadEnd)
      onFrame({ event: EXCEPTION + (exception ?? 'unknown'), data })
    })
  }

  push(bytes: Uint8Array): void {
    this.#framer.push(bytes)
  }

  /** A message that was cut off is nothing; `isBetweenFrames` tells of it. */
  end(): void {}

  get isBetweenFrames(): boolean {
    return this.#framer.isBetweenMessages
  }
}

/** A failure of the service itself has no payload, only headers. */
function errorFrame(headers: ReadonlyMap<string, string>): Frame {
  const message = headers.get(':error-message') ?? ''
  return {
    event: EXCEPTION + (headers.get(':error-code') ?? 'unknown'),
    data: JSON.stringify({ message }),
  }
}

function readPlain(event: string, bytes: Uint8Array, start: number, end: number): Frame {
  return { event, data: decodeText(bytes, start, end) }
}

function readChunk(event: string, bytes: Uint8Array, start: number, end: number): Frame {
  if (event !== 'chunk') return readPlain(event, bytes, start, end)
  const data = plainChunk(bytes, start, end) ?? decodeBase64(innerBytes(decodeText(bytes, start, end)))
  return { event: innerType(data), data }
}

/** `{"bytes":"<base64>","p":"abc…"}`; the padding hides from eavesdroppers how long the model's words are. */
function innerBytes(payload: string): string {
  try {
    const { bytes } = JSON.parse(payload) as { bytes?: unknown }
    if (typeof bytes === 'string') return bytes
  } catch {
    // Told below.
  }
  throw new FrameError(`The stream has a chunk without bytes: ${payload.slice(0, 100)}`)
}

const LEADING_TYPE = /^\{"type":"([a-z_]+)"/

/** The last that was found: a stream repeats it thousands of times. */
let leadingText = ''
let leadingType = ''

/** Nearly every event begins with its type; only others are worth a parse. */
function innerType(data: string): string {
  if (leadingText !== '' && data.slice(0, leadingText.length) === leadingText) return leadingType
  const leading = LEADING_TYPE.exec(data)
  if (leading !== null) {
    leadingText = leading[0]
    leadingType = leading[1]!
    return leadingType
  }
  try {
    const type: unknown = (JSON.parse(data) as { type?: unknown } | null)?.type
    return typeof type === 'string' ? type : ''
  } catch {
    return ''
  }
}

const BEYOND_ASCII = /[^\0-\x7f]/

function decodeBase64(base64: string): string {
  let binary: string
  try {
    binary = atob(base64)
  } catch {
    throw new FrameError('The stream has a chunk that is not base64')
  }
  if (!BEYOND_ASCII.test(binary)) return binary
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return decodeText(bytes, 0, bytes.length)
}

// ==== Writing

const eventWriter: FrameWriter = { write: writeEvent, idle: '', end: () => '' }
const chunkWriter: FrameWriter = { write: writeChunk, idle: '', end: () => '' }

/** Names of events are a handful, and written thousands of times. */
const headersByEvent = new Map<string, Uint8Array>()
const HEADERS_KEPT_MAX = 64

function headersOf(event: string): Uint8Array {
  let headers = headersByEvent.get(event)
  if (headers !== undefined) return headers
  const isException = event.startsWith(EXCEPTION)
  headers = encodeHeaders({
    ...(isException ? { ':exception-type': event.slice(EXCEPTION.length) } : { ':event-type': event }),
    ':content-type': 'application/json',
    ':message-type': isException ? 'exception' : 'event',
  })
  if (headersByEvent.size < HEADERS_KEPT_MAX) headersByEvent.set(event, headers)
  return headers
}

function writeEvent(event: string, data: string): Uint8Array {
  return writeMessage(headersOf(event), data)
}

function writeChunk(event: string, data: string): Uint8Array {
  if (event.startsWith(EXCEPTION)) return writeEvent(event, data)
  if (event === 'error') return writeError(data)
  return writeInChunk(data)
}

function writeInChunk(data: string): Uint8Array {
  return writeInner(headersOf('chunk'), data)
}

/** What InvokeModelWithResponseStream can throw for the types of Claude's errors; all others are the model's. */
const EXCEPTION_BY_TYPE: ReadonlyMap<unknown, string> = new Map([
  ['invalid_request_error', 'validationException'],
  ['request_too_large', 'validationException'],
  ['not_found_error', 'validationException'],
  ['rate_limit_error', 'throttlingException'],
  ['overloaded_error', 'serviceUnavailableException'],
  ['timeout_error', 'modelTimeoutException'],
  ['api_error', 'internalServerException'],
])

/**
 * Claude's `error` event, as it is and then as the exception that a failure in mid-stream is on Bedrock: AWS's SDKs
 * look for the one, Anthropic's for both, and Claude Code 2.1 gives up at an exception but goes on after the event.
 */
function writeError(data: string): Uint8Array {
  const { type, message } = saidError(data)
  const name = EXCEPTION_BY_TYPE.get(type) ?? 'modelStreamErrorException'
  const told = JSON.stringify({ message: typeof message === 'string' ? message : data })
  const exception = writeEvent(EXCEPTION + name, told)
  if (type === undefined) return exception
  const event = writeInChunk(data)
  const bytes = new Uint8Array(event.length + exception.length)
  bytes.set(event)
  bytes.set(exception, event.length)
  return bytes
}

function saidError(data: string): { type?: unknown; message?: unknown } {
  try {
    return (JSON.parse(data) as { error?: { type?: unknown; message?: unknown } | null } | null)?.error ?? {}
  } catch {
    return {}
  }
}
