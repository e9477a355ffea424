import type { OwnAnswer, OwnRequest, OwnRoute } from '../http/router.ts'
import { GatewayError } from '../message/error.ts'
import { passwordProblem } from '../rules/password-policy.ts'
import type { SettingsStore } from '../stores/config-store/port.ts'
import type { Admission } from './admission.ts'
import { cookie, SESSION_COOKIE, SETUP_COOKIE, SETUP_HEADER, shown } from './credentials.ts'
import { optionalTextIn, readObject, textIn, wrong } from './json-body.ts'
import type { Fields } from './json-body.ts'
import type { Logins, OpenedSession } from './logins.ts'
import { hashPassword } from './password.ts'
import { asksForItself } from './peer.ts'

export interface SessionSources {
  readonly settings: SettingsStore
  readonly logins: Logins
  readonly admission: Admission
  readonly now: () => number
}

/** Signing in and out, and setting up who may. The first three are open: who asks for them has nothing to show yet. */
export function sessionRoutes(sources: SessionSources): OwnRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/session/is-auth-enabled',
      access: 'anyone',
      handler: (request) => isAuthEnabled(request, sources),
    },
    {
      method: 'POST',
      path: '/api/session/login',
      access: 'anyone',
      handler: (request) => login(request, sources),
    },
    {
      method: 'POST',
      path: '/api/session/setup',
      access: 'anyone',
      handler: (request) => setup(request, sources),
    },
    { method: 'POST', path: '/api/session/logout', handler: (request) => logout(request, sources) },
    { method: 'PUT', path: '/api/session/password', handler: (request) => setPassword(request, sources) },
  ]
}

async function isAuthEnabled(
  request: OwnRequest,
  { settings, admission }: SessionSources,
): Promise<OwnAnswer> {
  const { enabled } = settings.running.configuration.admin
  const holds = enabled && (await admission.proofOf(request)) === 'administrator'
  return { status: 200, body: { is_auth_enabled: enabled, has_valid_token: holds } }
}

/** Throws `unauthenticated`, `rate_limited`, `conflict` where there is nobody to sign in as. */
async function login(request: OwnRequest, { settings, logins, now }: SessionSources): Promise<OwnAnswer> {
  const fields = await readObject(request)
  const [username, password] = [textIn(fields, 'username'), textIn(fields, 'password')]
  if (!settings.running.configuration.admin.enabled)
    throw new GatewayError('conflict', 'There is no administrator: configure governance.auth_config.')
  if (!(await logins.proves(username, password, request)))
    throw new GatewayError('unauthenticated', 'The name or the password is wrong.')
  return opened('Login successful', await logins.open('administrator'), SESSION_COOKIE, request, now())
}

/**
 * With the setup token, or from this machine: creates the first administrator and signs them in. With the token alone,
 * as Bifrost has it: a session that may configure everything until there is an administrator.
 */
async function setup(request: OwnRequest, sources: SessionSources): Promise<OwnAnswer> {
  const { settings, logins, now } = sources
  const fields = await readObject(request)
  if (settings.running.configuration.admin.enabled)
    throw new GatewayError('forbidden', 'There is an administrator already: sign in.')
  checkSetupToken(request, fields, logins)
  const username = optionalTextIn(fields, 'username')
  const password = optionalTextIn(fields, 'password')
  if (username === undefined && password === undefined)
    return opened('Setup session opened', await logins.open('setup'), SETUP_COOKIE, request, now())
  if (username === undefined) throw wrong('username', 'nothing', 'the name of the administrator')
  await storeAdministrator(username, acceptable('password', password), settings)
  logins.endAll()
  return opened('Administrator created', await logins.open('administrator'), SESSION_COOKIE, request, now())
}

/** Throws `unauthenticated` where it is missing, and `forbidden` where it is wrong or none is configured. */
function checkSetupToken(request: OwnRequest, fields: Fields, logins: Logins): void {
  const header = request.headers[SETUP_HEADER]
  const token = typeof header === 'string' ? header : optionalTextIn(fields, 'setup_token')
  if (token === undefined && asksForItself(request) && shown(request).type === 'none') return
  if (token === undefined)
    throw new GatewayError('unauthenticated', `Send the setup token in ${SETUP_HEADER}.`)
  if (!logins.isSetupToken(token, request))
    throw new GatewayError('forbidden', 'The setup token is wrong, or none is configured.')
}

/** Every session ends, that of who asks, too (I16). */
async function setPassword(request: OwnRequest, { settings, logins }: SessionSources): Promise<OwnAnswer> {
  const fields = await readObject(request)
  const [current] = settings.running.list('auth_config')
  if (current?.source !== 'api') {
    const message = 'The password stands in the configuration file: change governance.auth_config there.'
    throw new GatewayError('conflict', message, { field: 'password' })
  }
  const username = logins.administrator.settings.username!
  if (!(await logins.proves(username, textIn(fields, 'current_password'), request)))
    throw new GatewayError('unauthenticated', 'current_password: it is wrong.', { field: 'current_password' })
  await storeAdministrator(username, acceptable('password', optionalTextIn(fields, 'password')), settings)
  logins.endAll()
  return { status: 200, body: { message: 'Password changed: sign in again' } }
}

async function storeAdministrator(
  username: string,
  password: string,
  settings: SettingsStore,
): Promise<void> {
  const hashed = await hashPassword(password)
  const body = {
    admin_username: username,
    admin_password: hashed,
    is_enabled: true,
    // Who closes the administration must not lock out the agents of this machine.
    disable_auth_on_inference: true,
  }
  await settings.change((running) => {
    const isFirst = running.list('auth_config').length === 0
    const isOwn = running.list('auth_config')[0]?.source === 'api'
    // Two may have asked at once.
    if (!isFirst && !isOwn) throw new GatewayError('conflict', 'The configuration file says who administers.')
    return { put: [{ kind: 'auth_config', id: 'administrator', body }] }
  })
}

function acceptable(field: string, password: string | undefined): string {
  const problem = passwordProblem(password ?? '')
  if (problem !== undefined) throw wrong(field, 'another text', problem)
  return password!
}

/** Programs send no Origin and get the token to send it as a bearer; for pages it is in a cookie that no script can read. */
function opened(
  message: string,
  { token, expiresAtMs }: OpenedSession,
  name: string,
  { headers }: OwnRequest,
  nowMs: number,
): OwnAnswer {
  const isPage = headers['origin'] !== undefined || headers['sec-fetch-site'] !== undefined
  const secure = headers['x-forwarded-proto'] === 'https'
  const shownToken = { token, expires_at: new Date(expiresAtMs).toISOString() }
  return {
    status: 200,
    headers: { 'set-cookie': cookie(name, token, Math.floor((expiresAtMs - nowMs) / 1000), secure) },
    body: { message, ...(!isPage && shownToken) },
  }
}

async function logout(request: OwnRequest, { logins }: SessionSources): Promise<OwnAnswer> {
  const credential = shown(request)
  if (credential.type === 'bearer') logins.end(credential.token)
  if (credential.type === 'cookies')
    for (const token of [credential.session, credential.setup]) if (token !== undefined) logins.end(token)
  const gone = [SESSION_COOKIE, SETUP_COOKIE].map((name) => cookie(name, '', 0, false))
  return { status: 200, headers: { 'set-cookie': gone }, body: { message: 'Logout successful' } }
}
