import { createHmac, randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Loaded } from '../../../src/stores/config/load.ts'
import { KeyHash } from '../../../src/stores/config/key-hash.ts'
import { KeyKeeper } from '../../../src/stores/config/key-keeper.ts'
import { forgetfulMemory, openKeyMemory, rotate } from '../../../src/stores/config/key-memory.ts'
import type { KeyMemory } from '../../../src/stores/config/key-memory.ts'
import { load, onlyKey } from './support.ts'

const key = (rest: object = {}) => ({ id: 'k', name: 'dev', ...rest })
const settings = (keys: object[], client: object = {}) => ({ client, governance: { virtual_keys: keys } })
const NOW = Date.UTC(2026, 10, 21)
const MINUTE = 60_000

describe('the keyed hash', () => {
  it('is HMAC-SHA256 under the text of the secret', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.string({ unit: 'binary' }),
        (secret, value) => {
          const text = Buffer.from(secret).toString('hex')
          const expected = createHmac('sha256', text).update(value).digest('base64url')
          expect(new KeyHash(secret).of(value)).toBe(expected)
        },
      ),
    )
  })

  it.each([0, 1, 31, 33])('I21 refuses a secret of %i bytes', (length) => {
    expect(() => new KeyHash(new Uint8Array(length))).toThrow('expected 32')
  })

  it('I9 knows a key by all of it', async () => {
    const values = Array.from({ length: 1000 }, (_, index) => `sk-bf-${'same'.repeat(20)}${index}`)
    const keys = values.map((value, index) => ({ id: `${index}`, name: `${index}`, value }))
    const { governance } = (await load(settings(keys))).configuration
    expect(values.map((value) => governance.findVirtualKey(value)?.virtualKey.id)).toEqual(
      keys.map(({ id }) => id),
    )
    expect(governance.findVirtualKey(values[0]!.slice(0, -1))).toBeUndefined()
    expect(governance.findVirtualKey(`${values[0]} `)).toBeUndefined()
    expect(governance.findVirtualKey('')).toBeUndefined()
  })

  it('I9 a million tokens that begin as one of its keys does are nobody’s', { timeout: 60_000 }, async () => {
    const prefix = `sk-bf-${'same'.repeat(20)}`
    const { governance } = (await load(settings([key({ value: `${prefix}0` })]))).configuration
    expect(governance.findVirtualKey(`${prefix}0`)).toBeDefined()
    let found = 0
    for (let n = 1; n <= 1_000_000; n++)
      if (governance.findVirtualKey(`${prefix}${n.toString(36)}`) !== undefined) found++
    expect(found).toBe(0)
    expect(governance.findVirtualKey(`${prefix}0`)).toBeDefined()
  })
})

it('the value of a key is nowhere in what runs', async () => {
  const loaded = await load(settings([key({ value: 'sk-bf-very-secret' })]))
  expect(loaded.configuration.governance.findVirtualKey('sk-bf-very-secret')).toBeDefined()
  const everything = inspect({ ...loaded, text: '' }, { depth: 20, showHidden: true })
  expect(everything).toContain('dev')
  expect(everything).not.toContain('very-secret')
})

const STATES: [title: string, written: object, expected: object][] = [
  ['plain', {}, { active: true, expiresAtMs: undefined, disableContentLogging: undefined, order: 'weighted', description: undefined }],
  ['switched off', { is_active: false }, { active: false }],
  ['expiring', { expires_at: '2027-01-31T00:00:00Z' }, { expiresAtMs: Date.UTC(2027, 0, 31) }],
  ['expiring never', { expires_at: null }, { expiresAtMs: undefined }],
  ['not logged', { disable_content_logging: true }, { disableContentLogging: true }],
  ['logged as the client settings say', { disable_content_logging: null }, { disableContentLogging: undefined }],
  ['in the order of its weights', { balance: 'heaviest_first' }, { order: 'heaviest-first' }],
  ['described', { description: 'for CI' }, { description: 'for CI' }],
] // prettier-ignore

it.each(STATES)('a key that is %s', async (_title, written, expected) => {
  const { governance } = (await load(settings([key({ value: 'sk-bf-1', ...written })]))).configuration
  expect(onlyKey(governance)).toMatchObject(expected)
})

it('the customer of a key is its team’s, else its own', async () => {
  const { governance } = (
    await load({
      governance: {
        customers: [{ id: 'c', name: 'Acme' }, { id: 'd' }],
        teams: [{ id: 't', customer_id: 'c' }, { id: 'u' }],
        virtual_keys: [
          { id: '1', name: '1', value: 'a', team_id: 't' },
          { id: '2', name: '2', value: 'b', customer_id: 'd' },
          { id: '3', name: '3', value: 'c', team_id: 'u' },
        ],
      },
    })
  ).configuration
  expect(
    [...governance.virtualKeys.values()].map(({ team, customer }) => [team?.name, customer?.name]),
  ).toEqual([
    ['t', 'Acme'],
    [undefined, 'd'],
    ['u', undefined],
  ])
})

/** One start or change of the file after another: what the file says, when, and what each value is then. */
interface Step {
  value?: string
  /** By the API, before the file is read. */
  rotatedTo?: string
  revokes?: boolean
  atMinute: number
  cooldown?: string | number
  works: Record<string, 'now' | number>
}

const ROTATIONS: [title: string, steps: Step[]][] = [
  ['a value of the file that is replaced, with grace', [
    { value: 'A', atMinute: 0, cooldown: '5m', works: { A: 'now' } },
    { value: 'B', atMinute: 1, cooldown: '5m', works: { B: 'now', A: 6 } },
    { value: 'B', atMinute: 5, cooldown: '5m', works: { B: 'now', A: 6 } },
    { value: 'B', atMinute: 6, cooldown: '5m', works: { B: 'now' } },
  ]],
  ['in seconds', [
    { value: 'A', atMinute: 0, cooldown: 120, works: { A: 'now' } },
    { value: 'B', atMinute: 1, cooldown: 120, works: { B: 'now', A: 3 } },
  ]],
  ['without grace', [
    { value: 'A', atMinute: 0, works: { A: 'now' } },
    { value: 'B', atMinute: 1, works: { B: 'now' } },
  ]],
  ['grace that is set with the change', [
    { value: 'A', atMinute: 0, works: { A: 'now' } },
    { value: 'B', atMinute: 1, cooldown: '5m', works: { B: 'now', A: 6 } },
  ]],
  ['twice: only the last one is remembered', [
    { value: 'A', atMinute: 0, cooldown: '5m', works: { A: 'now' } },
    { value: 'B', atMinute: 1, cooldown: '5m', works: { B: 'now', A: 6 } },
    { value: 'C', atMinute: 2, cooldown: '5m', works: { C: 'now', B: 7 } },
  ]],
  ['and back', [
    { value: 'A', atMinute: 0, cooldown: '5m', works: { A: 'now' } },
    { value: 'B', atMinute: 1, cooldown: '5m', works: { B: 'now', A: 6 } },
    { value: 'A', atMinute: 2, cooldown: '5m', works: { A: 'now', B: 7 } },
  ]],
  ['by the API: the file, which still has the old one, says nothing new', [
    { value: 'A', atMinute: 0, cooldown: '5m', works: { A: 'now' } },
    { value: 'A', rotatedTo: 'B', atMinute: 1, cooldown: '5m', works: { B: 'now', A: 6 } },
    { value: 'A', atMinute: 9, cooldown: '5m', works: { B: 'now' } },
    { value: 'C', atMinute: 10, cooldown: '5m', works: { C: 'now', B: 15 } },
  ]],
  ['by the API, at once', [
    { value: 'A', atMinute: 0, cooldown: '5m', works: { A: 'now' } },
    { value: 'A', rotatedTo: 'B', revokes: true, atMinute: 1, cooldown: '5m', works: { B: 'now' } },
    { value: 'A', atMinute: 2, cooldown: '5m', works: { B: 'now' } },
  ]],
  ['of a made-up value, which nobody but its user knows', [
    { value: 'A', atMinute: 0, cooldown: '5m', works: { A: 'now' } },
    { atMinute: 1, cooldown: '5m', works: { A: 'now' } },
  ]],
] // prettier-ignore

describe('rotation', () => {
  it.each(ROTATIONS)('%s', async (_title, steps) => {
    let memory: KeyMemory = forgetfulMemory()
    for (const { value, rotatedTo, revokes = false, atMinute, cooldown, works } of steps) {
      const nowMs = NOW + atMinute * MINUTE
      if (rotatedTo !== undefined)
        memory = rotate(memory, { id: 'k', value: rotatedTo, nowMs, revokesPrevious: revokes })
      const client = cooldown === undefined ? {} : { vk_rotation_cooldown: cooldown }
      const loaded = await load(settings([key({ value })], client), { memory, nowMs })
      memory = loaded.memory
      const { governance } = loaded.configuration
      const found = ['A', 'B', 'C'].flatMap((each) => {
        const known = governance.findVirtualKey(each)
        if (known === undefined) return []
        const ends = known.graceEndsAtMs
        return [[each, ends === undefined ? 'now' : (ends - NOW) / MINUTE]]
      })
      expect(Object.fromEntries(found)).toEqual(works)
    }
  })

  it('a value that one key had before belongs to the key that has it now', async () => {
    const client = { vk_rotation_cooldown: '5m' }
    const two = (a: string, b: string) =>
      settings([{ id: 'a', name: 'a', value: a }, { id: 'b', name: 'b', value: b }], client) // prettier-ignore
    const { memory } = await load(two('A', 'B'), { nowMs: NOW })
    const { configuration, notices } = await load(two('C', 'A'), { memory, nowMs: NOW })
    expect(configuration.governance.findVirtualKey('A')).toMatchObject({
      virtualKey: { id: 'b' },
      graceEndsAtMs: undefined,
    })
    expect(notices.filter(({ message }) => message.includes('cannot be used'))).toEqual([])
  })
})

describe('a key without value', () => {
  it('gets one, which is the same as long as the memory lasts', async () => {
    const first = await load(settings([key()]), { nowMs: NOW })
    const [issued] = first.issued
    expect(issued).toMatchObject({
      id: 'k',
      name: 'dev',
      value: expect.stringMatching(/^sk-bf-[0-9a-f-]{36}$/),
    })
    const second = await load(settings([key()]), { memory: first.memory })
    expect(second.issued).toEqual([])
    expect(second.memory).toBe(first.memory)
    expect(second.configuration.governance.findVirtualKey(issued!.value)).toBeDefined()
  })

  it('gets another one when it was taken out in between', async () => {
    const first = await load(settings([key()]))
    const without = await load(settings([key({ id: 'other', name: 'other' })]), { memory: first.memory })
    const again = await load(settings([key()]), { memory: without.memory })
    expect(again.issued).toHaveLength(1)
    expect(again.configuration.governance.findVirtualKey(first.issued[0]!.value)).toBeUndefined()
  })

  it('is not the same as one whose variable is missing', async () => {
    const loaded = await load(settings([key({ value: 'env.NOT_SET' })]))
    expect(loaded.issued).toEqual([])
    expect(loaded.configuration.governance.acceptsKeys).toBe(false)
    expect(onlyKey(loaded.configuration.governance).id).toBe('k')
  })
})

describe('the memory of an app dir', () => {
  let appDir = ''
  beforeEach(async () => {
    appDir = await mkdtemp(join(tmpdir(), 'signalbox-'))
  })
  afterEach(() => rm(appDir, { recursive: true }))
  const path = (name: string) => join(appDir, name)
  const start = async (written: object) => {
    const keeper = new KeyKeeper(appDir, () => {})
    const loaded: Loaded = await load(written, { openMemory: keeper.open })
    await keeper.keep(loaded.memory)
    return loaded
  }

  it('outlives starts: hashes and nothing else, for the owner alone', async () => {
    const [issued] = (await start(settings([key()]))).issued
    const again = await start(settings([key()]))
    expect(again.issued).toEqual([])
    expect(again.configuration.governance.findVirtualKey(issued!.value)).toBeDefined()
    const files = await Promise.all(
      ['virtual-keys.secret', 'virtual-keys.json'].map(async (name) => {
        expect((await stat(path(name))).mode & 0o777).toBe(0o600)
        return readFile(path(name), 'utf8')
      }),
    )
    expect(files.join()).not.toContain(issued!.value.slice(6))
  })

  it('is not made where there are no virtual keys', async () => {
    await start({ client: {} })
    await expect(stat(path('virtual-keys.secret'))).rejects.toThrow('ENOENT')
  })

  it('remembers rotations', async () => {
    const client = { vk_rotation_cooldown: '1h' }
    await start(settings([key({ value: 'A' })], client))
    await start(settings([key({ value: 'B' })], client))
    const { governance } = (await start(settings([key({ value: 'B' })], client))).configuration
    expect(governance.findVirtualKey('A')?.graceEndsAtMs).toBeGreaterThan(Date.now())
  })

  it('takes the permissions back that a copy gave', async () => {
    await start(settings([key()]))
    await chmod(path('virtual-keys.secret'), 0o644)
    await openKeyMemory(appDir)
    expect((await stat(path('virtual-keys.secret'))).mode & 0o777).toBe(0o600)
  })

  const DAMAGED: [title: string, file: string, text: string, message: string][] = [
    ['F5 an empty secret', 'virtual-keys.secret', '', 'found no secret, expected 64 hexadecimal digits'],
    ['F5 a short secret', 'virtual-keys.secret', 'abcd', 'found no secret, expected 64 hexadecimal digits'],
    ['F5 an empty memory', 'virtual-keys.json', '', 'found no memory of virtual keys'],
    ['F5 another file', 'virtual-keys.json', '{"keys": {}}', 'found no memory of virtual keys'],
    ['F5 a digest that is none', 'virtual-keys.json', '{"version": 1, "keys": {"k": {"digest": "x"}}}', 'found no memory of virtual keys'],
    ['F5 no digest', 'virtual-keys.json', '{"version": 1, "keys": {"k": null}}', 'found no memory of virtual keys'],
  ] // prettier-ignore

  it.each(DAMAGED)('refuses %s, instead of making up new values', async (_title, file, text, message) => {
    await start(settings([key()]))
    await writeFile(path(file), text)
    await expect(start(settings([key()]))).rejects.toThrow(message)
  })

  // Nobody may write there, root included.
  it.runIf(process.platform === 'linux')('does without an app dir that takes none, and says so', async () => {
    const told: string[] = []
    const keeper = new KeyKeeper('/sys', (problem) => told.push(problem))
    const loaded = await load(settings([key()]), { openMemory: keeper.open })
    await keeper.keep(loaded.memory)
    const again = await load(settings([key()]), { openMemory: keeper.open })
    expect(again.issued).toEqual([])
    expect(told).toEqual([expect.stringMatching(/^Nothing of virtual keys can be remembered/)])
  })

  it('forgets what the file forgets', async () => {
    const keeper = new KeyKeeper(appDir, () => {})
    const first = await load(settings([key()]), { openMemory: keeper.open })
    await keeper.keep(first.memory)
    await keeper.keep((await load({}, { openMemory: keeper.open })).memory)
    expect((await openKeyMemory(appDir)).keys.size).toBe(0)
  })
})

it('ten thousand keys are known each by its own value', async () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => ({
    id: `k${index}`,
    name: `k${index}`,
    value: `sk-bf-${randomBytes(16).toString('hex')}`,
  }))
  const { governance } = (await load(settings(keys))).configuration
  expect(governance.virtualKeys.size).toBe(10_000)
  expect(keys.map(({ value }) => governance.findVirtualKey(value)?.virtualKey.id)).toEqual(
    keys.map(({ id }) => id),
  )
})
