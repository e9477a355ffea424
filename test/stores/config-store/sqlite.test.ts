import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ConfigStore, StoredObject, StoredSession } from '../../../src/stores/config-store/port.ts'
import { openConfigStore, readConfigStore } from '../../../src/stores/config-store/sqlite.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const object = (id: string, given: Partial<StoredObject> = {}): StoredObject => ({
  kind: 'teams',
  id,
  body: { id, name: `Team ${id}` },
  fileHash: undefined,
  createdAtMs: 1,
  updatedAtMs: 1,
  ...given,
})

const session = (digest: string, given: Partial<StoredSession> = {}): StoredSession => ({
  digest,
  kind: 'administrator',
  credential: 'c',
  createdAtMs: 1000,
  expiresAtMs: 2000,
  ...given,
})

function open(path: string | undefined): ConfigStore {
  const store = openConfigStore(path)
  onTestFinished(() => store.close())
  return store
}

/** What another start would find. */
function reopened(store: ConfigStore, path: string): ConfigStore {
  store.close()
  return open(path)
}

describe('objects', () => {
  it('are found again, changed and deleted ones among them, in the order in which they were made', () => {
    const path = join(temporaryDirectory(), 'config.db')
    const store = open(path)
    store.write({ put: [object('b', { createdAtMs: 2 }), object('c', { createdAtMs: 3 }), object('a')] })
    store.write({ put: [object('a', { body: null, fileHash: 'h', createdAtMs: 9, updatedAtMs: 9 })] })
    store.write({
      forget: [
        { kind: 'teams', id: 'c' },
        { kind: 'customers', id: 'b' },
      ],
    })
    const expected = [
      object('a', { body: null, fileHash: 'h', updatedAtMs: 9 }),
      object('b', { createdAtMs: 2 }),
    ]
    expect(store.objects).toEqual(expected)
    expect(reopened(store, path).objects).toEqual(expected)
  })

  it('F10 hold whatever text there is', () => {
    const path = join(temporaryDirectory(), 'config.db')
    const nasty = `'; DROP TABLE objects; --\0"%_\u{1f600}`
    const store = open(path)
    store.write({ put: [object(nasty, { body: { [nasty]: nasty, __proto__: null } })] })
    expect(reopened(store, path).objects).toMatchObject([{ id: nasty, body: { [nasty]: nasty } }])
  })

  it('are changed all or not at all', () => {
    const path = join(temporaryDirectory(), 'config.db')
    const store = open(path)
    store.write({ put: [object('a')] })
    const broken = object('b', { createdAtMs: 'soon' as unknown as number })
    expect(() => store.write({ put: [object('c'), broken], forget: [object('a')] })).toThrow()
    expect(store.objects).toEqual([object('a')])
    expect(reopened(store, path).objects).toEqual([object('a')])
  })
})

describe('the file', () => {
  it('is not there until something is written, and then for its owner alone', () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'config.db')
    const store = open(path)
    store.write({ put: [], forget: [] })
    store.sessions.remove('x')
    store.sessions.removeAll()
    expect(store.sessions.find('x')).toBeUndefined()
    expect(existsSync(path)).toBe(false)
    store.write({ put: [object('a')] })
    expect(readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual(
      readdirSync(directory).map(() => 0o600),
    )
  })

  it('F13 is one gateway’s: a second one is refused', async () => {
    const path = join(temporaryDirectory(), 'config.db')
    open(path).write({ put: [object('a')] })
    const other = fork(join(import.meta.dirname, 'open-config-store.ts'), [path], { silent: true })
    let said = ''
    other.stderr!.on('data', (chunk) => (said += chunk))
    const [code] = await once(other, 'exit')
    expect(code).toBe(1)
    expect(said).toContain(`config_store: ${path} cannot be opened, because another Signalbox is using it.`)
  })

  it('F3 keeps what was written when the process is killed', async () => {
    const path = join(temporaryDirectory(), 'config.db')
    const other = fork(join(import.meta.dirname, 'open-config-store.ts'), [path, 'write'], { silent: true })
    const written = (await once(other, 'message'))[0] as number
    other.kill('SIGKILL')
    await once(other, 'exit')
    const read = readConfigStore(path)
    expect(read.objects.length).toBeGreaterThanOrEqual(written)
    expect(open(path).objects).toEqual(read.objects)
  })

  it('is read by commands when no gateway has it, and not changed', () => {
    const path = join(temporaryDirectory(), 'config.db')
    expect(readConfigStore(path).objects).toEqual([])
    expect(readConfigStore(undefined).objects).toEqual([])
    const store = open(path)
    store.write({ put: [object('a')] })
    const salt = store.salt()
    expect(() => readConfigStore(path)).toThrow(
      `config_store: ${path} cannot be read, because a Signalbox that runs`,
    )
    store.close()
    const before = readFileSync(path)
    const read = readConfigStore(path)
    read.write({ put: [object('b')] })
    expect([read.objects, read.salt()]).toEqual([[object('a')], salt])
    expect(readFileSync(path)).toEqual(before)
    expect(open(path).objects).toEqual([object('a')])
  })

  const DAMAGES: [what: string, damage: (path: string) => void][] = [
    ['0 bytes', (path) => truncateSync(path, 0)],
    ['text', (path) => writeFileSync(path, 'x'.repeat(5000))],
    ['half of it', (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    [
      'a flipped page',
      (path) => {
        const bytes = readFileSync(path)
        bytes.fill(0xff, 4096, 8192)
        writeFileSync(path, bytes)
      },
    ],
    [
      'a newer version of the schema',
      (path) => {
        const database = new DatabaseSync(path)
        database.exec('PRAGMA user_version = 99')
        database.close()
      },
    ],
  ]
  it.each(DAMAGES)('F5 with %s is refused, in words that help, and left as it is', (_what, damage) => {
    const path = join(temporaryDirectory(), 'config.db')
    const store = open(path)
    store.write({ put: Array.from({ length: 50 }, (_, at) => object(`${at}`)) })
    store.close()
    damage(path)
    const before = readFileSync(path)
    expect(() => openConfigStore(path)).toThrow(
      /^config_store: .*config\.db cannot be used \(.+\)\. Restore it from a backup/,
    )
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('in memory leaves nothing behind', () => {
    const store = open(undefined)
    store.write({ put: [object('a')] })
    expect(store.objects).toEqual([object('a')])
  })
})

describe('sessions', () => {
  it('are found until they are removed, one or all', () => {
    const path = join(temporaryDirectory(), 'config.db')
    const store = open(path)
    for (const digest of ['a', 'b', 'c']) store.sessions.add(session(digest))
    store.sessions.remove('b')
    const again = reopened(store, path)
    expect(['a', 'b', 'c'].map((digest) => again.sessions.find(digest))).toEqual([
      session('a'),
      undefined,
      session('c'),
    ])
    again.sessions.removeAll()
    expect(again.sessions.find('a')).toBeUndefined()
  })

  it('that are over are forgotten when the next one begins', () => {
    const store = open(undefined)
    store.sessions.add(session('old', { expiresAtMs: 1500 }))
    store.sessions.add(session('new', { createdAtMs: 1500, expiresAtMs: 9000 }))
    expect(store.sessions.find('old')).toBeUndefined()
    expect(store.sessions.find('new')).toBeDefined()
  })
})

it('the salt of an installation stays as it is', () => {
  const path = join(temporaryDirectory(), 'config.db')
  const store = open(path)
  const salt = store.salt()
  expect(salt.length).toBe(16)
  expect(reopened(store, path).salt()).toEqual(salt)
  expect(open(undefined).salt()).not.toEqual(salt)
})
