import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Change, ObjectKind } from '../../../src/stores/config-store/port.ts'
import { SettingsRefused } from '../../../src/stores/config-store/port.ts'
import { openManaged } from '../../support/managed-settings.ts'
import type { Managed } from '../../support/managed-settings.ts'

afterEach(() => void vi.useRealTimers())

const put = (kind: ObjectKind, id: string, body: Record<string, unknown>): Change => ({
  put: [{ kind, id, body: kind === 'providers' ? { name: id, ...body } : { id, ...body } }],
})
const remove = (kind: ObjectKind, id: string): Change => ({ remove: [{ kind, id }] })
const change = ({ settings }: Managed, ...changes: Change[]) =>
  changes.reduce<Promise<unknown>>(
    (last, each) => last.then(() => settings.change(() => each)),
    Promise.resolve(),
  )

/** Names and origins of the teams that run. */
const teams = ({ settings }: Managed) =>
  [...settings.running.configuration.governance.teams.values()].map(
    ({ name, origin }) => `${name} (${origin.place})`,
  )

const isKey = ({ settings }: Managed, value: string) =>
  settings.running.configuration.governance.findVirtualKey(value)?.virtualKey.id

const FILE = {
  governance: {
    customers: [{ id: 'acme', name: 'Acme' }],
    teams: [{ id: 'eng', name: 'Engineering', customer_id: 'acme' }],
    virtual_keys: [{ id: 'dev', name: 'dev', value: 'sk-bf-dev', team_id: 'eng' }],
  },
}

describe('a change', () => {
  it('counts at once, is told, and is there after a restart', async () => {
    const managed = await openManaged({ file: FILE })
    await change(
      managed,
      put('teams', 'ops', { name: 'Operations' }),
      put('teams', 'eng', { name: 'Engineers' }),
    )
    const expected = ['Engineers (teams/eng)', 'Operations (teams/ops)']
    expect(teams(managed)).toEqual(expected)
    expect(managed.told).toEqual(['version 2', 'version 3'])
    managed.close()
    expect(teams(await openManaged({ appDir: managed.appDir }))).toEqual(expected)
  })

  it('shows for every object where it came from, and whether the file says something else', async () => {
    const managed = await openManaged({ file: FILE })
    await change(
      managed,
      put('teams', 'ops', { name: 'Operations' }),
      put('customers', 'acme', { name: 'ACME' }),
    )
    const { running } = managed.settings
    expect(running.find('teams', 'eng')).toMatchObject({
      source: 'file',
      place: 'governance.teams[0]',
      fileDiffers: false,
    })
    expect(running.find('teams', 'ops')).toMatchObject({
      source: 'api',
      place: 'teams/ops',
      fileDiffers: false,
    })
    expect(running.find('customers', 'acme')).toMatchObject({ source: 'api', fileDiffers: true })
    await change(managed, put('customers', 'acme', { name: 'Acme' }))
    expect(managed.settings.running.find('customers', 'acme')).toMatchObject({
      source: 'file',
      fileDiffers: false,
    })
    expect(managed.store.objects.map(({ id }) => id)).toEqual(['ops'])
  })

  it('of origins reaches what stands inside of an object', async () => {
    const managed = await openManaged({ file: FILE })
    const budgets = [{ max_limit: 5, reset_duration: '1d' }]
    await change(
      managed,
      put('virtual_keys', 'ci', { name: 'ci', budgets, provider_configs: [{ provider: 'openai', budgets }] }),
    )
    const { governance } = managed.settings.running.configuration
    const places = [...governance.budgets.values()].map(
      ({ id, origin }) => `${id}: ${origin.source} ${origin.place}`,
    )
    expect(places).toEqual([
      'virtual_key_provider/ci/openai/1d: api virtual-keys/ci',
      'virtual_key/ci/1d: api virtual-keys/ci',
    ])
  })

  it('H6 that would not work is refused whole, with its place, and what ran goes on', async () => {
    const managed = await openManaged({ file: FILE })
    const before = managed.settings.running.configuration
    const WRONG: [Change, problems: string[]][] = [
      [put('teams', 'x', { customer_id: 'nobody' }), ['teams x customer_id']],
      [put('teams', 'x', { budget: { max_limit: -1, reset_duration: '1d' } }), ['teams x budget.max_limit']],
      [put('teams', 'x', { budgets: [{ max_limit: 1 }] }), ['teams x budgets[0].reset_duration']],
      [remove('customers', 'acme'), ['teams eng customer_id']],
      [{ ...put('teams', 'ok', {}), remove: [{ kind: 'customers', id: 'acme' }] }, ['teams eng customer_id']],
      [put('virtual_keys', 'x', { name: 'dev' }), ['virtual_keys x name']],
      [put('routing_rules', 'x', { name: 'x', targets: [] }), ['routing_rules x targets']],
      [
        put('routing_rules', 'x', {
          name: 'x',
          cel_expression: 'model ==',
          targets: [{ provider: 'openai' }],
        }),
        ['routing_rules x cel_expression'],
      ],
    ]
    for (const [wrong, problems] of WRONG) {
      const refusal = await managed.settings.change(() => wrong).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(SettingsRefused)
      const found = (refusal as SettingsRefused).problems.map(
        ({ kind, id, field }) => `${kind} ${id} ${field}`,
      )
      expect(found).toEqual(problems)
    }
    expect(managed.settings.running.configuration).toBe(before)
    expect(managed.store.objects).toEqual([])
    expect(managed.told).toEqual([])
  })

  it('that the gateway may not run with is refused, too', async () => {
    const mayRun = () => (opened ? 'That would open the gateway.' : undefined)
    let opened = false
    const managed = await openManaged({ file: FILE, mayRun })
    opened = true
    await expect(change(managed, put('teams', 'x', {}))).rejects.toThrow('That would open the gateway.')
    expect(managed.store.objects).toEqual([])
  })

  it('A14 follows the one before it, so that none is lost', async () => {
    const managed = await openManaged({ file: FILE })
    await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        managed.settings.change((running) => {
          const before = running.find('teams', 'eng')!.body
          return put('teams', 'eng', { ...before, name: `${String(before['name'])}+${at}` })
        }),
      ),
    )
    expect(teams(managed)[0]).toBe(
      `Engineering${Array.from({ length: 30 }, (_, at) => `+${at}`).join('')} (teams/eng)`,
    )
  })

  it('whose disk refuses changes nothing', async () => {
    const managed = await openManaged({ file: FILE })
    managed.store.write = () => {
      throw new Error('disk full')
    }
    const before = managed.settings.running
    await expect(change(managed, put('teams', 'x', {}))).rejects.toThrow('disk full')
    expect(managed.settings.running).toBe(before)
  })

  it('is not taken where the file forbids it', async () => {
    const managed = await openManaged({ file: { ...FILE, config_store: { enabled: false } } })
    await expect(change(managed, put('teams', 'x', {}))).rejects.toThrow('config_store.enabled is false')
    const truth = await openManaged({ file: { ...FILE, source_of_truth: 'config.json' } })
    await expect(change(truth, put('teams', 'eng', { name: 'X' }))).rejects.toThrow('source_of_truth')
    await expect(change(truth, remove('teams', 'eng'))).rejects.toThrow('source_of_truth')
    await change(truth, put('teams', 'ops', { name: 'Operations' }))
    expect(teams(truth)).toEqual(['Engineering (governance.teams[0])', 'Operations (teams/ops)'])
  })
})

describe('the file and the API', () => {
  it('H5 another file leaves what the API made, and what it changed while the file says the same of it', async () => {
    const managed = await openManaged({ file: FILE })
    await change(
      managed,
      put('teams', 'ops', { name: 'Operations' }),
      put('teams', 'eng', { name: 'Engineers' }),
    )
    const { configuration } = await managed.reload({ ...FILE, client: { log_retention_days: 3 } })
    expect(configuration.client.logRetentionDays).toBe(3)
    expect(teams(managed)).toEqual(['Engineers (teams/eng)', 'Operations (teams/ops)'])
  })

  it('the file wins where it was changed, and says so', async () => {
    const managed = await openManaged({ file: FILE })
    await change(managed, put('teams', 'eng', { name: 'Engineers' }))
    const governance = { ...FILE.governance, teams: [{ id: 'eng', name: 'R&D' }] }
    const { notices } = await managed.reload({ governance })
    expect(teams(managed)).toEqual(['R&D (governance.teams[0])'])
    expect(notices.map(({ message }) => message)).toEqual([
      'teams/eng: the file was changed after the admin API had changed it, so the file counts.',
    ])
    // Going back does not bring back what was overruled.
    await managed.reload(FILE)
    expect(teams(managed)).toEqual(['Engineering (governance.teams[0])'])
    expect(managed.store.objects).toEqual([])
  })

  it('what was deleted over the API stays away, also after a restart', async () => {
    const managed = await openManaged({ file: FILE })
    await change(managed, remove('virtual_keys', 'dev'))
    expect(isKey(managed, 'sk-bf-dev')).toBeUndefined()
    managed.close()
    expect(isKey(await openManaged({ appDir: managed.appDir }), 'sk-bf-dev')).toBeUndefined()
  })

  it('H6 a file that does not fit with what the API made is refused, and says what of it', async () => {
    const managed = await openManaged({ file: FILE })
    await change(managed, put('virtual_keys', 'ci', { name: 'ci', team_id: 'eng' }))
    await expect(managed.reload({ governance: {} })).rejects.toThrow(
      'team_id of virtual_keys "ci": found "eng", expected the id of one of governance.teams',
    )
    await expect(managed.reload({ governance: { teams: [{ id: 1 }] } })).rejects.toThrow(
      /config\.json:\d+:\d+ governance\.teams\[0\]\.id/,
    )
    expect(teams(managed)).toEqual(['Engineering (governance.teams[0])'])
  })

  it('at a start, what does not fit waits, opens nothing, and can be mended over the API', async () => {
    const managed = await openManaged({ file: FILE })
    const { issued } = await managed.settings.change(() =>
      put('virtual_keys', 'ci', { name: 'ci', team_id: 'eng' }),
    )
    const { value } = issued[0]!
    managed.close()
    const later = await openManaged({ appDir: managed.appDir, file: { governance: {} } })
    expect(later.loaded.notices.map(({ message }) => message)).toEqual([
      'virtual_keys/ci of the admin API does not fit with the file and does not count: team_id: found "eng", expected the id of one of governance.teams.',
    ])
    expect(isKey(later, value)).toBeUndefined()
    expect(later.settings.running.find('virtual_keys', 'ci')).toMatchObject({
      problem: expect.stringContaining('team_id'),
    })
    // Others can be changed meanwhile.
    await change(later, put('teams', 'ops', {}))
    expect(isKey(later, value)).toBeUndefined()
    await change(later, put('virtual_keys', 'ci', { name: 'ci', team_id: 'ops' }))
    expect(isKey(later, value)).toBe('ci')
    expect(later.settings.running.find('virtual_keys', 'ci')).toMatchObject({ problem: undefined })
  })

  it('what waits counts again when the file fits, with the value that it had', async () => {
    const managed = await openManaged({ file: FILE })
    const { issued } = await managed.settings.change(() =>
      put('virtual_keys', 'ci', { name: 'ci', team_id: 'eng' }),
    )
    managed.close()
    const later = await openManaged({ appDir: managed.appDir, file: { governance: {} } })
    await later.reload({ client: { log_retention_days: 5 } })
    expect(isKey(later, issued[0]!.value)).toBeUndefined()
    const { issued: again } = await later.reload(FILE)
    expect(again).toEqual([])
    expect(isKey(later, issued[0]!.value)).toBe('ci')
  })

  it('without a file, what the API made counts', async () => {
    const managed = await openManaged()
    await change(managed, put('teams', 'ops', { name: 'Operations' }))
    managed.close()
    expect(teams(await openManaged({ appDir: managed.appDir }))).toEqual(['Operations (teams/ops)'])
  })
})

describe('virtual keys', () => {
  it('I10 get a value that is told once and kept nowhere', async () => {
    const managed = await openManaged({ file: FILE })
    const { issued } = await managed.settings.change(() => put('virtual_keys', 'ci', { name: 'ci' }))
    expect(issued).toMatchObject([
      { id: 'ci', name: 'ci', value: expect.stringMatching(/^sk-bf-[0-9a-f-]{36}$/) },
    ])
    const { value } = issued[0]!
    expect(isKey(managed, value)).toBe('ci')
    // The value of the file is not copied, either.
    await change(managed, put('virtual_keys', 'dev', { name: 'developer', value: 'sk-bf-dev' }))
    managed.close()
    const again = await openManaged({ appDir: managed.appDir })
    expect(isKey(again, value)).toBe('ci')
    expect(isKey(again, 'sk-bf-dev')).toBe('dev')
    again.close()
    for (const name of ['config.db', 'virtual-keys.json']) {
      const text = readFileSync(join(managed.appDir, name), 'latin1')
      expect(text).not.toContain(value.slice(6))
      expect(text).not.toContain('sk-bf-dev')
    }
  })

  it('rotate: the value before counts for the grace of the settings, and the file’s older value is no news', async () => {
    let nowMs = Date.UTC(2026, 0, 1)
    const file = { ...FILE, client: { vk_rotation_cooldown: '5m' } }
    const managed = await openManaged({ file, now: () => nowMs })
    const rotate: Change = { value: { id: 'dev', value: 'sk-bf-new', revokesPrevious: false } }
    await change(managed, rotate)
    expect([isKey(managed, 'sk-bf-new'), isKey(managed, 'sk-bf-dev')]).toEqual(['dev', 'dev'])
    nowMs += 6 * 60_000
    const governance = {
      ...FILE.governance,
      virtual_keys: [{ ...FILE.governance.virtual_keys[0], name: 'developer' }],
    }
    await managed.reload({ ...file, governance })
    expect([isKey(managed, 'sk-bf-new'), isKey(managed, 'sk-bf-dev')]).toEqual(['dev', undefined])
    managed.close()
    const again = await openManaged({
      appDir: managed.appDir,
      file: { ...file, governance },
      now: () => nowMs,
    })
    expect([isKey(again, 'sk-bf-new'), isKey(again, 'sk-bf-dev')]).toEqual(['dev', undefined])
  })

  it('that leaked lose the value before at once, whatever the grace', async () => {
    const managed = await openManaged({ file: { ...FILE, client: { vk_rotation_cooldown: '24h' } } })
    await change(managed, { value: { id: 'dev', value: 'sk-bf-new', revokesPrevious: true } })
    expect([isKey(managed, 'sk-bf-new'), isKey(managed, 'sk-bf-dev')]).toEqual(['dev', undefined])
  })
})

describe('a budget override', () => {
  const budget = (override?: object) => ({
    budgets: [{ id: 'b', max_limit: 10, reset_duration: '1d', ...(override && { override }) }],
  })
  const limit = ({ settings }: Managed) =>
    settings.running.configuration.governance.budgets.get('b')!.limitNanodollars / 1e9

  it('counts until its time comes, without anybody’s doing', async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
    const managed = await openManaged({ file: FILE })
    const until = new Date(Date.UTC(2026, 0, 31)).toISOString()
    await change(managed, put('teams', 'eng', budget({ additional_limit: 2.5, until })))
    expect(limit(managed)).toBe(12.5)
    // Longer than a timer of Node can be.
    await vi.advanceTimersByTimeAsync(29 * 86_400_000)
    expect(limit(managed)).toBe(12.5)
    await vi.advanceTimersByTimeAsync(86_400_000)
    expect(limit(managed)).toBe(10)
  })

  it('without an end counts until it is removed', async () => {
    const managed = await openManaged({ file: FILE })
    await change(managed, put('teams', 'eng', budget({ additional_limit: 5 })))
    expect(limit(managed)).toBe(15)
    await change(managed, put('teams', 'eng', budget()))
    expect(limit(managed)).toBe(10)
  })
})

describe('the administrator', () => {
  const admin = { admin_username: 'ann', admin_password: '$scrypt$x', is_enabled: true }

  it('of the API counts, and from then on callers must have keys, unless the file says otherwise', async () => {
    const managed = await openManaged({ file: FILE })
    expect(managed.settings.running.configuration.client.enforceAuthOnInference).toBe(false)
    await change(managed, { put: [{ kind: 'auth_config', id: 'administrator', body: admin }] })
    const { configuration } = managed.settings.running
    expect(configuration.admin).toMatchObject({ enabled: true, username: 'ann', password: '$scrypt$x' })
    expect(configuration.client.enforceAuthOnInference).toBe(true)
    const said = await managed.reload({ ...FILE, client: { enforce_auth_on_inference: false } })
    expect(said.configuration.client.enforceAuthOnInference).toBe(false)
  })

  it('of the API locks out no agent where it says so, as the first one does', async () => {
    const managed = await openManaged({ file: FILE })
    const body = { ...admin, disable_auth_on_inference: true }
    await change(managed, { put: [{ kind: 'auth_config', id: 'administrator', body }] })
    expect(managed.settings.running.configuration.client.enforceAuthOnInference).toBe(false)
  })

  it('of the file counts before that of the API', async () => {
    const managed = await openManaged({ file: FILE })
    await change(managed, { put: [{ kind: 'auth_config', id: 'administrator', body: admin }] })
    await managed.reload({
      ...FILE,
      auth_config: { admin_username: 'bob', admin_password: 'x', is_enabled: true },
    })
    expect(managed.settings.running.configuration.admin.username).toBe('bob')
  })

  it('setup token: of the file, else of the environment, and I21 an empty one is none', async () => {
    const token = async (setupToken: string | undefined, environment = {}) =>
      (await openManaged({ file: { setup_token: setupToken }, environment })).settings.running.setupToken
    expect(await token('abc', { BIFROST_SETUP_TOKEN: 'def' })).toBe('abc')
    expect(await token('env.MY_TOKEN', { MY_TOKEN: 'xyz' })).toBe('xyz')
    expect(await token(undefined, { BIFROST_SETUP_TOKEN: 'def' })).toBe('def')
    expect(await token('', { BIFROST_SETUP_TOKEN: ' ' })).toBeUndefined()
    expect(await token('env.MY_TOKEN')).toBeUndefined()
  })
})
