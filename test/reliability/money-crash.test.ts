/** A gateway that is killed while it spends: what it wrote down, what its log says and what the provider billed. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { seeded } from '../support/chance.ts'
import { type Gateway, newAppDir, removeAppDir, startGateway } from '../support/gateway.ts'
import type { Directive } from '../support/provider/directive.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { allRows } from './rig/log-rows.ts'
import {
  APIS,
  type Asked,
  NATIVE_MODEL,
  PRICES,
  ask,
  ledgerFile,
  logged,
  priceOf,
  providersAt,
  readLedger,
  requestOf,
  sumOf,
} from './rig/money.ts'
import { RawCall } from './rig/raw-call.ts'

const KILLS = 20
const CALLS = 10_000
const AT_ONCE = 24
const HELD = 50
const virtualKey = 'sk-bf-all'

let ledgerPath: string
let provider: Provider
let appDir: string
beforeEach(async () => {
  ledgerPath = ledgerFile('crash')
  provider = await startProvider({ strict: false, ledgerPath })
  appDir = await newAppDir()
})
afterEach(async () => {
  await running?.close()
  await provider.close()
  await removeAppDir(appDir)
  rmSync(ledgerPath)
})

/** Retries, so that some calls are billed twice, at every level of limits that there is. */
const config = (dollars: number) => ({
  providers: providersAt(provider.url, { max_retries: 1, retry_backoff_initial: 1, retry_backoff_max: 2 }),
  governance: {
    teams: [{ id: 'team', budget: { id: 'budget-team', max_limit: dollars, reset_duration: '1Y' } }],
    virtual_keys: [
      {
        id: 'all',
        name: 'all',
        value: virtualKey,
        team_id: 'team',
        budget: { id: 'budget-all', max_limit: dollars, reset_duration: '1M' },
        rate_limit: {
          id: 'limit-all',
          token_max_limit: 1_000_000_000,
          token_reset_duration: '1M',
          request_max_limit: 1_000_000,
          request_reset_duration: '1M',
        },
      },
    ],
  },
})

/** The gateway of now; the one before is dead. */
let running: Gateway | undefined

async function start(dollars: number): Promise<Gateway> {
  return (running = await startGateway({ config: config(dollars), appDir }))
}

/** What the ledger's database says. */
function readLedgerFile() {
  const database = new DatabaseSync(join(appDir, 'ledger.db'), { readOnly: true, timeout: 1_000 })
  try {
    const windows = database.prepare('SELECT account, unit, used FROM windows').all()
    const used = Object.fromEntries(
      windows.map((row) => [`${String(row['account'])} ${String(row['unit'])}`, Number(row['used'])]),
    )
    const reservations = database.prepare('SELECT count(*) AS count FROM reservations').get()
    return { used, reservations: Number(reservations!['count']) }
  } finally {
    database.close()
  }
}

/** Ends the gateway, once everything that the kills before cut off has its row. */
async function end(gateway: Gateway): Promise<void> {
  await expect.poll(() => readLedgerFile().reservations, { timeout: 20_000, interval: 50 }).toBe(0)
  expect(gateway.stderr()).toBe('')
  await gateway.close()
}

/** Of each call by its nonce, what the provider billed, by the file that it synced. */
function billedByNonce(): Map<string, number> {
  const billed = new Map<string, number>()
  for (const entry of readLedger(ledgerPath)) {
    const nonce = provider.requests[entry.id - 1]!.nonce!
    billed.set(nonce, (billed.get(nonce) ?? 0) + priceOf(entry))
  }
  return billed
}

let lastCall = 0

/** Short and long answers, some of Claude's at the second attempt: the first one is billed for what it told, too. */
function nextCall(): { nonce: string; asked: Asked } {
  const nonce = `call-${++lastCall}`
  const api = APIS[lastCall % 4]!
  const isLong = lastCall % 8 === 1
  const directive: Directive = {
    nonce,
    ...(isLong
      ? { say: 'word '.repeat(50), chunk: 5, delay_ms: 2, usage: { out: 50 } }
      : { say: 'word '.repeat(5), usage: { out: 4 } }),
    ...(api.name === 'Messages' &&
      lastCall % 36 === 0 && { fault: { kind: 'error_event', after: 1, times: 1 } }),
  }
  const stream = isLong || lastCall % 3 !== 1
  return { nonce, asked: { api, stream, virtualKey, directive, headers: { 'x-bf-lh-nonce': nonce } } }
}

/** Calls until the gateway is dead, or it is enough; the nonces of those whose answer came whole. */
async function callUntilDeath({ url }: Gateway, isEnough = () => false): Promise<string[]> {
  const whole: string[] = []
  while (!isEnough()) {
    const { nonce, asked } = nextCall()
    const { status, text } = await ask(url, asked)
    if (status === 0) return whole
    expect({ status, text: status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
    whole.push(nonce)
  }
  return whole
}

it(
  `A7 A8 ${CALLS} calls and ${KILLS} kills at any moment: no answer that came whole is lost or counted twice; ledger, log and provider agree to the last unit`,
  { timeout: 300_000 },
  async () => {
    const random = seeded(8)
    const whole: string[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      const gateway = await start(1_000_000)
      const clients = Array.from({ length: AT_ONCE }, () => callUntilDeath(gateway))
      // By the provider's count, so that a slow machine makes as many calls as a fast one.
      const until = provider.requests.length + CALLS / KILLS + 100 * random()
      while (provider.requests.length < until && gateway.exitCode() === null) await sleep(3)
      await sleep(4 * random())
      process.kill(gateway.pid, 'SIGKILL')
      whole.push(...(await Promise.all(clients)).flat())
      await gateway.close()
    }
    const last = await start(1_000_000)
    const rest = Math.max(1, CALLS - whole.length)
    let started = 0
    const finish = Array.from({ length: AT_ONCE }, () => callUntilDeath(last, () => started++ >= rest))
    whole.push(...(await Promise.all(finish)).flat())
    expect(whole.length).toBeGreaterThanOrEqual(CALLS)
    await end(last)

    const rows = allRows(appDir)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    const byNonce = Map.groupBy(rows, ({ metadata }) => metadata['nonce'])
    const billed = billedByNonce()
    const told = (nonce: string) => ({
      nonce,
      billed: billed.get(nonce),
      spent: byNonce.get(nonce)?.map(({ cost }) => cost?.nanodollars),
    })
    const isRight = (nonce: string) => {
      const its = byNonce.get(nonce) ?? []
      return its.length === 1 && its[0]!.cost!.nanodollars === billed.get(nonce)
    }
    expect(whole.filter((nonce) => !isRight(nonce)).map(told)).toEqual([])

    const total = logged(rows)
    const { used } = readLedgerFile()
    const levels = { key: used['budget-all nanodollars'], team: used['budget-team nanodollars'] }
    expect(levels).toEqual({ key: total, team: total })
  },
)

it(
  `A7 a kill while ${HELD} streams are held: the next start holds nothing, and has charged what their clients had got`,
  { timeout: 60_000 },
  async () => {
    const random = seeded(7)
    const dollars = 40
    const gateway = await start(dollars)
    const calls = Array.from({ length: HELD }, (_, index) => {
      const after = 10 + Math.floor(150 * random())
      const asked: Asked = {
        api: APIS[index % 4]!,
        stream: true,
        maxTokens: 16_000,
        virtualKey,
        directive: {
          nonce: `held-${index}`,
          say: 'word '.repeat(300),
          usage: { out: 300 },
          chunk: 5,
          fault: { kind: 'hang', after, hang_ms: 600_000 },
        },
      }
      return { asked, after, call: new RawCall(gateway.url, requestOf(asked)) }
    })
    const words = (call: RawCall) => call.bytes.toString().split('word ').length - 1
    // A few events have no text.
    const isThere = () => calls.every(({ after, call }) => words(call) > after - 10)
    await expect.poll(isThere, { timeout: 20_000 }).toBe(true)
    process.kill(gateway.pid, 'SIGKILL')
    await Promise.all(calls.map(({ call }) => call.answer()))
    await gateway.close()
    const got = sumOf(calls, ({ asked, call }) => {
      const price = PRICES[NATIVE_MODEL[asked.api.name]]!
      return words(call) * price.out
    })
    const read = sumOf(readLedger(ledgerPath), ({ model, tokens }) => tokens.in * PRICES[model]!.in)

    const next = await start(dollars)
    // Worth what is left of the budget, if nothing is held any more.
    const answer = await ask(next.url, {
      api: APIS[0]!,
      virtualKey,
      maxTokens: 1_000_000,
      directive: { say: 'word' },
    })
    expect(answer.status).toBe(200)
    await end(next)
    const rows = allRows(appDir)
    const interrupted = rows.filter(({ requestClass }) => requestClass === 'interrupted')
    expect(interrupted).toHaveLength(HELD)
    expect(logged(interrupted)).toBeGreaterThanOrEqual(got + read)
    expect(readLedgerFile().used['budget-all nanodollars']).toBe(logged(rows))
  },
)
