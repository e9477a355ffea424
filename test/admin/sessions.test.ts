/** Signing in to the admin API of a real gateway process, and what ends it. */
import { hash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/admin/password.ts'
import { startAdminGateway } from '../support/admin-gateway.ts'
import type { AdminGateway, AdminGatewaySetup, AdminRequest } from '../support/admin-gateway.ts'

const PASSWORD = 'Correct-horse-7'
const admin = (password: string = 'env.ADMIN_PASSWORD') => ({
  governance: { auth_config: { admin_username: 'ann', admin_password: password, is_enabled: true } },
})
const ENV = { ADMIN_PASSWORD: PASSWORD }
const HOUR_MS = 3_600_000
/** Checking a password takes 0.2 s of a processor, which others may want, too. */
const SLOW = { timeout: 60_000 }

const gateways: AdminGateway[] = []
afterAll(() => Promise.all(gateways.map((gateway) => gateway.close())))

async function start(setup: AdminGatewaySetup): Promise<AdminGateway> {
  const gateway = await startAdminGateway(setup)
  gateways.push(gateway)
  return gateway
}

const login = (gateway: AdminGateway, password = PASSWORD, username = 'ann', request: AdminRequest = {}) =>
  gateway.ask('POST /api/session/login', { body: { username, password }, ...request })
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const list = (gateway: AdminGateway, request?: AdminRequest) => gateway.ask('GET /api/logs', request)
const cookieOf = (header: string | string[] | undefined) => String(header).split(';')[0]!
/** An address of this machine that is not loopback's. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

describe('with an administrator', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => (gateway = await start({ file: admin(), env: ENV })), SLOW.timeout)

  it('GET /api/session/is-auth-enabled tells anyone that there is a login, and whether theirs counts', async () => {
    const asked = (request?: AdminRequest) => gateway.ask('GET /api/session/is-auth-enabled', request)
    expect((await asked()).body).toEqual({ is_auth_enabled: true, has_valid_token: false })
    expect((await asked(bearer('x'.repeat(43)))).body).toEqual({
      is_auth_enabled: true,
      has_valid_token: false,
    })
    const { body } = await login(gateway)
    expect((await asked(bearer(body.token))).body).toEqual({ is_auth_enabled: true, has_valid_token: true })
  })

  it('nothing is shown without a login, not even to this machine', async () => {
    expect(await list(gateway)).toMatchObject({
      status: 401,
      body: { is_bifrost_error: true, error: { type: 'unauthenticated' } },
    })
  })

  it('a program signs in and sends the token as a bearer', async () => {
    const { status, body, headers } = await login(gateway)
    expect({ status, message: body.message }).toEqual({ status: 200, message: 'Login successful' })
    expect(body.token).toMatch(/^[\w-]{43}$/)
    expect(Date.parse(body.expires_at)).toBeGreaterThan(Date.now() + 29 * 24 * HOUR_MS)
    expect(String(headers['set-cookie'])).toMatch(
      /^token=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=25919\d\d$|Max-Age=2592000$/,
    )
    expect((await list(gateway, bearer(body.token))).status).toBe(200)
  })

  it('a page signs in and gets the token in a cookie that no script can read', async () => {
    const page = { origin: `http://localhost:${gateway.port}`, 'sec-fetch-site': 'same-origin' }
    const { body, headers } = await login(gateway, PASSWORD, 'ann', { headers: page })
    expect(body).toEqual({ message: 'Login successful' })
    const cookie = cookieOf(headers['set-cookie'])
    expect((await list(gateway, { headers: { cookie: `other=1; ${cookie}` } })).status).toBe(200)
    const tls = await login(gateway, PASSWORD, 'ann', { headers: { 'x-forwarded-proto': 'https' } })
    expect(String(tls.headers['set-cookie'])).toMatch(/; Secure$/)
  })

  it('I2 a change that only a cookie speaks for has to come from our page', async () => {
    const { headers } = await login(gateway)
    const cookie = cookieOf(headers['set-cookie'])
    const change = (more: Record<string, string>) =>
      gateway.ask('POST /api/governance/teams', { body: { name: 'T' }, headers: { cookie, ...more } })
    expect((await change({})).status).toBe(403)
    expect((await change({ origin: 'https://evil.test' })).status).toBe(403)
    expect((await change({ origin: 'null' })).status).toBe(403)
    expect((await change({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await change({ origin: `http://localhost:${gateway.port}` })).status).toBe(200)
    expect((await change({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })

  it.each([
    ['Basic', (pair: string) => `Basic ${pair}`],
    ['a bearer of both, as Bifrost takes them', (pair: string) => `Bearer ${pair}`],
  ])('name and password are taken with each request as %s', async (_name, header) => {
    const send = (pair: string) =>
      list(gateway, { headers: { authorization: header(Buffer.from(pair).toString('base64')) } })
    expect((await send(`ann:${PASSWORD}`)).status).toBe(200)
    expect((await send(`ann:${PASSWORD}`)).status).toBe(200)
    expect((await send(`ann:${PASSWORD}x`)).status).toBe(401)
    expect((await send(`bob:${PASSWORD}`)).status).toBe(401)
  })

  it.each([
    ['an older token of the same login', async () => (await login(gateway)).body.token.slice(0, -1)],
    ['nothing', async () => ''],
    ['a text of the same length', async () => 'x'.repeat(43)],
    [
      'the digest of the token, as the database has it',
      async () => hash('sha256', (await login(gateway)).body.token, 'base64url'),
    ],
  ])('I9 I16 %s is no token', async (_name, token) => {
    expect((await list(gateway, bearer(await token()))).status).toBe(401)
  })

  it('I16 signing out ends that session, and no other', async () => {
    const [one, other] = [(await login(gateway)).body.token, (await login(gateway)).body.token]
    expect(one).not.toBe(other)
    const out = await gateway.ask('POST /api/session/logout', bearer(one))
    expect(out).toMatchObject({ status: 200, body: { message: 'Logout successful' } })
    expect(String(out.headers['set-cookie'])).toContain(
      'token=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0',
    )
    expect((await list(gateway, bearer(one))).status).toBe(401)
    expect((await list(gateway, bearer(other))).status).toBe(200)
    expect((await gateway.ask('POST /api/session/logout')).status).toBe(401)
  })

  it.each([
    [{ username: 'ann' }, 'password'],
    [{ password: 'x' }, 'username'],
    [{ username: ['ann'], password: 'x' }, 'username'],
    [{}, 'username'],
  ])('a login with %j is a 400 that names what is missing', async (body, param) => {
    expect(await gateway.ask('POST /api/session/login', { body })).toMatchObject({
      status: 400,
      body: { error: { param } },
    })
  })

  it.each([
    ['{"username":"ann","username":"bob","password":"x"}', 400],
    ['not json', 400],
    ['[]', 400],
    ['{"__proto__":{"username":"ann"}}', 400],
    ['\xff', 400],
  ])('E4 the body %j is a %i', async (text, status) => {
    expect((await gateway.ask('POST /api/session/login', { text })).status).toBe(status)
  })

  it('the password stands in the file, so that the API does not change it', async () => {
    const { body } = await login(gateway)
    const changed = await gateway.ask('PUT /api/session/password', {
      ...bearer(body.token),
      body: { current_password: PASSWORD, password: 'Another-horse-8' },
    })
    expect(changed).toMatchObject({ status: 409, body: { error: { type: 'conflict' } } })
    expect((await gateway.ask('POST /api/session/setup', { body: {} })).status).toBe(403)
  })
})

describe('I15 guessing', SLOW, () => {
  it('is stopped after ten tries a minute, and goes on a minute later', async () => {
    const gateway = await start({ file: admin(), env: ENV })
    const statuses: number[] = []
    for (let attempt = 0; attempt < 12; attempt++)
      statuses.push((await login(gateway, `Wrong-horse-${attempt}`)).status)
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429])
    const refused = await login(gateway)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50)
    // By other doors, too.
    const basic = `Basic ${Buffer.from(`ann:${PASSWORD}`).toString('base64')}`
    expect((await list(gateway, { headers: { authorization: basic } })).status).toBe(429)
    await gateway.order({ type: 'advance', ms: 61_000 })
    expect((await login(gateway)).status).toBe(200)
  })

  it('I15 the gateway goes on serving while passwords are checked', async () => {
    const gateway = await start({ file: admin(), env: ENV })
    const logins = Array.from({ length: 5 }, () => login(gateway))
    const health: number[] = []
    let open = true
    void Promise.all(logins).then(() => (open = false))
    while (open) {
      const begun = performance.now()
      await gateway.ask('GET /health')
      health.push(performance.now() - begun)
    }
    // Five checks of 0.2 s, one after the other: a thread that they block would answer a handful of times.
    expect(health.length).toBeGreaterThan(20)
  })
})

describe('I17 what stands in the file as a hash', SLOW, () => {
  it('is proven by the password, and not by the hash', async () => {
    const hashed = await hashPassword(PASSWORD)
    const gateway = await start({ file: admin(hashed) })
    expect((await login(gateway)).status).toBe(200)
    expect((await login(gateway, hashed)).status).toBe(401)
  })
})

describe('I21 an administrator without a usable password', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => (gateway = await start({ file: admin('env.NOT_SET') })), SLOW.timeout)

  it.each([
    ['that is missing in the environment', 'env.NOT_SET', ''],
    ['that is empty', '', ''],
    ['that everybody tries first', 'admin', 'admin'],
    ['that is a bcrypt hash', `$2b$10$${'a'.repeat(53)}`, `$2b$10$${'a'.repeat(53)}`],
    ['that is a broken hash', '$scrypt$ln=15', '$scrypt$ln=15'],
  ])('%s lets nobody in, opens nothing, and is told', async (_name, configured, sent) => {
    expect(await gateway.reload(admin(configured))).toEqual({
      notices: [
        expect.stringMatching(
          /^(?:Nobody can sign in to the admin API: |The admin API asks for a password that nobody has)/,
        ),
      ],
    })
    expect((await login(gateway, sent || 'x')).status).toBe(401)
    expect((await list(gateway)).status).toBe(401)
    expect((await list(gateway, bearer(''))).status).toBe(401)
    await gateway.order({ type: 'advance', ms: 61_000 })
  })

  it('that is weak lets in who knows it, and is told', async () => {
    expect(await gateway.reload(admin('sun-and-moon'))).toEqual({
      notices: [expect.stringContaining('auth_config.admin_password is weak: expected an upper-case letter')],
    })
    expect((await login(gateway, 'sun-and-moon')).status).toBe(200)
  })
})

describe('I16 sessions', SLOW, () => {
  it('end after 30 days', async () => {
    const gateway = await start({ file: admin(), env: ENV })
    const { token } = (await login(gateway)).body
    await gateway.order({ type: 'advance', ms: 30 * 24 * HOUR_MS - 60_000 })
    expect((await list(gateway, bearer(token))).status).toBe(200)
    await gateway.order({ type: 'advance', ms: 120_000 })
    expect((await list(gateway, bearer(token))).status).toBe(401)
  })

  it('outlive a restart, and end with the password of the file', async () => {
    const gateway = await start({ file: admin(), env: ENV })
    const { token } = (await login(gateway)).body
    await gateway.kill()
    const again = await start({ appDir: gateway.appDir, env: ENV })
    expect((await list(again, bearer(token))).status).toBe(200)
    await again.kill()
    const changed = await start({ appDir: gateway.appDir, env: { ADMIN_PASSWORD: 'Another-horse-8' } })
    expect((await list(changed, bearer(token))).status).toBe(401)
    const { token: newer } = (await login(changed, 'Another-horse-8')).body
    expect(await changed.reload(admin('Yet-another-9'))).toMatchObject({ notices: expect.anything() })
    expect((await list(changed, bearer(newer))).status).toBe(401)
  })

  it('I5 of another installation are nobody’s here', async () => {
    const [one, other] = [await start({ file: admin(), env: ENV }), await start({ file: admin(), env: ENV })]
    const { token } = (await login(one)).body
    expect((await list(other, bearer(token))).status).toBe(401)
  })

  it('I10 are in the database as digests', async () => {
    const gateway = await start({ file: admin(), env: ENV })
    const { token } = (await login(gateway)).body
    expect((await list(gateway, bearer(token))).status).toBe(200)
    await gateway.kill()
    const database = new DatabaseSync(join(gateway.appDir, 'config.db'))
    const rows = JSON.stringify(database.prepare('SELECT * FROM sessions').all())
    database.close()
    expect(rows).toContain('administrator')
    expect(rows).not.toContain(token)
    expect(rows).not.toContain(PASSWORD)
  })
})

describe('without an administrator', SLOW, () => {
  it('this machine may, and sets up the first one; from then on a login is asked for', async () => {
    const gateway = await start({ file: {} })
    expect((await list(gateway)).status).toBe(200)
    expect(
      (await gateway.ask('POST /api/session/login', { body: { username: 'a', password: 'b' } })).status,
    ).toBe(409)
    const weak = await gateway.ask('POST /api/session/setup', {
      body: { username: 'ann', password: 'short' },
    })
    expect(weak).toMatchObject({
      status: 400,
      body: { error: { param: 'password', message: expect.stringContaining('12 characters or more') } },
    })
    const made = await gateway.ask('POST /api/session/setup', {
      body: { username: 'ann', password: PASSWORD },
    })
    expect(made).toMatchObject({ status: 200, body: { message: 'Administrator created' } })
    expect((await list(gateway)).status).toBe(401)
    expect((await list(gateway, bearer(made.body.token))).status).toBe(200)
    await gateway.kill()
    const again = await start({ appDir: gateway.appDir })
    expect((await login(again)).status).toBe(200)
  })

  it('I16 changing the password ends every session, that of who asks, too', async () => {
    const gateway = await start({ file: {} })
    const { token } = (
      await gateway.ask('POST /api/session/setup', { body: { username: 'ann', password: PASSWORD } })
    ).body
    const { token: other } = (await login(gateway)).body
    const change = (body: object) => gateway.ask('PUT /api/session/password', { ...bearer(token), body })
    expect((await change({ current_password: 'wrong', password: 'Another-horse-8' })).status).toBe(401)
    expect((await change({ current_password: PASSWORD, password: 'weak' })).status).toBe(400)
    expect((await change({ current_password: PASSWORD, password: 'Another-horse-8' })).status).toBe(200)
    for (const each of [token, other]) expect((await list(gateway, bearer(each))).status).toBe(401)
    expect((await login(gateway)).status).toBe(401)
    expect((await login(gateway, 'Another-horse-8')).status).toBe(200)
  })

  it('a proxy on this machine that speaks for another may not', async () => {
    const gateway = await start({ file: {} })
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-forwarded-host']) {
      const headers = { [name]: '203.0.113.9' }
      expect((await list(gateway, { headers })).status, name).toBe(403)
      const body = { username: 'x', password: PASSWORD }
      expect((await gateway.ask('POST /api/session/setup', { headers, body })).status, name).toBe(401)
    }
  })

  describe.skipIf(outside === undefined)('from another machine', () => {
    const TOKEN = 'a-setup-token-of-the-operator'
    const from = (request: AdminRequest = {}): AdminRequest => ({ address: outside!, ...request })
    const withToken = (token: string) => from({ headers: { 'x-bifrost-setup-token': token } })

    it('the setup token lets somebody configure, until there is an administrator', async () => {
      const gateway = await start({ file: {}, host: '0.0.0.0', env: { BIFROST_SETUP_TOKEN: TOKEN } })
      expect((await list(gateway, from())).status).toBe(403)
      expect((await list(gateway, withToken(`${TOKEN}x`))).status).toBe(403)
      expect((await list(gateway, withToken(TOKEN))).status).toBe(200)
      const opened = await gateway.ask('POST /api/session/setup', { ...withToken(TOKEN), body: {} })
      expect(opened.body.message).toBe('Setup session opened')
      const cookie = cookieOf(opened.headers['set-cookie'])
      expect(cookie).toMatch(/^bifrost_setup_session=/)
      expect((await list(gateway, from({ headers: { cookie } }))).status).toBe(200)
      const body = { username: 'ann', password: PASSWORD }
      expect((await gateway.ask('POST /api/session/setup', from({ body }))).status).toBe(401)
      expect((await gateway.ask('POST /api/session/setup', { ...withToken('wrong'), body })).status).toBe(403)
      const made = await gateway.ask(
        'POST /api/session/setup',
        from({ body: { ...body, setup_token: TOKEN } }),
      )
      expect(made.status).toBe(200)
      for (const request of [withToken(TOKEN), from({ headers: { cookie } }), from()])
        expect((await list(gateway, request)).status).toBe(401)
      expect((await list(gateway, from(bearer(made.body.token)))).status).toBe(200)
    })

    it('I21 without a setup token nobody is let in by one, an empty one either', async () => {
      const gateway = await start({ file: { setup_token: '' }, host: '0.0.0.0' })
      for (const token of ['', ' ', 'undefined', 'null'])
        expect((await list(gateway, withToken(token))).status).toBe(403)
      expect((await gateway.ask('POST /api/session/setup', { ...withToken(''), body: {} })).status).not.toBe(
        200,
      )
    })

    it('I15 guessing the setup token is stopped, too', async () => {
      const gateway = await start({ file: { setup_token: TOKEN }, host: '0.0.0.0' })
      const statuses: number[] = []
      for (let attempt = 0; attempt < 12; attempt++)
        statuses.push((await list(gateway, withToken(`${attempt}`))).status)
      expect(statuses).toEqual([...Array.from({ length: 10 }, () => 403), 429, 429])
    })
  })
})
