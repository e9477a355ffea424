import type { OwnHead } from '../http/router.ts'

/** What a request shows to prove who asks. */
export type Shown =
  | { readonly type: 'none' }
  /** A key for something else, or a form that nobody knows. */
  | { readonly type: 'foreign' }
  | { readonly type: 'setup-token'; readonly token: string }
  | { readonly type: 'password'; readonly username: string; readonly password: string }
  /** password: the bearer token may be name and password in base64, as Bifrost takes them. */
  | { readonly type: 'bearer'; readonly token: string }
  /** Sent by the browser, whoever made the page that asks. */
  | { readonly type: 'cookies'; readonly session: string | undefined; readonly setup: string | undefined }

export const SESSION_COOKIE = 'token'
export const SETUP_COOKIE = 'bifrost_setup_session'
export const SETUP_HEADER = 'x-bifrost-setup-token'

/** Headers in which callers of models send their keys. */
const KEY_HEADERS = ['x-bf-vk', 'x-api-key', 'x-goog-api-key', 'api-key']

/**
 * The first of: `Authorization`, the setup token, a cookie of ours, a key for something else. Whoever sends one means
 * it; cookies of other programs on the same host are nobody's.
 */
export function shown({ headers }: Pick<OwnHead, 'headers'>): Shown {
  const authorization = text(headers['authorization'])
  if (authorization !== undefined) return ofAuthorization(authorization)
  const token = text(headers[SETUP_HEADER])
  if (token !== undefined) return { type: 'setup-token', token }
  const cookies = cookiesOf(text(headers['cookie']) ?? '')
  const [session, setup] = [cookies.get(SESSION_COOKIE), cookies.get(SETUP_COOKIE)]
  if (session !== undefined || setup !== undefined) return { type: 'cookies', session, setup }
  return KEY_HEADERS.some((name) => headers[name] !== undefined) ? { type: 'foreign' } : { type: 'none' }
}

function ofAuthorization(header: string): Shown {
  const [, scheme = '', rest = ''] = /^(\S+) +(\S+) *$/.exec(header) ?? []
  if (/^basic$/i.test(scheme)) return pairOf(rest) ?? { type: 'foreign' }
  return /^bearer$/i.test(scheme) ? { type: 'bearer', token: rest } : { type: 'foreign' }
}

/** `name:password` in base64. */
export function pairOf(encoded: string): Extract<Shown, { type: 'password' }> | undefined {
  if (!/^[\w+/-]+={0,2}$/.test(encoded)) return undefined
  let decoded: string
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
  const colon = decoded.indexOf(':')
  if (colon < 1) return undefined
  return { type: 'password', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}

/** The first of each name: a page of a neighbouring host can add one behind it, but not before. */
function cookiesOf(header: string): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, equals)).trim()
    if (name !== '' && !cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim())
  }
  return cookies
}

function text(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

/** `Set-Cookie` for a token; `secure`: the client came over TLS. An empty token takes the cookie away. */
export function cookie(name: string, token: string, maxAgeSeconds: number, secure: boolean): string {
  const parts = [`${name}=${token}`, 'Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${maxAgeSeconds}`]
  return (secure ? [...parts, 'Secure'] : parts).join('; ')
}
