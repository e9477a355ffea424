/** Files that a bad disk, a machine that lost its power or a slip of the hand has damaged, and a second gateway on the same ones. */
import { cpSync, existsSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { openLedger } from '../../src/stores/ledger/sqlite.ts'
import { openLogStore } from '../../src/stores/logs/sqlite.ts'
import { seeded } from '../support/chance.ts'
import { type Gateway, newAppDir, removeAppDir, startGateway } from '../support/gateway.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { allRows } from './rig/log-rows.ts'
import { APIS, ask, keyWithBudget, logged, providersAt } from './rig/money.ts'

const CALLS = 12

let provider: Provider
/** An app directory that has been in use, by a file and by the API. */
let used: string
let spent: number
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  used = await newAppDir()
  const gateway = await start(used)
  await api(gateway, 'POST', 'governance/virtual-keys', { id: 'made', name: 'made', value: MADE })
  await api(gateway, 'POST', 'providers/openai/keys', { name: 'second', value: 'sk-second', models: ['*'] })
  for (let call = 0; call < CALLS; call++) expect(await statusFor(gateway, FILE, call)).toBe(200)
  spent = await usedOf(gateway)
  await gateway.close()
  // What the journal holds comes into the database with the next start.
  await (await start(used)).close()
}, 60_000)
afterAll(async () => {
  await provider.close()
  await removeAppDir(used)
})

const FILE = 'sk-bf-file'
const MADE = 'sk-bf-made-by-the-api-itself'

const config = () => ({
  providers: providersAt(provider.url),
  client: { enforce_auth_on_inference: true },
  governance: { virtual_keys: [keyWithBudget('file', 100)] },
})
const gateways: Gateway[] = []
async function start(appDir: string): Promise<Gateway> {
  const gateway = await startGateway({ config: config(), appDir })
  gateways.push(gateway)
  return gateway
}
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()))
})

async function statusFor({ url }: Gateway, virtualKey?: string, call = 0): Promise<number> {
  return (await ask(url, { api: APIS[call % 4]!, ...(virtualKey && { virtualKey }) })).status
}

async function api({ url }: Gateway, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${url}/api/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  expect(response.ok, text).toBe(true)
  return JSON.parse(text)
}

async function usedOf(gateway: Gateway): Promise<number> {
  const answer = await api(gateway, 'GET', 'governance/budgets/budget-file')
  return (answer as { budget: { nanodollars: { used: number } } }).budget.nanodollars.used
}

/** Runs with a copy of the directory that has been in use. */
async function withCopy(work: (appDir: string) => Promise<void>): Promise<void> {
  const appDir = await newAppDir()
  try {
    cpSync(used, appDir, { recursive: true })
    await work(appDir)
  } finally {
    await removeAppDir(appDir)
  }
}

const DAMAGES: [what: string, damage: (bytes: Buffer) => Buffer][] = [
  ['of no bytes', () => Buffer.alloc(0)],
  ['of zeros', (bytes) => Buffer.alloc(bytes.length)],
  ['whose second half is missing', (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ['with a bit flipped near its start', (bytes) => Buffer.from(bytes).fill(bytes[3]! ^ 0x10, 3, 4)],
]

/** What the start says of each, which must not do without it. */
const NEEDED: Readonly<Record<string, RegExp>> = {
  'ledger.db': /the ledger .*ledger\.db cannot be opened, because .* Put a copy of it back/,
  'config.db': /config_store: .*config\.db cannot be used \(.*\)\. Restore it from a backup/,
  'config.key': /config\.key/,
  'virtual-keys.json': /virtual-keys\.json: found no memory of virtual keys\. Restore it from a backup/,
  'virtual-keys.secret': /virtual-keys\.secret: found no secret, .* Restore it from a backup/,
}

describe.each(Object.entries(NEEDED))('F5 %s', (file, message) => {
  it.each(DAMAGES)(
    '%s: the start is refused, says what to do, and leaves it as it is',
    async (_what, damage) => {
      await withCopy(async (appDir) => {
        const path = join(appDir, file)
        const bytes = damage(readFileSync(path))
        writeFileSync(path, bytes)
        const why = await start(appDir).then(
          async (gateway) => {
            await gateway.close()
            return 'it was started'
          },
          (error: Error) => error.message,
        )
        expect(why).toContain('The gateway ended with code 1.')
        expect(why).toMatch(message)
        expect(readFileSync(path).equals(bytes)).toBe(true)
      })
    },
  )
})

it.each(DAMAGES)(
  'F5 logs.db %s: the gateway starts, lets in whom it did, knows what was spent, and saves the file',
  async (_what, damage) => {
    await withCopy(async (appDir) => {
      const path = join(appDir, 'logs.db')
      writeFileSync(path, damage(readFileSync(path)))
      const gateway = await start(appDir)
      const statuses = [undefined, 'sk-bf-nobody', FILE, MADE].map((key) => statusFor(gateway, key))
      expect(await Promise.all(statuses)).toEqual([401, 403, 200, 200])
      expect(await usedOf(gateway)).toBeGreaterThan(spent)
      // Two that were refused, and two that were answered.
      await expect.poll(() => allRows(appDir).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4)
      await gateway.close()
    })
  },
)

it('F13 a second gateway on the same directory is refused, says who has it, and disturbs nobody', async () => {
  await withCopy(async (appDir) => {
    const first = await start(appDir)
    await expect(start(appDir)).rejects.toThrow(/ended with code 1\.\n.*another Signalbox/)
    expect(await statusFor(first, FILE)).toBe(200)
    expect(await statusFor(first)).toBe(401)
    expect(await usedOf(first)).toBeGreaterThan(spent)
    await first.close()
    const third = await start(appDir)
    expect(await statusFor(third, MADE)).toBe(200)
    await third.close()
  })
})

const CUTS = 100
const AT_ONCE = 8

/** Whether SQLite finds nothing wrong. */
function isWhole(path: string): boolean {
  const database = new DatabaseSync(path)
  try {
    return database.prepare('PRAGMA integrity_check').get()?.['integrity_check'] === 'ok'
  } finally {
    database.close()
  }
}

function usedIn(appDir: string): number {
  const database = new DatabaseSync(join(appDir, 'ledger.db'), { readOnly: true })
  const row = database.prepare("SELECT sum(used) AS used FROM windows WHERE unit = 'nanodollars'").get()
  database.close()
  return Number(row!['used'])
}

/** As a gateway leaves its files that dies while it works. */
async function dieAtWork(appDir: string): Promise<void> {
  const gateway = await start(appDir)
  const caller = async () => {
    for (let call = 0; ; call++) if ((await statusFor(gateway, FILE, call)) !== 200) return
  }
  const callers = Array.from({ length: AT_ONCE }, caller)
  const isWritten = () => existsSync(join(appDir, 'ledger.db-wal')) && allRows(appDir).length > 200
  await expect.poll(isWritten, { timeout: 20_000 }).toBe(true)
  process.kill(gateway.pid, 'SIGKILL')
  await Promise.all(callers)
  await gateway.close()
}

it(
  `F4 databases and journals that end anywhere, as of a machine that lost its power, are whole again, ${CUTS} times, with what was spent before`,
  { timeout: 120_000 },
  async () => {
    const random = seeded(4)
    const report = () => undefined
    await withCopy(async (torn) => {
      await dieAtWork(torn)
      for (let cut = 0; cut < CUTS; cut++) {
        const appDir = await newAppDir()
        cpSync(torn, appDir, { recursive: true })
        const files = readdirSync(appDir, { recursive: true, encoding: 'utf8' })
        for (const file of files.filter((name) => /-wal$|\.ndjson$/.test(name))) {
          const path = join(appDir, file)
          truncateSync(path, Math.floor(statSync(path).size * random()))
        }
        const { ledger } = openLedger({ path: join(appDir, 'ledger.db'), report })
        const store = openLogStore({ path: join(appDir, 'logs.db'), retentionDays: 365, report })
        await store.writer.flush()
        await store.close()
        await ledger.close()
        for (const file of ['ledger.db', 'logs.db', 'config.db'])
          expect({ cut, file, isWhole: isWhole(join(appDir, file)) }).toEqual({ cut, file, isWhole: true })
        expect(usedIn(appDir)).toBeGreaterThanOrEqual(spent)
        expect(logged(allRows(appDir))).toBeGreaterThanOrEqual(spent)
        await removeAppDir(appDir)
      }
    })
  },
)
