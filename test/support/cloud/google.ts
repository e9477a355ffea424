import { createPublicKey, verify } from 'node:crypto'
import type { SeenRequest } from './aws-signature.ts'
import { formOf, json, Refusal, startService } from './service.ts'
import type { Reply, Service } from './service.ts'

const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

export interface GoogleOptions {
  /** Public keys of service accounts (PEM), by their e-mail. */
  accounts?: Readonly<Record<string, string>>
  /** Refresh tokens of people. */
  logins?: readonly string[]
  /** Tokens of another house that are traded in; `true` where a function decides. */
  subjects?: (token: string, audience: string) => boolean
  /** Service accounts that may be impersonated, by e-mail. */
  impersonated?: readonly string[]
  lifetimeSeconds?: number
  now?: () => number
}

export interface GoogleService extends Service {
  /** Tokens that were given out, and are good. */
  readonly tokens: ReadonlySet<string>
}

/** Google's token services: `/token` (OAuth), `/v1/token` (STS) and impersonation, as they check what they get. */
export async function startGoogle(options: GoogleOptions = {}): Promise<GoogleService> {
  const { now = Date.now, lifetimeSeconds = 3600 } = options
  const tokens = new Set<string>()
  const issue = (): string => {
    const token = `ya29.token-${tokens.size + 1}`
    tokens.add(token)
    return token
  }
  const service = await startService((request) => {
    if (request.path === '/token') {
      checkGrant(formOf(request), `${service.url}/token`, options, now())
    } else if (request.path === '/v1/token') {
      checkExchange(formOf(request), options)
    } else if (request.path.startsWith('/v1/projects/-/serviceAccounts/')) {
      return impersonate(request, options, tokens, { accessToken: issue, expiresAtMs: now() + 3_600_000 })
    } else throw new Refusal({ status: 404, body: '<html>404. That’s an error.</html>' })
    return json({ access_token: issue(), expires_in: lifetimeSeconds, token_type: 'Bearer' })
  })
  return Object.assign(service, { tokens })
}

function checkGrant(form: URLSearchParams, audience: string, options: GoogleOptions, now: number): void {
  const grant = form.get('grant_type')
  if (grant === 'refresh_token') {
    if (form.get('client_id') !== 'client.apps' || form.get('client_secret') !== 'client-secret')
      throw denied('invalid_client', 'The OAuth client was not found.', 401)
    if (!(options.logins ?? []).includes(form.get('refresh_token') ?? ''))
      throw denied('invalid_grant', `Token has been expired or revoked: ${form.get('refresh_token')}`)
  } else if (grant === 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
    checkClaims(form.get('assertion') ?? '', audience, options, now)
  } else throw denied('unsupported_grant_type', 'Invalid grant_type')
}

/** RS256 under the account's own key, for this address, begun now and ended within the hour. */
function checkClaims(assertion: string, audience: string, options: GoogleOptions, now: number): void {
  const [header = '', payload = '', signature = ''] = assertion.split('.')
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  const { alg, typ } = read(header)
  const claims = read(payload)
  const key = options.accounts?.[String(claims['iss'])]
  if (alg !== 'RS256' || typ !== 'JWT' || key === undefined)
    throw denied('invalid_grant', 'Invalid JWT: unknown issuer')
  const signed = Buffer.from(`${header}.${payload}`)
  if (!verify('RSA-SHA256', signed, createPublicKey(key), Buffer.from(signature, 'base64url')))
    throw denied('invalid_grant', 'Invalid JWT Signature.')
  if (claims['aud'] !== audience) throw denied('invalid_grant', 'Invalid JWT: Failed audience check.')
  if (claims['scope'] !== CLOUD_PLATFORM) throw denied('invalid_scope', 'Invalid OAuth scope')
  const seconds = Math.floor(now / 1000)
  const [issued, expires] = [Number(claims['iat']), Number(claims['exp'])]
  if (!(Math.abs(issued - seconds) < 300 && expires > seconds && expires - issued <= 3600))
    throw denied('invalid_grant', 'Invalid JWT: Token must be a short-lived token (60 minutes)')
}

function checkExchange(form: URLSearchParams, options: GoogleOptions): void {
  const expected = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    scope: CLOUD_PLATFORM,
  }
  for (const [name, value] of Object.entries(expected)) {
    if (form.get(name) !== value) throw denied('invalid_request', `Invalid value for "${name}"`)
  }
  if (!(form.get('subject_token_type') ?? '').startsWith('urn:ietf:params:'))
    throw denied('invalid_request', 'Invalid subject_token_type')
  const token = form.get('subject_token') ?? ''
  if (options.subjects?.(token, form.get('audience') ?? '') !== true)
    throw denied('invalid_grant', `The given token is invalid: ${token}`)
}

function impersonate(
  { method, path, headers, body }: SeenRequest,
  options: GoogleOptions,
  tokens: ReadonlySet<string>,
  given: { accessToken: () => string; expiresAtMs: number },
): Reply {
  const email = /^\/v1\/projects\/-\/serviceAccounts\/([^:]+):generateAccessToken$/.exec(path)?.[1] ?? ''
  const bearer = String(headers['authorization']).replace(/^Bearer /, '')
  if (method !== 'POST' || !tokens.has(bearer)) throw new Refusal(json({ error: { code: 401 } }, 401))
  const asked = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>
  if (JSON.stringify(asked['scope']) !== JSON.stringify([CLOUD_PLATFORM])) throw new Refusal(json({}, 400))
  if (!(options.impersonated ?? []).includes(email))
    throw new Refusal(json({ error: { code: 403, message: `iam.serviceAccounts.getAccessToken denied to ${bearer}` } }, 403)) // prettier-ignore
  return json({ accessToken: given.accessToken(), expireTime: new Date(given.expiresAtMs).toISOString() })
}

/** Google's metadata server: answers only who says that it means Google, and says so itself. */
export async function startGoogleMetadata({
  lifetimeSeconds = 3600,
}: { lifetimeSeconds?: number } = {}): Promise<GoogleService> {
  const tokens = new Set<string>()
  const flavor = { 'metadata-flavor': 'Google' }
  const service = await startService(({ method, path, headers }) => {
    const url = new URL(path, 'http://metadata')
    if (headers['metadata-flavor'] !== 'Google' || headers['x-forwarded-for'] !== undefined)
      throw new Refusal({ status: 403, headers: flavor, body: 'Missing required header Metadata-Flavor' })
    if (method !== 'GET' || url.pathname !== '/computeMetadata/v1/instance/service-accounts/default/token')
      throw new Refusal({ status: 404, headers: flavor })
    const token = `ya29.machine-${tokens.size + 1}`
    tokens.add(token)
    const reply = json({ access_token: token, expires_in: lifetimeSeconds, token_type: 'Bearer' })
    return { ...reply, headers: { ...reply.headers, ...flavor } }
  })
  return Object.assign(service, { tokens })
}

function denied(error: string, description: string, status = 400): Refusal {
  return new Refusal(json({ error, error_description: description }, status))
}
