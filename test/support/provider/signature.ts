import { createHash } from 'node:crypto'

const MARK = 'scripted:'

/** Signs a thinking text. Like a real signature, it fits that text only and means nothing to anyone else. */
export const sign = (thinking: string): string => field(0x12, MARK + digest(thinking)).toString('base64')

/** Whether a replayed block is exactly what this provider sent: one changed character breaks it. */
export const isSigned = (thinking: unknown, signature: unknown): boolean =>
  typeof thinking === 'string' && signature === sign(thinking)

/** Who seals reasoning that clients carry, and how each one's tokens begin: gateways tell them apart by that. */
const SEALS = {
  openai: (text: string) => `gAAAAAB${Buffer.from(text).toString('base64url')}`,
  gemini: (text: string) => field(0x0a, text).toString('base64'),
}

type Sealer = keyof typeof SEALS

/** A token about something (an id): opaque to clients, and only its sealer can tell whether it is whole. */
export const seal = (sealer: Sealer, about: string): string =>
  SEALS[sealer](`${about} ${digest(`${sealer} ${about}`)}`)

/** Whether a token is exactly one that this sealer gave out, whatever it was about. */
export function isSealed(sealer: Sealer, token: unknown): boolean {
  const about = sealedAbout(sealer, token)
  return about !== undefined && seal(sealer, about) === token
}

/** What a token says that it is about. Undefined: it is none of this sealer's. */
export function sealedAbout(sealer: Sealer, token: unknown): string | undefined {
  if (typeof token !== 'string') return undefined
  const text =
    sealer === 'openai'
      ? Buffer.from(token.slice('gAAAAAB'.length), 'base64url').toString()
      : Buffer.from(token, 'base64').subarray(2).toString()
  return /^(\S+) [0-9a-f]{64}$/.exec(text)?.[1]
}

/** A protobuf field of at most 127 bytes: real signatures are protobuf, so their base64 begins alike. */
const field = (tag: number, text: string) =>
  Buffer.concat([Buffer.from([tag, Buffer.byteLength(text)]), Buffer.from(text)])

const digest = (text: string) => createHash('sha256').update(text).digest('hex')
