/**
 * Server-sent events (WHATWG HTML, section 9.2), push style and synchronous: bytes in, frames out by callback.
 *
 * A frame is a block of lines up to and with its blank line. Native streams are forwarded untouched and only
 * need to know where frames end and which event they are, so finding, naming and decoding are three steps.
 * Uint8Array only, for every runtime; a Buffer works the same, and its indexOf is a memchr.
 */

import { FrameError } from './frame-error.ts'

/** Longest frame that is accepted. An event can carry a whole generated image in base64. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024

/** What a stream between two split frames may keep allocated: there are thousands of streams. */
const KEPT_BYTES = 16 * 1024

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const LINE_END = Uint8Array.of(LINE_FEED)

/**
 * Takes one frame: `bytes` from `start` to `end`, valid only during the call. Lines end in LF, whatever the
 * stream uses. `truncated`: the stream ended before the frame's blank line. The standard discards such a
 * frame, but some providers end so after `data: [DONE]`.
 */
export type OnFrame = (bytes: Uint8Array, start: number, end: number, truncated: boolean) => void

/** The stream has a frame longer than the limit; the framer takes nothing more. */
export class SseFrameTooLongError extends FrameError {
  override readonly name = 'SseFrameTooLongError'
  readonly maxFrameBytes: number

  constructor(maxFrameBytes: number) {
    super(`The stream has an event longer than ${maxFrameBytes} bytes`)
    this.maxFrameBytes = maxFrameBytes
  }
}

/**
 * Cuts a stream of bytes into frames, however the bytes are sliced. A frame that comes whole in one chunk,
 * which is nearly every one, is handed over in place; a split one is collected first.
 */
export class SseFramer {
  readonly #onFrame: OnFrame
  readonly #maxFrameBytes: number
  /** The start of a frame whose end has not come, in the first `#pendingLength` bytes. */
  #pending = new Uint8Array(0)
  #pendingLength = 0
  /** The next byte is the first of its line. */
  #lineEmpty = true
  /** The last byte was a CR, which has ended its line: an LF next to it ends no other. */
  #skipLineFeed = false
  /** A frame has been found: the time for a byte order mark is over. */
  #started = false
  #overflowed = false

  constructor(onFrame: OnFrame, maxFrameBytes: number = MAX_FRAME_BYTES) {
    this.#onFrame = onFrame
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Throws {@link SseFrameTooLongError}, and again on every call after. */
  push(chunk: Uint8Array): void {
    if (this.#overflowed) throw new SseFrameTooLongError(this.#maxFrameBytes)
    if (chunk.length === 0) return
    if (this.#skipLineFeed || chunk.indexOf(CARRIAGE_RETURN) !== -1) this.#pushMixed(chunk)
    else this.#pushLines(chunk)
    if (this.#pendingLength > this.#maxFrameBytes) this.#overflow()
    if (this.#pendingLength === 0 && this.#pending.length > KEPT_BYTES) this.#pending = new Uint8Array(0)
  }

  /** The bytes so far are whole frames. */
  get isBetweenFrames(): boolean {
    return this.#pendingLength === 0
  }

  /** The stream has ended: hands over what is left, as truncated. */
  end(): void {
    if (this.#pendingLength > 0) this.#deliver(this.#pending, 0, this.#pendingLength, true)
    this.#pendingLength = 0
  }

  /** All lines end in LF: hop from one to the next. */
  #pushLines(chunk: Uint8Array): void {
    let frameStart = 0
    let at = 0
    while (at < chunk.length) {
      const lineFeed = chunk.indexOf(LINE_FEED, at)
      if (lineFeed === -1) break
      const blank = lineFeed === 0 ? this.#lineEmpty : chunk[lineFeed - 1] === LINE_FEED
      at = lineFeed + 1
      if (!blank) continue
      if (this.#pendingLength === 0) this.#deliver(chunk, frameStart, at, false)
      else {
        this.#keep(chunk.subarray(frameStart, at))
        this.#deliver(this.#pending, 0, this.#pendingLength, false)
        this.#pendingLength = 0
      }
      frameStart = at
    }
    if (frameStart < chunk.length) this.#keep(chunk.subarray(frameStart))
    this.#lineEmpty = chunk[chunk.length - 1] === LINE_FEED
  }

  /** Some line ends in CR or CRLF, as all of Gemini's do: an LF stands in for each of them. */
  #pushMixed(chunk: Uint8Array): void {
    let at = this.#skipLineFeed && chunk[0] === LINE_FEED ? 1 : 0
    this.#skipLineFeed = false
    while (at < chunk.length) {
      const found = chunk.indexOf(CARRIAGE_RETURN, at)
      const lineEnd = found === -1 ? chunk.length : found
      if (at < lineEnd) this.#pushLines(chunk.subarray(at, lineEnd))
      if (found === -1) return
      this.#pushLines(LINE_END)
      at = found + 1
      if (chunk[at] === LINE_FEED) at++
      else this.#skipLineFeed = at === chunk.length
    }
  }

  #keep(part: Uint8Array): void {
    this.#reserve(part.length)
    this.#pending.set(part, this.#pendingLength)
    this.#pendingLength += part.length
  }

  /** Doubles, so that a frame in many small chunks is copied a few times and not once a chunk. */
  #reserve(length: number): void {
    const needed = this.#pendingLength + length
    if (needed <= this.#pending.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#pending.length))
    larger.set(this.#pending.subarray(0, this.#pendingLength))
    this.#pending = larger
  }

  #deliver(bytes: Uint8Array, start: number, end: number, truncated: boolean): void {
    if (end - start > this.#maxFrameBytes) this.#overflow()
    if (!this.#started) {
      this.#started = true
      if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) start += 3
    }
    // A blank line with nothing before it is no frame.
    while (start < end && bytes[start] === LINE_FEED) start++
    if (start < end) this.#onFrame(bytes, start, end, truncated)
  }

  #overflow(): never {
    this.#overflowed = true
    this.#pending = new Uint8Array(0)
    this.#pendingLength = 0
    throw new SseFrameTooLongError(this.#maxFrameBytes)
  }
}

export interface SseFrame {
  /** Empty when the frame names none. */
  event: string
  data: string
  id?: string
}

/**
 * Decodes a frame from {@link SseFramer}. Undefined when it has no data line, and so is no event: a comment
 * that keeps the connection open, a `retry`. Bytes that are not UTF-8 read as U+FFFD, as the standard says.
 */
export function readFrame(bytes: Uint8Array, start: number, end: number): SseFrame | undefined {
  let event = ''
  let data: string | undefined
  let id: string | undefined
  for (let line = start; line < end;) {
    if (bytes[line] === LINE_FEED) {
      line++
      continue
    }
    const lineEnd = endOfLine(bytes, line, end)
    let value = valueStart(bytes, line, lineEnd, 'data')
    if (value !== -1) {
      const text = decode(bytes, value, lineEnd)
      data = data === undefined ? text : `${data}\n${text}`
    } else if ((value = valueStart(bytes, line, lineEnd, 'event')) !== -1) {
      event = eventName(bytes, value, lineEnd)
    } else if ((value = valueStart(bytes, line, lineEnd, 'id')) !== -1) {
      const text = decode(bytes, value, lineEnd)
      if (!text.includes('\0')) id = text
    }
    line = lineEnd + 1
  }
  if (data === undefined) return undefined
  return id === undefined ? { event, data } : { event, data, id }
}

/**
 * An object that stands where a frame's fields should be; undefined for every frame as it should be. Gemini, when it
 * sheds load inside of a stream, writes its error so behind the events, and ends.
 */
export function readBareJson(bytes: Uint8Array, start: number, end: number): SseFrame | undefined {
  return bytes[start] === OPEN_BRACE ? { event: '', data: decode(bytes, start, end) } : undefined
}

/** The event name of a frame from {@link SseFramer}, its data left alone; empty when it names none. */
export function frameEvent(bytes: Uint8Array, start: number, end: number): string {
  let event = ''
  for (let line = start; line < end;) {
    if (bytes[line] === LINE_FEED) {
      line++
      continue
    }
    const lineEnd = endOfLine(bytes, line, end)
    const value = valueStart(bytes, line, lineEnd, 'event')
    if (value !== -1) event = eventName(bytes, value, lineEnd)
    line = lineEnd + 1
  }
  return event
}

function endOfLine(bytes: Uint8Array, start: number, end: number): number {
  const lineFeed = bytes.indexOf(LINE_FEED, start)
  return lineFeed === -1 || lineFeed > end ? end : lineFeed
}

/** Where the value starts in a line of the field `name`; -1 in any other line. */
function valueStart(bytes: Uint8Array, line: number, lineEnd: number, name: string): number {
  const nameEnd = line + name.length
  if (nameEnd > lineEnd) return -1
  if (!isAt(bytes, line, name)) return -1
  if (nameEnd === lineEnd) return lineEnd
  if (bytes[nameEnd] !== COLON) return -1
  return nameEnd + 1 < lineEnd && bytes[nameEnd + 1] === SPACE ? nameEnd + 2 : nameEnd + 1
}

// A BOM inside of the stream is text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function decode(bytes: Uint8Array, start: number, end: number): string {
  // The constructor and not bytes.subarray, which on a Buffer takes 70 ns more.
  return decoder.decode(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start))
}

/**
 * The last event name of each length. A stream repeats a dozen names thousands of times: to compare the bytes
 * takes 30 ns, to decode them 140.
 */
const namesByLength: (string | undefined)[] = Array.from({ length: 48 })

function eventName(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  const known = namesByLength[length]
  if (known !== undefined && isAt(bytes, start, known)) return known
  const name = decode(bytes, start, end)
  if (length < namesByLength.length && name.length === length) namesByLength[length] = name
  return name
}

function isAt(bytes: Uint8Array, start: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text.charCodeAt(at)) return false
  return true
}
