/**
 * V8 keeps a string in one byte a letter, or in two as soon as a single letter of it is wider than Latin-1, and
 * is then three to ten times slower at whatever it does with it. One dash in a system prompt of Claude Code does
 * that to a whole body: to decode and parse 100 KB takes 320 µs, and 140 with the dash as an escape, which means
 * the same to a parser.
 */
import { isAscii } from 'node:buffer'
import type { SetAside } from './set-aside.ts'

/** Beyond so many wide places, or so long a one, the text is in another script: two bytes a letter are right for it. */
const WIDE_RUNS_MAX = 256
const WIDE_RUN_MAX_BYTES = 48
/** `\uXXXX` for two bytes at least. */
const GROWTH_MAX = 3
/** A letter beyond U+FFFF is two for JavaScript, and four bytes. */
const BYTES_PER_LETTER_MAX = 3
/** Kept for the next body: fresh memory of this size costs more than what is written into it. */
const SCRATCH_MAX_BYTES = 4 * 1024 * 1024
const BACKSLASH = 0x5c

let scratch = Buffer.alloc(0)

/** Text that a JSON parser reads as it would the body, which is valid UTF-8; in narrow letters if that is cheap. */
export function readJsonText(body: Buffer): string {
  if (isAscii(body)) return body.toString('latin1')
  return escapeWide(body) ?? body.toString('utf8')
}

/**
 * The bytes of a text in pieces, with what was set aside of it. A buffer for each piece would take 30 µs for 100 KB,
 * and this takes 12.
 */
export function writeJsonText(pieces: readonly string[], texts?: SetAside): Buffer {
  const whole = texts === undefined ? pieces : restored(pieces, texts)
  let most = 0
  for (const piece of whole) most += bytesAtMost(piece)
  if (most > SCRATCH_MAX_BYTES)
    return Buffer.concat(whole.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)))
  reserve(most, 0)
  let to = 0
  for (const piece of whole)
    to += typeof piece === 'string' ? scratch.write(piece, to) : piece.copy(scratch, to)
  return Buffer.from(scratch.subarray(0, to))
}

function restored(pieces: readonly string[], texts: SetAside): readonly (string | Buffer)[] {
  const whole: (string | Buffer)[] = []
  for (const piece of pieces) texts.restore(piece, whole)
  return whole
}

function bytesAtMost(piece: string | Buffer): number {
  return typeof piece === 'string' ? piece.length * BYTES_PER_LETTER_MAX : piece.length
}

function escapeWide(body: Buffer): string | undefined {
  if (body.length > SCRATCH_MAX_BYTES) return undefined
  let from = 0
  let to = 0
  for (let runs = 0, start = wideStart(body, 0); start !== -1; start = wideStart(body, from)) {
    // A backslash before the run would escape the escape; it is an error that the parser should see.
    if (++runs > WIDE_RUNS_MAX || body[start - 1] === BACKSLASH) return undefined
    const end = wideEnd(body, start)
    if (end - start > WIDE_RUN_MAX_BYTES) return undefined
    reserve(to + (start - from) + GROWTH_MAX * (end - start), to)
    to += body.copy(scratch, to, from, start)
    to += scratch.write(escapes(body.toString('utf8', start, end)), to, 'latin1')
    from = end
  }
  reserve(to + body.length - from, to)
  to += body.copy(scratch, to, from)
  return scratch.toString('latin1', 0, to)
}

/** The first byte from `from` on that is not ASCII; -1 when there is none. Bisects with a check of native speed. */
function wideStart(body: Buffer, from: number): number {
  if (isAscii(body.subarray(from))) return -1
  let start = from
  let end = body.length
  while (end - start > 16) {
    const middle = (start + end) >> 1
    if (isAscii(body.subarray(start, middle))) start = middle
    else end = middle
  }
  while (body[start]! < 0x80) start++
  return start
}

function wideEnd(body: Buffer, start: number): number {
  let end = start
  while (end < body.length && end - start <= WIDE_RUN_MAX_BYTES && body[end]! >= 0x80) end++
  return end
}

function escapes(text: string): string {
  let escaped = ''
  for (let at = 0; at < text.length; at++)
    escaped += `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
  return escaped
}

/** Makes room for `size` bytes, of which the first `used` are kept. */
function reserve(size: number, used: number): void {
  if (size <= scratch.length) return
  const larger = Buffer.allocUnsafeSlow(2 * size)
  scratch.copy(larger, 0, 0, used)
  scratch = larger
}
