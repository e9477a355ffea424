import { goodUntil } from './credential-cache.ts'
import type { Fetched } from './credential-cache.ts'
import { numberIn, parseFields, readFields, textIn, tokenIn } from './token-service.ts'
import type { ShortAnswer } from '../../wire/ask.ts'

/** RFC 6749 recommends a lifetime without requiring one. */
const UNTOLD_LIFETIME_SECONDS = 300

/** Codes of RFC 6749 and RFC 8693, and what to look at. */
const REFUSALS: Readonly<Record<string, string>> = {
  invalid_client: 'it does not know the client, or its secret is another',
  invalid_grant: 'what it was shown has expired, was revoked or is not the one that it knows',
  unauthorized_client: 'the client may not ask for tokens in this way',
  invalid_scope: 'it does not know the scope',
  invalid_target: 'it does not know the audience',
  access_denied: 'it was denied',
  invalid_request: 'something that it needs is missing',
}

/** Error numbers of Entra, which say more than their codes. */
const ENTRA_REFUSALS: Readonly<Record<string, string>> = {
  AADSTS7000215: 'the client secret is wrong; it is not its id, which stands beside it',
  AADSTS7000222: 'the client secret has expired',
  AADSTS700016: 'the tenant has no such application',
  AADSTS90002: 'there is no such tenant',
  AADSTS900023: 'there is no such tenant',
  AADSTS500011: 'the tenant does not know the resource of the scope',
  AADSTS70011: 'it does not know the scope',
  AADSTS70021: 'no federated identity of the application fits this token',
  AADSTS700213: 'no federated identity of the application fits this token',
  AADSTS700024: 'the federated token has expired',
}

/** What an OAuth error means. Its description repeats what was sent, secrets included, so only codes that are known count. */
export function readOAuthRefusal(text: string): string | undefined {
  const fields = parseFields(text)
  if (fields === undefined) return undefined
  const description = textIn(fields, 'error_description') ?? ''
  // The words of Azure's metadata service.
  if (description.includes('Identity not found'))
    return 'nothing of that identity is assigned to this machine'
  const number = /\bAADSTS\d{5,7}\b/.exec(description)?.[0]
  if (number !== undefined) {
    const known = ENTRA_REFUSALS[number]
    return known === undefined ? number : `${known} (${number})`
  }
  const code = textIn(fields, 'error') ?? ''
  return Object.hasOwn(REFUSALS, code) ? `${REFUSALS[code]} (${code})` : undefined
}

/** `access_token` and when it ends. `expires_on` is what some of Azure's services tell instead of a lifetime. */
export function readAccessToken(answer: ShortAnswer, host: string, nowMs: number): Fetched<string> {
  const fields = readFields(answer, host)
  const token = tokenIn(fields, 'access_token', host)
  const seconds = numberIn(fields, 'expires_in')
  const on = numberIn(fields, 'expires_on')
  const expiresAtMs =
    seconds === undefined && on !== undefined
      ? on * 1000
      : nowMs + (seconds ?? UNTOLD_LIFETIME_SECONDS) * 1000
  return goodUntil(token, expiresAtMs, nowMs)
}

/** A form, as it is posted. */
export function form(fields: Readonly<Record<string, string>>) {
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  }
}
