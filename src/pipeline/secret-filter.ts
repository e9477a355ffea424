import type { ProviderKey } from '../stores/config/configuration.ts'
import type { AnswerHeaders } from '../wire/egress.ts'

const REDACTED = '[redacted]'

/** A shorter word could stand in any answer. */
const SECRET_MIN_LENGTH = 8

const LINE_FEED = 0x0a
const EMPTY = Buffer.alloc(0)

/**
 * Takes a provider key out of an upstream's answer, however its bytes are sliced. Providers and relays echo the key
 * in the text of their errors, in headers and inside streams; it must not reach the client, the log or a page. An
 * answer without the key, so nearly every one, goes through as it is.
 */
export class SecretFilter {
  readonly #text: string
  readonly #secret: Buffer
  /** The end of what has come, where it may be the beginning of the secret. */
  #held = EMPTY

  constructor(secret: string) {
    this.#text = secret.length < SECRET_MIN_LENGTH ? '' : secret
    this.#secret = Buffer.from(this.#text)
  }

  headers(headers: AnswerHeaders): AnswerHeaders {
    if (this.#text === '' || !this.#tells(headers)) return headers
    const clean = (value: string) => value.replaceAll(this.#text, REDACTED)
    const entries = Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? clean(value) : value.map(clean),
    ])
    return Object.fromEntries(entries) as AnswerHeaders
  }

  #tells(headers: AnswerHeaders): boolean {
    for (const name in headers) {
      const value = headers[name]!
      const isTold =
        typeof value === 'string' ? value.includes(this.#text) : value.some((one) => one.includes(this.#text))
      if (isTold) return true
    }
    return false
  }

  /** The bytes without the secret; fewer, when the end of them has to wait for the next. */
  push(chunk: Buffer): Buffer {
    if (this.#text === '') return chunk
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = EMPTY
    if (bytes.includes(this.#secret)) bytes = this.#clean(bytes)
    const rest = bytes.length - this.#beginning(bytes)
    if (rest === bytes.length) return bytes
    this.#held = Buffer.from(bytes.subarray(rest))
    return bytes.subarray(0, rest)
  }

  /** What was held back: nothing more comes that could make it the secret. */
  end(): Buffer {
    const held = this.#held
    this.#held = EMPTY
    return held
  }

  #clean(bytes: Buffer): Buffer {
    const parts: Buffer[] = []
    let from = 0
    for (let at = bytes.indexOf(this.#secret); at !== -1; at = bytes.indexOf(this.#secret, from)) {
      parts.push(bytes.subarray(from, at), Buffer.from(REDACTED))
      from = at + this.#secret.length
    }
    return Buffer.concat([...parts, bytes.subarray(from)])
  }

  /** How many of the last bytes are the first ones of the secret. No key holds a line's end, as most chunks do last. */
  #beginning(bytes: Buffer): number {
    if (bytes.at(-1) === LINE_FEED) return 0
    for (let length = Math.min(this.#secret.length - 1, bytes.length); length > 0; length--) {
      if (bytes[bytes.length - length] !== this.#secret[0]) continue
      if (bytes.subarray(bytes.length - length).equals(this.#secret.subarray(0, length))) return length
    }
    return 0
  }
}

/** What an upstream must not tell on: the key, or the token that was fetched with it. */
export function secretOf({ value }: ProviderKey, { authorization = '' }: Record<string, string>): string {
  return value === '' ? (/^Bearer (.+)$/.exec(authorization)?.[1] ?? '') : value
}
