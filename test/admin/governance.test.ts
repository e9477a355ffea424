/** What the admin API changes and shows of governance, asked of a real gateway process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startAdminGateway } from '../support/admin-gateway.ts'
import type { AdminGateway } from '../support/admin-gateway.ts'

const SLOW = { timeout: 60_000 }
const G = '/api/governance'

const FILE = {
  providers: {
    openai: {
      keys: [
        { id: 'k1', name: 'first', value: 'sk-1' },
        { id: 'k2', name: 'second', value: 'sk-2' },
      ],
    },
  },
  governance: {
    budgets: [{ id: 'shared', max_limit: 1000, reset_duration: '1M' }],
    rate_limits: [
      {
        id: 'calm',
        request_max_limit: 60,
        request_reset_duration: '1m',
        token_max_limit: 9,
        token_reset_duration: '1h',
      },
    ],
    customers: [{ id: 'acme', name: 'Acme' }],
    teams: [
      { id: 'eng', name: 'Engineering', customer_id: 'acme', budget_id: 'shared', rate_limit_id: 'calm' },
      { id: 'ops', name: 'Operations' },
    ],
    virtual_keys: [{ id: 'dev', name: 'dev', value: 'sk-bf-dev-of-the-file', team_id: 'eng' }],
    routing_rules: [{ id: 'r1', name: 'first', targets: [{ model: 'gpt-5' }] }],
  },
}

const gateways: AdminGateway[] = []
afterAll(() => Promise.all(gateways.map((gateway) => gateway.close())))

async function start(file: unknown = FILE, appDir?: string): Promise<AdminGateway> {
  const gateway = await startAdminGateway(appDir === undefined ? { file } : { appDir })
  gateways.push(gateway)
  return gateway
}

/** Whose key a caller of models is; the status where it is nobody's. */
async function callerOf(gateway: AdminGateway, value: string): Promise<string | number> {
  const answer = await gateway.ask('GET /anthropic/v1/models', { headers: { 'x-bf-vk': value } })
  return answer.status === 200 ? answer.body.virtual_key : answer.status
}

/** Windows of accounts that nobody has used begin whenever they are looked at. */
function withoutMoments(view: unknown): unknown {
  return JSON.parse(JSON.stringify(view).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then'))
}

/** One body for each kind: made, changed, and what the change shows. */
const KINDS: {
  path: string
  one: string
  body: Record<string, unknown>
  change: Record<string, unknown>
  id?: string
}[] = [
  { path: 'virtual-keys', one: 'virtual_key', body: { name: 'ci' }, change: { description: 'for CI' } },
  { path: 'teams', one: 'team', body: { name: 'QA' }, change: { customer_id: 'acme' } },
  { path: 'customers', one: 'customer', body: { name: 'Umbrella' }, change: { name: 'Umbrella Corp' } },
  {
    path: 'budgets',
    one: 'budget',
    body: { max_limit: 5, reset_duration: '1d' },
    change: { max_limit: 7.5 },
  },
  {
    path: 'rate-limits',
    one: 'rate_limit',
    body: { request_max_limit: 5, request_reset_duration: '1m' },
    change: { request_max_limit: 6 },
  },
  {
    path: 'routing-rules',
    one: 'rule',
    body: { name: 'cheap', cel_expression: 'tier == "haiku"', targets: [{ provider: 'openai', weight: 1 }] },
    change: { priority: 7 },
  },
  {
    path: 'model-configs',
    one: 'model_config',
    body: { model_name: 'gpt-5', provider: 'openai', budget: { max_limit: 5, reset_duration: '1d' } },
    change: { provider: null },
  },
  {
    path: 'providers',
    one: 'provider',
    body: { name: 'openai', budgets: [{ max_limit: 5, reset_duration: '1d' }] },
    change: { rate_limit: { request_max_limit: 5, request_reset_duration: '1m' } },
    id: 'openai',
  },
]

describe('every kind of object', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => (gateway = await start()), SLOW.timeout)

  it.each(KINDS)(
    '$path: made, listed, read, changed, deleted',
    async ({ path, one, body, change, id: named }) => {
      const made = await gateway.ask(`POST ${G}/${path}`, { body })
      expect(made).toMatchObject({
        status: 200,
        body: { message: expect.stringMatching(/ created successfully$/) },
      })
      const id = made.body[one].id ?? named
      expect(id).toMatch(/^[\w-]+$/)
      const { limits: _limits, budget, ...plain } = body
      const { budgets, ...expected } = plain
      expect(made.body[one]).toMatchObject(expected)
      expect(made.body[one].origin).toMatchObject({
        source: 'api',
        place: `${path}/${id}`,
        file_differs: false,
      })
      if (budget !== undefined || budgets !== undefined)
        expect(made.body[one].budgets).toMatchObject([
          { max_limit: 5, reset_duration: '1d', current_usage: 0 },
        ])

      const listed = await gateway.ask(`GET ${G}/${path}`)
      const many = listed.body[`${one}s`] as Record<string, unknown>[]
      expect(listed.body).toMatchObject({
        count: many.length,
        total_count: many.length,
        limit: 1000,
        offset: 0,
      })
      expect(many.some((each) => (each['id'] ?? each['name']) === id)).toBe(true)

      const changed = await gateway.ask(`PUT ${G}/${path}/${id}`, { body: change })
      expect(changed).toMatchObject({
        status: 200,
        body: { message: expect.stringMatching(/ updated successfully$/) },
      })
      const read = await gateway.ask(`GET ${G}/${path}/${id}`)
      for (const [name, value] of Object.entries(change))
        if (value === null) expect(read.body[one]).not.toHaveProperty(name)
        else expect(read.body[one]).toMatchObject({ [name]: value })
      expect(withoutMoments(read.body[one])).toEqual(withoutMoments(changed.body[one]))
      // All that an answer has can be sent back as it is.
      const back = await gateway.ask(`PUT ${G}/${path}/${id}`, { body: read.body[one] })
      expect(back.status).toBe(200)
      expect(withoutMoments(back.body[one])).toEqual(withoutMoments(read.body[one]))

      const again = named === undefined ? { ...body, id } : body
      expect((await gateway.ask(`POST ${G}/${path}`, { body: again })).status).toBe(409)
      expect((await gateway.ask(`DELETE ${G}/${path}/${id}`)).status).toBe(200)
      for (const method of ['GET', 'DELETE'])
        expect((await gateway.ask(`${method} ${G}/${path}/${id}`)).status, method).toBe(404)
      // A provider is there before its limits are.
      const put = await gateway.ask(`PUT ${G}/${path}/${id}`, { body: change })
      expect(put.status).toBe(named === undefined ? 404 : 200)
    },
  )

  it('I7 an id that is nobody’s is a 404, whatever it looks like', async () => {
    for (const { path } of KINDS)
      for (const id of ['nobody', '..%2Fdev', '%00', '__proto__', 'constructor', "'%20OR%201=1--"])
        expect((await gateway.ask(`GET ${G}/${path}/${id}`)).status, `${path}/${id}`).not.toBe(200)
  })

  it.each(['/api/routing/rules', '/api/routing/routing-rules'])('rules are at %s, too', async (path) => {
    const { body } = await gateway.ask(`POST ${path}`, { body: { name: path, targets: [{ model: 'x' }] } })
    expect((await gateway.ask(`GET ${path}/${body.rule.id}`)).body).toEqual(
      (await gateway.ask(`GET ${G}/routing-rules/${body.rule.id}`)).body,
    )
    expect((await gateway.ask(`DELETE ${path}/${body.rule.id}`)).status).toBe(200)
  })
})

describe('what is refused', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => (gateway = await start()), SLOW.timeout)

  const rule = (given: object) => ({ name: 'x', targets: [{ model: 'gpt-5' }], ...given })
  const WRONG: [line: string, body: unknown, status: number, param: string | undefined, message: RegExp][] = [
    ['POST teams', { name: 5 }, 400, 'name', /name: found 5, expected a string/],
    ['POST teams', { nmae: 'x' }, 400, 'nmae', /nmae: found a name that is no setting, expected name/],
    [
      'POST teams',
      { name: 'x', budgets: [{ max_limt: 1, max_limit: 1, reset_duration: '1d' }] },
      400,
      'budgets[0].max_limt',
      /expected max_limit/,
    ],
    [
      'POST teams',
      { name: 'x', customer_id: 'nobody' },
      400,
      'customer_id',
      /found "nobody", expected the id of one of governance\.customers/,
    ],
    [
      'POST teams',
      { name: 'x', budget: { max_limit: 5 } },
      400,
      'budget.reset_duration',
      /expected the length of the period/,
    ],
    [
      'POST teams',
      { name: 'x', budget: { max_limit: -5, reset_duration: '1d' } },
      400,
      'budget.max_limit',
      /found -5/,
    ],
    ['POST teams', { id: 'a/b', name: 'x' }, 400, 'id', /1 to 100 letters/],
    ['POST teams', { id: '..', name: 'x' }, 400, 'id', /1 to 100 letters/],
    ['POST virtual-keys', {}, 400, 'name', /name: found nothing, expected a name/],
    ['POST virtual-keys', { name: 'dev' }, 400, 'name', /found "dev" again, expected each name once/],
    ['POST virtual-keys', { name: 'x', value: 'short' }, 400, 'value', /"sk-bf-" and 16 to 200/],
    ['POST virtual-keys', { name: 'x', value: 'sk-bf-with a space in it' }, 400, 'value', /printable/],
    ['POST virtual-keys', { name: 'x', expires_at: 'soon' }, 400, 'expires_at', /moment/],
    ['POST virtual-keys', { name: 'x', is_active: 'no' }, 400, 'is_active', /true or false/],
    [
      'POST virtual-keys',
      { name: 'x', provider_configs: [{ weight: 1 }] },
      400,
      'provider_configs[0].provider',
      /a name/,
    ],
    ['POST routing-rules', rule({ targets: [] }), 400, 'targets', /at least one target/],
    ['POST routing-rules', rule({ cel_expression: 'model == ' }), 400, 'cel_expression', /condition in CEL/],
    ['POST routing-rules', rule({ cel_expression: 'budget_usd > 1' }), 400, 'cel_expression', /budget_us/],
    [
      'POST routing-rules',
      rule({ scope: 'team' }),
      400,
      'scope_id',
      /expected the id of one of governance\.teams/,
    ],
    ['POST routing-rules', rule({ scope: 'planet' }), 400, 'scope', /one of "global"/],
    ['POST providers', { budgets: [] }, 400, 'name', /the name of a provider/],
    ['POST providers', { name: 'opneai' }, 400, 'name', /a provider that is configured/],
    ['PUT providers/opneai', {}, 404, undefined, /no provider "opneai"/],
    ['PUT teams/eng', { name: 5 }, 400, 'name', /found 5/],
    ['PUT teams/eng', { reset_budget_usage: 'yes' }, 400, 'reset_budget_usage', /true or false/],
    ['DELETE customers/acme', undefined, 409, undefined, /teams\/eng: customer_id: found "acme"/],
    ['DELETE budgets/shared', undefined, 409, undefined, /teams\/eng: budget_id/],
  ]
  it.each(WRONG)('%s %j is a %i for %s', async (line, body, status, param, message) => {
    const [method, path] = line.split(' ')
    const names = async () =>
      (await gateway.ask(`GET ${G}/teams`)).body.teams.map(({ name }: { name: string }) => name)
    const answer = await gateway.ask(`${method} ${G}/${path}`, { body })
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ is_bifrost_error: true, status_code: status })
    expect(answer.body.error.message).toMatch(message)
    expect(answer.body.error.param).toBe(param)
    expect(await names()).toEqual(['Engineering', 'Operations'])
  })

  it('H6 every problem is told, with its field', async () => {
    const body = { name: 'x', budgets: [{ max_limit: -1, reset_duration: 'soon' }], team_id: 'nobody' }
    const answer = await gateway.ask(`POST ${G}/virtual-keys`, { body })
    const fields = answer.body.problems.map(({ field }: { field: string }) => field)
    expect(fields.toSorted()).toEqual(['budgets[0].max_limit', 'budgets[0].reset_duration', 'team_id'])
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['offset=-1', 'offset'],
    ['sort_by=price', 'sort_by'],
    ['order=up', 'order'],
  ])('the query %s is a 400', async (query, param) => {
    expect(await gateway.ask(`GET ${G}/teams?${query}`)).toMatchObject({
      status: 400,
      body: { error: { param } },
    })
  })

  it('what is accepted and not served is said', async () => {
    const body = { name: 'with-tools', mcp_configs: [{ mcp_client_name: 'fs', tools_to_execute: ['*'] }] }
    const { body: made } = await gateway.ask(`POST ${G}/virtual-keys`, { body })
    expect(made.warnings).toEqual(['mcp_configs: accepted and not served'])
  })
})

describe('lists', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => {
    gateway = await start()
    for (const [name, team] of [
      ['beta', 'ops'],
      ['alpha', 'eng'],
      ['gamma', 'ops'],
    ])
      await gateway.ask(`POST ${G}/virtual-keys`, { body: { name, team_id: team } })
  }, SLOW.timeout)

  it.each<[query: string, names: string[], total: number]>([
    ['', ['dev', 'beta', 'alpha', 'gamma'], 4],
    ['limit=2', ['dev', 'beta'], 4],
    ['limit=2&offset=2', ['alpha', 'gamma'], 4],
    ['limit=2&export=true', ['dev', 'beta', 'alpha', 'gamma'], 4],
    ['offset=9', [], 4],
    ['search=A', ['beta', 'alpha', 'gamma'], 3],
    ['search=ALPH', ['alpha'], 1],
    ['search=%25', [], 0],
    ['team_id=ops', ['beta', 'gamma'], 2],
    ['team_id=ops,eng', ['dev', 'beta', 'alpha', 'gamma'], 4],
    ['team_id=ops&search=gam', ['gamma'], 1],
    ['sort_by=name', ['alpha', 'beta', 'dev', 'gamma'], 4],
    ['sort_by=name&order=desc', ['gamma', 'dev', 'beta', 'alpha'], 4],
    ['sort_by=created_at&order=desc&limit=1', ['gamma'], 4],
    ['order=desc', ['gamma', 'alpha', 'beta', 'dev'], 4],
    ['from_memory=true&unheard_of=1', ['dev', 'beta', 'alpha', 'gamma'], 4],
  ])('?%s', async (query, names, total) => {
    const { body } = await gateway.ask(`GET ${G}/virtual-keys?${query}`)
    expect(body.virtual_keys.map(({ name }: { name: string }) => name)).toEqual(names)
    expect(body).toMatchObject({ count: names.length, total_count: total })
  })
})

describe('virtual keys', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => {
    gateway = await start({
      ...FILE,
      client: { vk_rotation_cooldown: '5m', enforce_auth_on_inference: true },
    })
  }, SLOW.timeout)
  const path = (id: string) => `${G}/virtual-keys/${id}`

  it('I10 the value is in the creating answer, and never again', async () => {
    const { body } = await gateway.ask(`POST ${G}/virtual-keys`, { body: { name: 'once' } })
    const { id, value } = body.virtual_key
    expect(value).toMatch(/^sk-bf-[0-9a-f-]{36}$/)
    expect(await callerOf(gateway, value)).toBe(id)
    for (const line of [`GET ${path(id)}`, `GET ${G}/virtual-keys?export=true`]) {
      const text = JSON.stringify((await gateway.ask(line)).body)
      expect(text).not.toContain(value)
      expect(text).not.toContain('sk-bf-dev-of-the-file')
    }
    expect((await gateway.ask(`GET ${path(id)}`)).body.virtual_key.value).toBe('sk-bf-****')
  })

  it('a chosen value counts, and a reference to the environment is shown as such', async () => {
    const value = 'sk-bf-chosen-by-the-operator'
    const { body } = await gateway.ask(`POST ${G}/virtual-keys`, { body: { name: 'chosen', value } })
    expect(body.virtual_key.value).toBe(value)
    expect(await callerOf(gateway, value)).toBe(body.virtual_key.id)
    const { body: referred } = await gateway.ask(`POST ${G}/virtual-keys`, {
      body: { name: 'env', value: 'env.HOME' },
    })
    expect(referred.virtual_key.value).toBe('env.HOME')
    expect(await callerOf(gateway, gateway.appDir)).toBe(referred.virtual_key.id)
  })

  it('a masked value that comes back changes nothing', async () => {
    const { body } = await gateway.ask(`POST ${G}/virtual-keys`, { body: { name: 'masked' } })
    const { id, value } = body.virtual_key
    for (const masked of ['sk-bf-****', 'sk-b************************1234', '', null])
      await gateway.ask(`PUT ${path(id)}`, { body: { description: 'x', value: masked } })
    expect(await callerOf(gateway, value)).toBe(id)
  })

  it('is closed at once by is_active, and by deleting it; what the file has stays deleted after a restart', async () => {
    const value = 'sk-bf-dev-of-the-file'
    expect(await callerOf(gateway, value)).toBe('dev')
    await gateway.ask(`PUT ${path('dev')}`, { body: { is_active: false } })
    expect(await callerOf(gateway, value)).toBe(403)
    const { body } = await gateway.ask(`GET ${path('dev')}`)
    expect(body.virtual_key).toMatchObject({
      is_active: false,
      origin: { source: 'api', file_differs: true },
    })
    await gateway.ask(`PUT ${path('dev')}`, { body: { is_active: true } })
    expect(await callerOf(gateway, value)).toBe('dev')
    await gateway.ask(`DELETE ${path('dev')}`)
    expect(await callerOf(gateway, value)).toBe(403)
    await gateway.kill()
    gateway = await start(undefined, gateway.appDir)
    expect(await callerOf(gateway, value)).toBe(403)
  })

  it('rotate: another value at once, the one before for the grace', async () => {
    const { body: made } = await gateway.ask(`POST ${G}/virtual-keys`, { body: { name: 'rotated' } })
    const { id, value: old } = made.virtual_key
    const { body, status } = await gateway.ask(`POST ${path(id)}/rotate`)
    expect(status).toBe(200)
    const { value } = body.virtual_key
    expect(value).not.toBe(old)
    expect([await callerOf(gateway, value), await callerOf(gateway, old)]).toEqual([id, id])
    const { body: leaked } = await gateway.ask(`POST ${path(id)}/rotate`, { body: { revoke_previous: true } })
    expect(await callerOf(gateway, value)).toBe(403)
    expect(await callerOf(gateway, leaked.virtual_key.value)).toBe(id)
    expect((await gateway.ask(`POST ${path('nobody')}/rotate`)).status).toBe(404)
  })

  it('I10 no value is on the disk', () => {
    for (const name of ['config.db', 'config.db-wal', 'virtual-keys.json'])
      expect(readFileSync(join(gateway.appDir, name), 'latin1')).not.toMatch(/sk-bf-(?:[0-9a-f]{8}-|chosen)/)
  })

  it('the short form that guides have is taken', async () => {
    const body = {
      name: 'dev-split',
      budget: { max_budget: 100, budget_duration: 'monthly' },
      providers: [
        { provider: 'openai', model: 'gpt-4o', weight: 0.7 },
        { provider: 'anthropic', model: 'claude-sonnet-4-20250514', weight: 0.3 },
      ],
    }
    const { body: made, status } = await gateway.ask(`POST ${G}/virtual-keys`, { body })
    expect(status).toBe(200)
    expect(made.virtual_key).toMatchObject({
      budgets: [{ max_limit: 100, reset_duration: 'monthly', calendar_aligned: true }],
      provider_configs: [
        { provider: 'openai', weight: 0.7 },
        { provider: 'anthropic', weight: 0.3 },
      ],
    })
  })

  it('entries of provider_configs with an id keep what is not said of them, and those left out are gone', async () => {
    const configs = [
      { id: 1, provider: 'openai', weight: 0.7, budgets: [{ id: 'b1', max_limit: 5, reset_duration: '1d' }] },
      { id: 2, provider: 'anthropic', weight: 0.3 },
    ]
    const { body } = await gateway.ask(`POST ${G}/virtual-keys`, {
      body: { name: 'entries', provider_configs: configs },
    })
    const { id } = body.virtual_key
    const change = { provider_configs: [{ id: 1, provider: 'openai', weight: 0.5 }, { provider: 'gemini' }] }
    const { body: changed } = await gateway.ask(`PUT ${path(id)}`, { body: change })
    expect(changed.virtual_key.provider_configs).toMatchObject([
      { id: 1, provider: 'openai', weight: 0.5, budgets: [{ id: 'b1', max_limit: 5 }] },
      { provider: 'gemini', budgets: [] },
    ])
    expect(changed.virtual_key.provider_configs.length).toBe(2)
  })
})

describe('budgets and rate limits', SLOW, () => {
  let gateway: AdminGateway
  beforeAll(async () => {
    gateway = await start()
    const provider = {
      id: 1,
      provider: 'openai',
      budgets: [{ id: 'grant', max_limit: 2, reset_duration: '1d' }],
    }
    const body = {
      budgets: [{ max_limit: 10, reset_duration: '1d', soft_limit_percent: 50 }],
      rate_limit: {
        token_max_limit: 1000,
        token_reset_duration: '1h',
        request_max_limit: 10,
        request_reset_duration: '1m',
      },
      provider_configs: [provider],
    }
    await gateway.ask(`PUT ${G}/virtual-keys/dev`, { body })
    await gateway.order({
      type: 'spend',
      virtualKey: 'dev',
      nanodollars: 123_456_789,
      tokens: 7,
      holds: false,
    })
    await gateway.order({
      type: 'spend',
      virtualKey: 'dev',
      nanodollars: 1_000_000_000,
      tokens: 1,
      holds: true,
    })
  }, SLOW.timeout)

  it('GET budgets shows all of them with spend, reserved, window and forecast, to the last unit', async () => {
    const { body } = await gateway.ask(`GET ${G}/budgets`)
    const byId = new Map(body.budgets.map((budget: { id: string }) => [budget.id, budget]))
    expect([...byId.keys()].toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      'grant',
      'shared',
      'virtual_key/dev/1d',
    ])
    expect(byId.get('virtual_key/dev/1d')).toMatchObject({
      max_limit: 10,
      reset_duration: '1d',
      calendar_aligned: false,
      current_usage: 0.123456789,
      reserved: 1,
      remaining: 8.876543211,
      soft_limit: 5,
      nanodollars: {
        limit: 10_000_000_000,
        used: 123_456_789,
        reserved: 1_000_000_000,
        remaining: 8_876_543_211,
      },
      owner: { kind: 'virtual_key', id: 'dev', name: 'dev' },
      origin: { source: 'api', place: 'virtual-keys/dev' },
    })
    expect(byId.get('shared')).toMatchObject({
      current_usage: 0.123456789,
      owner: { kind: 'team', id: 'eng' },
      origin: { source: 'file', place: 'governance.budgets[0]' },
    })
    const grant = byId.get('grant') as {
      last_reset: string
      resets_at: string
      forecast: Record<string, string>
    }
    const endMs = Date.parse(grant.resets_at)
    expect(endMs - Date.parse(grant.last_reset)).toBe(86_400_000)
    expect(grant.forecast['per_hour']).toBeGreaterThan(0)
    // 0.12 dollars in a minute would be 177 in a day.
    expect(Date.parse(grant.forecast['exhausted_at']!)).toBeLessThan(endMs)
  })

  it('every owner shows its own, and one alone can be asked for', async () => {
    const { virtual_key: key } = (await gateway.ask(`GET ${G}/virtual-keys/dev`)).body
    expect(key.budgets).toMatchObject([{ id: 'virtual_key/dev/1d', current_usage: 0.123456789 }])
    expect(key.budget).toEqual(key.budgets[0])
    expect(key.rate_limits).toMatchObject([
      {
        id: null,
        token_max_limit: 1000,
        token_current_usage: 7,
        request_max_limit: 10,
        request_current_usage: 1,
        request_reserved: 1,
      },
    ])
    expect(key.provider_configs).toMatchObject([
      { provider: 'openai', budgets: [{ id: 'grant', current_usage: 0.123456789 }] },
    ])
    const { team } = (await gateway.ask(`GET ${G}/teams/eng`)).body
    expect(team.budgets).toMatchObject([{ id: 'shared', current_usage: 0.123456789 }])
    expect(team.rate_limits).toMatchObject([{ id: 'calm', request_current_usage: 1, token_current_usage: 7 }])
    const one = await gateway.ask(`GET ${G}/budgets/${encodeURIComponent('virtual_key/dev/1d')}`)
    expect(one.body.budget).toMatchObject({ id: 'virtual_key/dev/1d', max_limit: 10 })
  })

  it('GET rate-limits shows tokens and requests of each together', async () => {
    const { body } = await gateway.ask(`GET ${G}/rate-limits?search=calm`)
    expect(body.rate_limits).toMatchObject([
      {
        id: 'calm',
        token_max_limit: 9,
        request_max_limit: 60,
        request_current_usage: 1,
        owner: { id: 'eng' },
      },
    ])
  })

  it.each(['PUT', 'DELETE'])(
    '%s of one that stands at its owner is a 409 that says where',
    async (method) => {
      const id = encodeURIComponent('virtual_key/dev/1d')
      const answer = await gateway.ask(
        `${method} ${G}/budgets/${id}`,
        method === 'PUT' ? { body: { max_limit: 1 } } : {},
      )
      expect(answer).toMatchObject({
        status: 409,
        body: { error: { message: 'It is a part of virtual-keys/dev: change it there.' } },
      })
    },
  )

  it('H9 an override gives more for some windows, and is taken away with them', async () => {
    const id = encodeURIComponent('virtual_key/dev/1d')
    const path = `${G}/virtual-keys/dev/budgets/${id}/override`
    const set = await gateway.ask(`PUT ${path}`, { body: { additional_limit: 5, cycles: 2 } })
    expect(set.status).toBe(200)
    const [budget] = set.body.virtual_key.budgets
    expect(budget).toMatchObject({ id: 'virtual_key/dev/1d', max_limit: 15, current_usage: 0.123456789 })
    expect(Date.parse(budget.override.until) - Date.parse(budget.resets_at)).toBe(86_400_000)
    // Sending back what is shown does not make it the limit.
    const shown = (await gateway.ask(`GET ${G}/virtual-keys/dev`)).body.virtual_key
    const other = await gateway.ask(`PUT ${G}/virtual-keys/dev`, { body: { description: 'x' } })
    expect(other.body.virtual_key.budgets[0]).toMatchObject({
      max_limit: 15,
      override: shown.budgets[0].override,
    })
    const removed = await gateway.ask(`DELETE ${path}`)
    expect(removed.body.virtual_key.budgets[0]).toMatchObject({ max_limit: 10 })
    expect(removed.body.virtual_key.budgets[0]).not.toHaveProperty('override')
    const ofGrant = await gateway.ask(`PUT ${G}/virtual-keys/dev/budgets/grant/override`, {
      body: { additional_limit: 1 },
    })
    expect(ofGrant.body.virtual_key.provider_configs[0].budgets).toMatchObject([
      { id: 'grant', max_limit: 3 },
    ])
    expect((await gateway.ask(`DELETE ${G}/virtual-keys/dev/budgets/grant/override`)).status).toBe(200)
  })

  it.each([
    [{}, 'additional_limit'],
    [{ additional_limit: 0 }, 'additional_limit'],
    [{ additional_limit: '5' }, 'additional_limit'],
    [{ additional_limit: 5, cycles: 0 }, 'cycles'],
    [{ additional_limit: 5, cycles: 1.5 }, 'cycles'],
    [{ additional_limit: 5, until: '2001-01-01T00:00:00Z' }, 'until'],
  ])('the override %j is a 400 for %s', async (body, param) => {
    const answer = await gateway.ask(`PUT ${G}/virtual-keys/dev/budgets/grant/override`, { body })
    expect(answer).toMatchObject({ status: 400, body: { error: { param } } })
  })

  it('an override of a budget that the key does not have is a 404', async () => {
    const body = { additional_limit: 5 }
    expect((await gateway.ask(`PUT ${G}/virtual-keys/dev/budgets/shared/override`, { body })).status).toBe(
      404,
    )
    expect((await gateway.ask(`PUT ${G}/virtual-keys/nobody/budgets/grant/override`, { body })).status).toBe(
      404,
    )
  })

  it('reset_budget_usage forgets what was used, and leaves the window and the other owners alone', async () => {
    const before = (await gateway.ask(`GET ${G}/virtual-keys/dev`)).body.virtual_key
    const { body } = await gateway.ask(`PUT ${G}/virtual-keys/dev`, { body: { reset_budget_usage: true } })
    expect(body.virtual_key.budgets).toMatchObject([
      { current_usage: 0, reserved: 1, resets_at: before.budgets[0].resets_at },
    ])
    expect(body.virtual_key.provider_configs[0].budgets).toMatchObject([{ current_usage: 0 }])
    expect((await gateway.ask(`GET ${G}/budgets/shared`)).body.budget.current_usage).toBe(0.123456789)
  })

  it('changing other settings of an owner leaves what was used', async () => {
    await gateway.ask(`PUT ${G}/teams/eng`, { body: { name: 'R&D' } })
    expect((await gateway.ask(`GET ${G}/budgets/shared`)).body.budget.current_usage).toBe(0.123456789)
    expect((await gateway.ask(`PUT ${G}/budgets/shared`, { body: { max_limit: 2000 } })).status).toBe(200)
    expect((await gateway.ask(`GET ${G}/budgets/shared`)).body.budget).toMatchObject({
      max_limit: 2000,
      current_usage: 0.123456789,
      origin: { source: 'api', file_differs: true },
    })
  })
})

describe('the order of rules', SLOW, () => {
  let gateway: AdminGateway
  const order = (body: object) => gateway.ask(`PUT ${G}/routing-rules/order`, { body })
  const priorities = async () =>
    (await gateway.ask(`GET ${G}/routing-rules`)).body.rules.map(
      ({ id, priority = 0 }: { id: string; priority?: number }) => `${id}:${priority}`,
    )
  beforeAll(async () => {
    gateway = await start()
    for (const id of ['a', 'b'])
      await gateway.ask(`POST ${G}/routing-rules`, { body: { id, name: id, targets: [{ model: 'x' }] } })
    const ofTeam = {
      id: 't',
      name: 't',
      targets: [{ model: 'x' }],
      scope: 'team',
      scope_id: 'eng',
      priority: 5,
    }
    await gateway.ask(`POST ${G}/routing-rules`, { body: ofTeam })
  }, SLOW.timeout)

  it('is that of the ids, in one scope', async () => {
    expect((await order({ ids: ['b', 'r1', 'a'] })).status).toBe(200)
    expect(await priorities()).toEqual(['r1:1', 'a:2', 'b:0', 't:5'])
    expect((await order({ ids: ['t'], scope: 'team', scope_id: 'eng' })).status).toBe(200)
    expect(await priorities()).toEqual(['r1:1', 'a:2', 'b:0', 't:0'])
  })

  it.each([
    [['a', 'b']],
    [['a', 'b', 'b']],
    [['a', 'b', 'r1', 't']],
    [['a', 'b', 'nobody']],
    [[]],
    ['a,b,r1'],
  ])('%j is refused: each rule of the scope once', async (ids) => {
    const before = await priorities()
    expect(await order({ ids })).toMatchObject({ status: 400, body: { error: { param: 'ids' } } })
    expect(await priorities()).toEqual(before)
  })
})

describe('the file and the API', SLOW, () => {
  it('a change that the disk has outlives a kill, and the file wins where it was changed since', async () => {
    const gateway = await start()
    await gateway.ask(`PUT ${G}/teams/eng`, { body: { name: 'By the API' } })
    await gateway.ask(`POST ${G}/teams`, { body: { id: 'qa', name: 'QA' } })
    await gateway.kill()
    const again = await start(undefined, gateway.appDir)
    const team = async (id: string) => (await again.ask(`GET ${G}/teams/${id}`)).body.team
    expect(await team('eng')).toMatchObject({
      name: 'By the API',
      origin: { source: 'api', file_differs: true },
    })
    expect(await team('qa')).toMatchObject({ name: 'QA', origin: { source: 'api', place: 'teams/qa' } })
    const governance = { ...FILE.governance, teams: [{ id: 'eng', name: 'By the file' }] }
    expect(await again.reload({ ...FILE, governance })).toEqual({
      notices: ['teams/eng: the file was changed after the admin API had changed it, so the file counts.'],
    })
    expect(await team('eng')).toMatchObject({
      name: 'By the file',
      origin: { source: 'file', place: 'governance.teams[0]' },
    })
    expect(await team('qa')).toMatchObject({ name: 'QA' })
  })

  it('without a config store, nothing can be changed', async () => {
    const gateway = await start({ ...FILE, config_store: { enabled: false } })
    expect(await gateway.ask(`POST ${G}/teams`, { body: { name: 'x' } })).toMatchObject({
      status: 409,
      body: {
        error: {
          type: 'conflict',
          message: 'config_store.enabled is false: only the file changes the settings.',
        },
      },
    })
    expect((await gateway.ask(`GET ${G}/teams`)).body.count).toBe(2)
  })

  it('what an account of the short form made is shown, and changed in the file', async () => {
    const providers = [{ id: 'a', type: 'openai', api_key: 'sk-1', model: 'gpt-5', weight: 1 }]
    const gateway = await start({ accounts: [{ id: 'dev-team', providers }] })
    const { body } = await gateway.ask(`GET ${G}/virtual-keys`)
    expect(body.virtual_keys).toMatchObject([
      { id: 'dev-team', origin: { source: 'file', place: 'accounts[0]' } },
    ])
    expect((await gateway.ask(`DELETE ${G}/virtual-keys/dev-team`)).status).toBe(409)
    const rotated = await gateway.ask(`POST ${G}/virtual-keys/dev-team/rotate`)
    expect(await callerOf(gateway, rotated.body.virtual_key.value)).toBe('dev-team')
  })
})

describe('changes while calls go on', SLOW, () => {
  it('A14 H5 no call fails, and every charge is there', async () => {
    const gateway = await start()
    const value = 'sk-bf-dev-of-the-file'
    const statuses = new Set<string | number>()
    let changing = true
    const traffic = (async () => {
      while (changing) statuses.add(await callerOf(gateway, value))
    })()
    for (let round = 1; round <= 60; round++) {
      const name = `Engineering ${round}`
      expect((await gateway.ask(`PUT ${G}/teams/eng`, { body: { name } })).status).toBe(200)
      await gateway.order({
        type: 'spend',
        virtualKey: 'dev',
        nanodollars: 1_000_003,
        tokens: 0,
        holds: false,
      })
    }
    changing = false
    await traffic
    expect([...statuses]).toEqual(['dev'])
    const { budget } = (await gateway.ask(`GET ${G}/budgets/shared`)).body
    // The token limit of the team lets nine tokens through; these calls have none.
    expect(budget.nanodollars).toMatchObject({ used: 60 * 1_000_003, reserved: 0 })
  })
})
