/**
 * Ids and pseudonyms without clock, chance or Node APIs: the same input gives the same id, so that a replayed
 * conversation keeps its bytes (and its prompt cache), and a user's id never leaves the gateway readable.
 */
import { base64ToText, textToBase64 } from '../../lib/base64.ts'
import { RecentMap } from '../../lib/recent-map.ts'

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/**
 * Every turn asks again for its user, its session and, for some providers, each call of the history, at 5 µs a
 * hash. Up to 2,000 are kept, of texts that are no longer than ids are.
 */
const hashes = new RecentMap<string, string>(1_000)
const KEPT_MAX_LENGTH = 512

/** `length` (at most 40) letters and digits that stand for the text: SHA-256, base 62. Not reversible. */
export function shortHash(text: string, length: number): string {
  if (text.length > KEPT_MAX_LENGTH) return computeHash(text, length)
  const key = `${length} ${text}`
  let hash = hashes.get(key)
  if (hash === undefined) hashes.set(key, (hash = computeHash(text, length)))
  return hash
}

function computeHash(text: string, length: number): string {
  let number = 0n
  for (const word of sha256(new TextEncoder().encode(text))) number = (number << 32n) | BigInt(word >>> 0)
  let hash = ''
  while (hash.length < length) {
    hash += LETTERS[Number(number % 62n)]
    number /= 62n
  }
  return hash
}

const ESCAPE = 'sbxid_'
const PORTABLE = /^[a-zA-Z0-9_-]+$/

/**
 * A tool call's id as every client accepts it. Anthropic refuses ids outside `[a-zA-Z0-9_-]` (Kimi's are
 * `functions.Bash:0`), and Kimi wants its own back: such ids travel escaped, and {@link originalCallId} undoes it.
 */
export function portableCallId(id: string): string {
  if (PORTABLE.test(id) && !id.startsWith(ESCAPE)) return id
  return ESCAPE + textToBase64(id).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The id that {@link portableCallId} was given; any other id as it is. */
export function originalCallId(id: string): string {
  return (id.startsWith(ESCAPE) ? base64ToText(id.slice(ESCAPE.length)) : undefined) ?? id
}

/** The id as an API takes it that refuses longer ones. */
export function shortCallId(id: string, mostLetters: number): string {
  const original = originalCallId(id)
  const fits = original !== '' && original.length <= mostLetters
  return fits ? original : `call_${shortHash(original, 24)}`
}

/**
 * The id under which the client gets an upstream's call: the upstream's own, unless that is missing or `taken` by
 * this conversation. Some servers count from `call_0` in every answer, and a client that keys on ids would mix up
 * its results.
 */
export function freshCallId(
  upstreamId: string,
  responseId: string,
  ordinal: number,
  taken: ReadonlySet<string> | undefined,
): string {
  const portable = portableCallId(upstreamId)
  if (upstreamId !== '' && taken?.has(portable) !== true) return portable
  return `toolu_${shortHash(`${responseId} ${taken?.size ?? 0} ${ordinal} ${upstreamId}`, 24)}`
}

/** Round constants: the first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4). */
const ROUNDS = rootFractions(64, 3)
/** The same of the square roots of the first 8 primes. */
const START = rootFractions(8, 2)

function rootFractions(count: number, root: 2 | 3): Uint32Array {
  const words = new Uint32Array(count)
  for (let found = 0, candidate = 2; found < count; candidate++) {
    if (!isPrime(candidate)) continue
    const value = root === 2 ? Math.sqrt(candidate) : Math.cbrt(candidate)
    words[found++] = Math.floor((value - Math.floor(value)) * 2 ** 32)
  }
  return words
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false
  return true
}

/** SHA-256 (FIPS 180-4). The Web Crypto API has it only as a promise, and codecs are synchronous. */
export function sha256(bytes: Uint8Array): Uint32Array {
  const blocks = new DataView(padded(bytes).buffer)
  const state = Uint32Array.from(START)
  const schedule = new Uint32Array(64)
  for (let offset = 0; offset < blocks.byteLength; offset += 64) {
    for (let i = 0; i < 16; i++) schedule[i] = blocks.getUint32(offset + i * 4)
    compress(state, schedule)
  }
  return state
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64)
  whole.set(bytes)
  whole[bytes.length] = 0x80
  const view = new DataView(whole.buffer)
  view.setUint32(whole.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(whole.length - 4, bytes.length << 3)
  return whole
}

function compress(state: Uint32Array, schedule: Uint32Array): void {
  for (let i = 16; i < 64; i++) {
    const early = schedule[i - 15]!
    const late = schedule[i - 2]!
    const small0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const small1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    schedule[i] = schedule[i - 16]! + small0 + schedule[i - 7]! + small1
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  for (let i = 0; i < 64; i++) {
    const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const first = (h + big1 + ((e & f) ^ (~e & g)) + ROUNDS[i]! + schedule[i]!) | 0
    const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  const mixed = [a, b, c, d, e, f, g, h]
  for (let i = 0; i < 8; i++) state[i] = state[i]! + mixed[i]!
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}
