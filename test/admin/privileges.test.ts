/**
 * Who may do what: every kind of caller at every route of the gateway's own, made from the table of routes. A route that
 * is added is in it, and closed unless it says otherwise.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAdmin, ownRoutes } from '../../src/admin/routes.ts'
import type { AdminSources, OwnSources } from '../../src/admin/routes.ts'
import { startAdminGateway } from '../support/admin-gateway.ts'
import { seeded } from '../support/chance.ts'
import type { AdminGateway, AdminRequest } from '../support/admin-gateway.ts'

const PASSWORD = 'Correct-horse-7'
const SLOW = { timeout: 120_000 }
const VIRTUAL_KEY = 'sk-bf-a-virtual-key-of-this-gateway'
const PROVIDER_KEY = 'sk-ant-api03-a-provider-key-of-this-gateway'

const FILE = {
  providers: { anthropic: { keys: [{ name: 'a1', value: PROVIDER_KEY }] } },
  governance: { virtual_keys: [{ id: 'dev', name: 'dev', value: VIRTUAL_KEY }] },
}
const WITH_ADMIN = {
  ...FILE,
  governance: {
    ...FILE.governance,
    auth_config: { admin_username: 'ann', admin_password: PASSWORD, is_enabled: true },
  },
}

// Only listed, never called: nothing of what is behind them is needed.
const ROUTES = ownRoutes({} as OwnSources, createAdmin({} as AdminSources)).map(
  ({ method, path, access }) => ({
    line: `${method} ${path.replaceAll(/\{\w+\}/g, 'nobody')}`,
    route: `${method} ${path}`,
    isOpen: access === 'anyone',
  }),
)

const base64 = (text: string) => Buffer.from(text).toString('base64')
const jwt = ['{"alg":"none"}', '{"sub":"admin","role":"admin","exp":9999999999}', ''].map((part) =>
  Buffer.from(part).toString('base64url'),
)

/** What callers of other things have in their hands. None of it may ever administer. */
const OTHERS: [caller: string, headers: Record<string, string>][] = [
  ['a virtual key in x-bf-vk', { 'x-bf-vk': VIRTUAL_KEY }],
  ['a virtual key as a bearer', { authorization: `Bearer ${VIRTUAL_KEY}` }],
  ['a virtual key in x-api-key', { 'x-api-key': VIRTUAL_KEY }],
  ['a virtual key in x-goog-api-key', { 'x-goog-api-key': VIRTUAL_KEY }],
  ['a virtual key as a Basic pair', { authorization: `Basic ${base64(`${VIRTUAL_KEY}:`)}` }],
  ['a provider key in x-api-key', { 'x-api-key': PROVIDER_KEY }],
  ['a provider key as a bearer', { authorization: `Bearer ${PROVIDER_KEY}` }],
  ['a login of Claude', { authorization: `Bearer sk-ant-oat01-${'x'.repeat(90)}` }],
  ['an OAuth token', { authorization: `Bearer ${jwt.join('.')}` }],
  ['an unknown session token', { authorization: `Bearer ${'x'.repeat(43)}` }],
  ['an empty bearer', { authorization: 'Bearer ' }],
  ['a scheme that nobody knows', { authorization: `Token ${VIRTUAL_KEY}` }],
  ['a setup token, where none is configured', { 'x-bifrost-setup-token': 'guess' }],
]

const CHANGING = ROUTES.filter(({ line, isOpen }) => !isOpen && !line.startsWith('GET'))

/** What a key would have to have to be more than it is. */
const WIDER: readonly object[] = [
  { value: VIRTUAL_KEY },
  { is_active: true },
  { is_admin: true, role: 'admin', access: 'administrator' },
  { allowed_routes: ['/*'], models: ['*'], allowed_models: ['*'] },
  { provider_configs: [{ provider: 'anthropic', allowed_models: ['*'], weight: 1 }] },
  { budget: { max_limit: 1e9, reset_duration: '1Y' } },
  { budgets: [{ max_limit: 1e9, reset_duration: '1Y' }], reset_budget_usage: true },
  { additional_limit: 1e9, cycles: 1000 },
  { team_id: 'root', customer_id: 'root' },
  { keys: [{ name: 'x', value: 'sk-mine', models: ['*'] }] },
  { admin_username: 'dev', admin_password: 'Correct-horse-8', is_enabled: false },
]

const gateways: AdminGateway[] = []
afterAll(() => Promise.all(gateways.map((gateway) => gateway.close())))

async function start(file: unknown): Promise<AdminGateway> {
  const gateway = await startAdminGateway({ file })
  gateways.push(gateway)
  return gateway
}

/** After a minute, for those before may have guessed too often. */
async function token(gateway: AdminGateway): Promise<string> {
  await gateway.order({ type: 'advance', ms: 61_000 })
  const body = { username: 'ann', password: PASSWORD }
  return (await gateway.ask('POST /api/session/login', { body })).body.token
}

/** The statuses of one caller at every route. */
async function sweep(
  gateway: AdminGateway,
  request: AdminRequest,
  among = ROUTES,
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const { line, route } of among) found.set(route, (await gateway.ask(line, request)).status)
  return found
}

const refusedOnly = (statuses: Map<string, number>, allowed: readonly number[]) =>
  [...statuses].filter(([, status]) => !allowed.includes(status))
const closed = ROUTES.filter(({ isOpen }) => !isOpen)

describe('I4 routes that are open', () => {
  it('are these, and none of them shows anything', () => {
    expect(ROUTES.filter(({ isOpen }) => isOpen).map(({ route }) => route)).toEqual([
      'GET /health',
      'GET /api/session/is-auth-enabled',
      'POST /api/session/login',
      'POST /api/session/setup',
    ])
    expect(closed.length).toBeGreaterThan(50)
  })
})

describe('I5 with an administrator', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => (gateway = await start(WITH_ADMIN)), SLOW.timeout)

  it('I4 nobody is let in without a login', async () => {
    expect(refusedOnly(await sweep(gateway, {}, closed), [401])).toEqual([])
    const open = await sweep(
      gateway,
      {},
      ROUTES.filter(({ isOpen }) => isOpen),
    )
    expect([...open.values()]).toEqual([200, 200, 400, 403])
  })

  it.each(OTHERS)('%s is let in nowhere', async (_caller, headers) => {
    expect(refusedOnly(await sweep(gateway, { headers }, closed), [401, 403, 429])).toEqual([])
  })

  it('a session of another installation is let in nowhere', async () => {
    const other = await start(WITH_ADMIN)
    const headers = { authorization: `Bearer ${await token(other)}` }
    expect(refusedOnly(await sweep(gateway, { headers }, closed), [401])).toEqual([])
    const cookie = { cookie: `token=${await token(other)}`, origin: `http://localhost:${gateway.port}` }
    expect(refusedOnly(await sweep(gateway, { headers: cookie }, closed), [401])).toEqual([])
  })

  it('a session that was ended is let in nowhere', async () => {
    const headers = { authorization: `Bearer ${await token(gateway)}` }
    await gateway.ask('POST /api/session/logout', { headers })
    expect(refusedOnly(await sweep(gateway, { headers }, closed), [401])).toEqual([])
  })

  it('the administrator is let in everywhere, also beside a key for something else', async () => {
    // Signing out is asked for last, for it ends the session.
    const routes = closed.filter(({ route }) => !route.endsWith('/logout'))
    for (const more of [{}, { 'x-bf-vk': VIRTUAL_KEY }] as Record<string, string>[]) {
      const headers = { authorization: `Bearer ${await token(gateway)}`, ...more }
      const statuses = await sweep(gateway, { headers }, routes)
      expect([...statuses].filter(([, status]) => status === 401 || status === 403)).toEqual([])
      expect((await gateway.ask('POST /api/session/logout', { headers })).status).toBe(200)
    }
  })

  it.each(['GET', 'HEAD'])(
    '%s with another host, or of another site, is refused even with the login',
    async (method) => {
      const authorization = `Bearer ${await token(gateway)}`
      for (const headers of [
        { authorization, host: 'evil.test' },
        { authorization, origin: 'https://evil.test' },
        { authorization, 'sec-fetch-site': 'cross-site' },
      ] as Record<string, string>[])
        expect((await gateway.ask(`${method} /api/logs`, { headers })).status).toBe(403)
    },
  )

  it('I6 2,000 attempts of a virtual key to make itself more than it is change nothing', async () => {
    const headers = async () => ({ authorization: `Bearer ${await token(gateway)}` })
    const settings = async () =>
      (await gateway.ask('GET /api/governance/virtual-keys?export=true', { headers: await headers() })).body
    const before = await settings()
    const random = seeded(6)
    const some = <Item>(items: readonly Item[]) => items[Math.floor(items.length * random())]!
    const statuses = new Map<number, number>()
    for (let attempt = 0; attempt < 2_000; attempt++) {
      const { line } = some(CHANGING)
      const [, keyHeaders] = some(OTHERS.slice(0, 5))
      const fields = WIDER.filter(() => random() < 0.4)
      const body = Object.assign({ id: 'dev', name: `dev ${attempt}` }, ...fields) as object
      const ids = ['dev', 'nobody', 'a1', 'anthropic']
      const { status } = await gateway.ask(
        line.replaceAll('nobody', () => some(ids)),
        {
          headers: keyHeaders,
          body,
        },
      )
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect([...statuses.keys()].filter((status) => ![401, 403, 429].includes(status))).toEqual([])
    const after = await settings()
    expect(after).toEqual(before)
  })

  it('nothing was changed by any of them', async () => {
    const headers = { authorization: `Bearer ${await token(gateway)}` }
    const { body } = await gateway.ask('GET /api/governance/virtual-keys', { headers })
    expect(body.virtual_keys.map(({ id }: { id: string }) => id)).toEqual(['dev'])
  })
})

describe('I5 without an administrator', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => (gateway = await start(FILE)), SLOW.timeout)

  it('this machine is let in everywhere', async () => {
    const statuses = await sweep(gateway, {}, closed)
    expect([...statuses].filter(([, status]) => status === 401 || status === 403)).toEqual([])
  })

  it.each(OTHERS)('%s is let in nowhere, although nothing would be', async (_caller, headers) => {
    expect(refusedOnly(await sweep(gateway, { headers }, closed), [401, 403, 429])).toEqual([])
  })

  it('whom a proxy speaks for is let in nowhere', async () => {
    const headers = { 'x-forwarded-for': '127.0.0.1' }
    expect(refusedOnly(await sweep(gateway, { headers }, closed), [403])).toEqual([])
  })

  it('a cookie of another program on this host is as good as none', async () => {
    const headers = { cookie: 'token=of-somebody-else; session=1' }
    expect((await gateway.ask('GET /api/logs', { headers })).status).toBe(200)
  })
})

describe('routes that the operator opened', SLOW, () => {
  it('answer anyone who reads, and nobody who changes', async () => {
    const client = { whitelisted_routes: ['/api/logs', '/api/governance/teams*'] }
    const gateway = await start({ ...WITH_ADMIN, client })
    const status = async (line: string) =>
      (await gateway.ask(line, line.startsWith('GET') ? {} : { body: {} })).status
    expect(await status('GET /api/logs')).toBe(200)
    expect(await status('GET /api/logs/dropped')).toBe(401)
    expect(await status('GET /api/governance/teams')).toBe(200)
    expect(await status('GET /api/governance/teams/x')).toBe(404)
    expect(await status('POST /api/governance/teams')).toBe(401)
    expect(await status('GET /api/governance/virtual-keys')).toBe(401)
  })
})
