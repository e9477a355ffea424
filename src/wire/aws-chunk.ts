import { decodeText, hasAt, writePayload } from './aws-message.ts'

const QUOTE = 0x22
const CLOSE_BRACE = 0x7d
const OPENING = bytesOf('{"bytes":"')
const PADDING = bytesOf(',"p":"')

/** The scratch of all streams; what is longer is rare, and none of its time goes to how it is read. */
const scratch = new Uint8Array(16 * 1024)

const LETTERS = bytesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
/** Of each letter of base64 its six bits, of every other byte -1. */
const BITS = new Int32Array(256).fill(-1)
LETTERS.forEach((letter, bits) => {
  BITS[letter] = bits
})
const PAD = 0x3d

/**
 * The text in a chunk as AWS writes it: `{"bytes":"<base64>"}` or `{"bytes":"<base64>","p":"abc…"}`. Undefined: it
 * may be another, and has to be parsed. Out of the bytes themselves, because to make text of them, parse that, and
 * make bytes of what was in it takes three times as long.
 */
export function plainChunk(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (!hasAt(bytes, start, OPENING)) return undefined
  const from = start + OPENING.length
  const to = bytes.indexOf(QUOTE, from)
  if (to === -1 || !isEnd(bytes, to + 1, end)) return undefined
  const length = decodeBase64(bytes, from, to)
  return length === undefined ? undefined : decodeText(scratch, 0, length)
}

/** Nothing follows but the padding. */
function isEnd(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[end - 1] !== CLOSE_BRACE) return false
  if (start === end - 1) return true
  if (!hasAt(bytes, start, PADDING) || bytes[end - 2] !== QUOTE) return false
  let at = start + PADDING.length
  while (at < end - 2 && BITS[bytes[at]!]! >= 0) at++
  return at === end - 2
}

/** Into the scratch. How many bytes it was; undefined where it is none, or not written as usual. */
function decodeBase64(bytes: Uint8Array, start: number, end: number): number | undefined {
  const letters = end - start
  if (letters % 4 !== 0 || letters > scratch.length || letters === 0) return undefined
  const pads = bytes[end - 1] !== PAD ? 0 : bytes[end - 2] !== PAD ? 1 : 2
  const whole = pads === 0 ? end : end - 4
  let out = 0
  for (let at = start; at < whole; at += 4) {
    const bits = bitsOf(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!)
    if (bits < 0) return undefined
    scratch[out++] = bits >> 16
    scratch[out++] = bits >> 8
    scratch[out++] = bits
  }
  if (pads === 0) return out
  const third = pads === 1 ? bytes[end - 2]! : ZERO
  const bits = bitsOf(bytes[whole]!, bytes[whole + 1]!, third, ZERO)
  if (bits < 0) return undefined
  scratch[out++] = bits >> 16
  if (pads === 1) scratch[out++] = bits >> 8
  return out
}

/** The letter whose bits are zero. */
const ZERO = 0x41

/** Negative where one is no letter of base64. */
function bitsOf(first: number, second: number, third: number, fourth: number): number {
  return (BITS[first]! << 18) | (BITS[second]! << 12) | (BITS[third]! << 6) | BITS[fourth]!
}

const encoder = new TextEncoder()

/** A message of these headers with `{"bytes":"<base64>"}` of the text. */
export function writeChunk(headers: Uint8Array, text: string): Uint8Array {
  const inner = 3 * text.length > scratch.length ? encoder.encode(text) : scratch
  const length = inner === scratch ? encoder.encodeInto(text, scratch).written : inner.length
  return writePayload(headers, OPENING.length + 4 * Math.ceil(length / 3) + 2, (message, at) => {
    message.set(OPENING, at)
    const end = encodeBase64(inner, length, message, at + OPENING.length)
    message[end] = QUOTE
    message[end + 1] = CLOSE_BRACE
  })
}

/** The first `length` of `bytes`, into `target` from `at` on; returns where it ends. */
function encodeBase64(bytes: Uint8Array, length: number, target: Uint8Array, at: number): number {
  const whole = length - (length % 3)
  let out = at
  for (let from = 0; from < whole; from += 3) {
    const bits = (bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!
    target[out++] = LETTERS[bits >> 18]!
    target[out++] = LETTERS[(bits >> 12) & 0x3f]!
    target[out++] = LETTERS[(bits >> 6) & 0x3f]!
    target[out++] = LETTERS[bits & 0x3f]!
  }
  if (whole === length) return out
  const hasTwo = length - whole === 2
  const bits = (bytes[whole]! << 16) | (hasTwo ? bytes[whole + 1]! << 8 : 0)
  target[out++] = LETTERS[bits >> 18]!
  target[out++] = LETTERS[(bits >> 12) & 0x3f]!
  target[out++] = hasTwo ? LETTERS[(bits >> 6) & 0x3f]! : PAD
  target[out++] = PAD
  return out
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}
