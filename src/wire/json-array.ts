import { FrameError } from './frame-error.ts'
import type { Frame, FrameReader, FrameWriter, Framing } from './framing.ts'
import { MAX_FRAME_BYTES } from './sse.ts'

/**
 * A stream as one JSON array that grows, each element an event: `[{…}\n,\r\n{…}\n]`. Google's APIs stream so unless
 * they are asked for server-sent events with `alt=sse`.
 */
export const jsonArray: Framing = {
  id: 'json-array',
  contentType: 'application/json; charset=utf-8',
  reader: (onFrame) => new JsonArrayReader(onFrame),
  writer: () => new JsonArrayWriter(),
}

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

class JsonArrayReader implements FrameReader {
  readonly #onFrame: (frame: Frame) => void
  #place: 'before' | 'between' | 'inside' | 'after' = 'before'
  /** Objects and lists that are open inside the element. */
  #depth = 0
  #inString = false
  #escaped = false
  /** Bytes of the element that came in earlier chunks. */
  #pending: Uint8Array[] = []
  #pendingLength = 0

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  push(bytes: Uint8Array): void {
    let start = 0
    for (let at = 0; at < bytes.length; at++) {
      if (this.#place !== 'inside') {
        if (this.#step(bytes[at]!)) start = at
      } else if (this.#endsElement(bytes[at]!)) {
        this.#deliver(bytes.subarray(start, at + 1))
      }
    }
    if (this.#place === 'inside') this.#keep(bytes.slice(start))
  }

  /** An array that was cut off has no end; its elements so far are whole. */
  end(): void {
    this.#pending = []
  }

  get isBetweenFrames(): boolean {
    return this.#place !== 'inside'
  }

  /** A byte between elements. True: it begins one. */
  #step(byte: number): boolean {
    if (isSpace(byte)) return false
    if (this.#place === 'before' && byte === OPEN_BRACKET) this.#place = 'between'
    else if (this.#place === 'between' && byte === CLOSE_BRACKET) this.#place = 'after'
    else if (this.#place === 'between' && byte === OPEN_BRACE) {
      this.#place = 'inside'
      this.#depth = 1
      return true
    } else if (this.#place !== 'between' || byte !== COMMA) throw new FrameError(unexpected(byte))
    return false
  }

  #endsElement(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) this.#inString = false
      return false
    }
    if (byte === QUOTE) this.#inString = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) return --this.#depth === 0
    return false
  }

  #deliver(last: Uint8Array): void {
    this.#place = 'between'
    this.#checkLength(last.length)
    const decoder = new TextDecoder()
    let data = ''
    for (const part of this.#pending) data += decoder.decode(part, { stream: true })
    data += decoder.decode(last)
    this.#pending = []
    this.#pendingLength = 0
    this.#onFrame({ event: '', data })
  }

  #keep(part: Uint8Array): void {
    this.#checkLength(part.length)
    this.#pending.push(part)
    this.#pendingLength += part.length
  }

  #checkLength(more: number): void {
    if (this.#pendingLength + more > MAX_FRAME_BYTES)
      throw new FrameError(`The stream has an element longer than ${MAX_FRAME_BYTES} bytes`)
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function unexpected(byte: number): string {
  return `The stream is no JSON array of objects: it has ${JSON.stringify(String.fromCharCode(byte))} where an element was to begin`
}

class JsonArrayWriter implements FrameWriter {
  #begun = false

  write(_event: string, data: string): string {
    if (this.#begun) return `\n,\r\n${data}`
    this.#begun = true
    return `[${data}`
  }

  /** White space, which may stand between two elements; clients look for the bracket in the very first byte. */
  get idle(): string {
    return this.#begun ? '\n' : ''
  }

  end(): string {
    return this.#begun ? '\n]' : '[]'
  }
}
