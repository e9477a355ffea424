import { hash as digestOf, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { GatewayError } from '../message/error.ts'
import { parseScryptHash } from '../rules/administrator.ts'
import type { ScryptHash } from '../rules/administrator.ts'

/** As hard as OWASP asks for: 32 MiB three times over, some 0.2 s. */
const COST = { ln: 15, r: 8, p: 3 }
const SALT_BYTES = 16
const DIGEST_BYTES = 32
/** What passwords are longer than these is not looked at. */
const PASSWORD_MAX_LENGTH = 1024

/** The PHC string of a password. */
export async function hashPassword(
  password: string,
  salt: Uint8Array = randomBytes(SALT_BYTES),
): Promise<string> {
  const { ln, r, p } = COST
  const hash = { ...COST, salt: base64(salt), digest: '' }
  const digest = await derive(password, hash, DIGEST_BYTES)
  return `$scrypt$ln=${ln},r=${r},p=${p}$${hash.salt}$${base64(digest)}`
}

/** Is it the password of the PHC string? Takes as long for every wrong one. */
export async function isPassword(password: string, phc: string): Promise<boolean> {
  const hash = parseScryptHash(phc)
  if (hash === undefined) return false
  const expected = Buffer.from(hash.digest, 'base64')
  const given = password.length > PASSWORD_MAX_LENGTH ? '' : password
  return timingSafeEqual(await derive(given, hash, expected.length), expected) && given === password
}

/** Are both texts the same? Takes as long whatever they are: digests have one length, where texts do not (I8). */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digestOf('sha256', one, 'buffer'), digestOf('sha256', other, 'buffer'))
}

/**
 * One at a time, on a thread of libuv: there are four of them, and looking up names and inflating bodies need them, too.
 * Who would wait for more than these is told to come again.
 */
const WAITING_MAX = 20
let waiting = 0
let last: Promise<unknown> = Promise.resolve()

function derive(password: string, hash: ScryptHash, bytes: number): Promise<Buffer> {
  if (waiting >= WAITING_MAX) {
    const message = 'Too many logins at once; try again in a few seconds.'
    throw new GatewayError('overloaded_gateway', message, { retryAfterSeconds: 5 })
  }
  waiting++
  const next = last.then(() => run(password, hash, bytes)).finally(() => waiting--)
  last = next.catch(() => undefined)
  return next
}

function run(password: string, { ln, r, p, salt }: ScryptHash, bytes: number): Promise<Buffer> {
  const N = 2 ** ln
  const options = { N, r, p, maxmem: 128 * N * r + 256 * r * p + 1024 * 1024 }
  const key = password.normalize('NFKC')
  return new Promise((resolve, reject) => {
    scrypt(key, Buffer.from(salt, 'base64'), bytes, options, (error, derived) =>
      error === null ? resolve(derived) : reject(error),
    )
  })
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}
