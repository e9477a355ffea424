import type { Account, Balance } from '../../../rules/limits.ts'
import { unitOf } from '../../../rules/limits.ts'
import { ruleText } from '../../../rules/windows.ts'
import type { PostgresAccess } from '../../config/configuration.ts'
import type { Report } from '../journal.ts'
import type { Amounts, Interrupted } from '../port.ts'
import { NoAnswerError, PostgresConnection, reasonOf } from './connection.ts'
import type { Courier } from './courier.ts'
import { migrate } from './migrate.ts'
import { Neighbours } from './neighbours.ts'
import type { Beat } from './neighbours.ts'
import { idOf, keyOf, offerOf } from './standing.ts'
import type { Standing } from './standing.ts'

export interface PulseOptions {
  access: PostgresAccess
  node: string
  process: string
  standing: Standing
  courier: Courier
  report: Report
  onInterrupted: (attempt: Interrupted) => void
  /** Milliseconds since 1970, of Postgres' clock. */
  now: () => number
  /** What to add to `performance.now()` from now on. */
  onClock: (offsetMs: number) => void
  /** Between two beats. */
  beatMs: number
  /** Beats of ours without one of theirs until another gateway is taken for dead. */
  beatsMissed: number
}

interface BeatAnswer {
  ours: boolean
  nowMs: number
  nodes: Beat[] | null
  interrupted:
    | [attempt: string, call: string, atMs: number, owed: [number | null, number, number] | null][]
    | null
}

const TIMEOUT_MS = 1_000
/** While Postgres does not answer. */
const RETRY_MS = 250
/** Accounts that are read with each beat: pressure and warnings may be some seconds old. */
const READ_MAX = 500
/** Windows that are told of at once: a year of weeks, with some to spare. */
const HISTORY_MAX = 60
const FOLLOW_MAX = 100
const DAY_MS = 24 * 60 * 60 * 1000
/** A year and a month: this month can be compared with that of last year. */
const RETENTION_MS = 400 * DAY_MS
const RETAIN_ROWS = 500
/** Between two lines about calls that were refused. */
const DOUBT_EVERY_MS = 60_000
const RETAIN_EVERY_MS = 60 * 60 * 1000

/**
 * The side of a shared ledger that no call waits for: whether Postgres answers, that this gateway lives, which others do
 * not, what the windows of accounts are, and where these stand.
 */
export class Pulse {
  readonly #options: PulseOptions
  readonly #connection: PostgresConnection
  readonly #neighbours: Neighbours
  #isUp = false
  #isFirst = true
  #wasDown = false
  #isClosed = false
  #isHurried = false
  #watchedAt = -Infinity
  #doubtedAt = -Infinity
  #timer: NodeJS.Timeout | undefined
  #beating: Promise<void> | undefined
  #told = new Set<string>()
  #accounts: readonly Account[] = []
  #rules = new Map<string, string>()
  /** Accounts whose windows Postgres may not know. */
  #unfollowed = new Map<string, Account>()
  #read = 0
  #retainedAt = -Infinity

  constructor(options: PulseOptions) {
    this.#options = options
    this.#connection = new PostgresConnection(options.access)
    this.#neighbours = new Neighbours(options.beatsMissed)
  }

  /** Postgres answers, and what was left from before is in order. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** The first beat. Rejects where Postgres refuses it; who does not answer is asked again later. */
  async start(): Promise<void> {
    let delayMs = this.#options.beatMs
    try {
      await this.#beat()
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error
      this.#failed(error)
      delayMs = RETRY_MS
    }
    this.#beatIn(delayMs)
  }

  /** Postgres did not do what it was told: when it did not answer, no call is let in until it has answered here. */
  doubt(error: unknown): void {
    if (this.#isClosed) return
    if (performance.now() - this.#doubtedAt > DOUBT_EVERY_MS)
      this.#options.report(
        `Postgres did not reserve what calls asked for; they were refused: ${reasonOf(error)}`,
      )
    this.#doubtedAt = performance.now()
    if (!(error instanceof NoAnswerError)) return
    this.#isUp = false
    this.#hurry()
  }

  configure(accounts: Iterable<Account>): void {
    const configured = new Map([...accounts].map((account) => [keyOf(account), account]))
    const rules = new Map<string, string>()
    for (const [key, account] of configured) {
      const rule = ruleText(account.period.rule)
      rules.set(key, rule)
      if (this.#rules.get(key) !== rule) this.#unfollowed.set(key, account)
    }
    this.#accounts = [...configured.values()]
    this.#rules = rules
    if (this.#isUp) this.#hurry()
  }

  /** Rejects when Postgres does not tell. */
  async history(account: Account): Promise<Balance[]> {
    return this.#call('history', [unitOf(account), idOf(account), HISTORY_MAX])
  }

  /** Waits until Postgres knows the accounts of now. */
  async flush(): Promise<void> {
    while (this.#unfollowed.size > 0 && !this.#isClosed) {
      if (this.#isUp) this.#hurry()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#isUp = false
    clearTimeout(this.#timer)
    this.#connection.close()
    await this.#beating
  }

  #hurry(): void {
    this.#isHurried = true
    if (this.#beating === undefined) this.#beatIn(0)
  }

  #beatIn(delayMs: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void (this.#beating ??= this.#round()), delayMs).unref()
  }

  async #round(): Promise<void> {
    this.#isHurried = false
    let delayMs = this.#options.beatMs
    try {
      await this.#beat()
    } catch (error) {
      this.#failed(error)
      delayMs = RETRY_MS
    }
    this.#beating = undefined
    this.#beatIn(this.#isHurried && this.#isUp ? 0 : delayMs)
  }

  async #beat(): Promise<void> {
    const { node, process, courier } = this.#options
    if (this.#isFirst) await this.#begin()
    const told = [...this.#told]
    const askedAt = performance.now()
    const answer = await this.#call<BeatAnswer>('beat', [node, process, this.#isFirst, told])
    if (!answer.ours) throw new Error('another gateway runs with a copy of this app dir')
    this.#isFirst = false
    this.#options.onClock(answer.nowMs - (askedAt + performance.now()) / 2)
    for (const attempt of told) this.#told.delete(attempt)
    this.#tell(answer.interrupted ?? [])
    await this.#watch(answer.nodes ?? [])
    await this.#follow()
    await this.#look()
    await this.#retain()
    if (this.#wasDown) this.#options.report('Postgres answers; calls with a budget or a limit go on')
    this.#wasDown = false
    this.#isUp = !this.#isClosed
    courier.retry()
    if (this.#unfollowed.size > 0 || this.#told.size > 0) this.#isHurried = true
  }

  /** What the process before had settled comes before what it left is ended. */
  async #begin(): Promise<void> {
    await migrate(this.#connection)
    await this.#options.courier.begin()
  }

  #failed(error: unknown): void {
    this.#isUp = false
    this.#neighbours.forget()
    if (this.#isClosed) return
    if (!this.#wasDown)
      this.#options.report(
        `Postgres does not answer; calls with a budget or a limit are refused: ${reasonOf(error)}`,
      )
    this.#wasDown = true
  }

  #tell(interrupted: NonNullable<BeatAnswer['interrupted']>): void {
    for (const [attempt, call, atMs, owed] of interrupted) {
      if (this.#told.has(attempt)) continue
      this.#told.add(attempt)
      const charged: Amounts | undefined =
        owed === null ? undefined : { nanodollars: owed[0], tokens: owed[1], requests: owed[2] }
      this.#options.onInterrupted({ attempt, call, atMs, charged })
    }
  }

  /** Not with each of many beats that hurry: they would count as many that the others have missed. */
  async #watch(nodes: readonly Beat[]): Promise<void> {
    const now = performance.now()
    if (now - this.#watchedAt < this.#options.beatMs) return
    this.#watchedAt = now
    for (const [id, beat] of this.#neighbours.dead(nodes)) {
      const freed = await this.#call<number>('reclaim', [id, beat])
      if (freed > 0)
        this.#options.report(
          `A gateway of the shared ledger is gone; ${freed} of its reservations were ended`,
        )
    }
  }

  async #follow(): Promise<void> {
    const { standing, now } = this.#options
    const accounts = [...this.#unfollowed].slice(0, FOLLOW_MAX)
    if (accounts.length === 0) return
    const nowMs = now()
    const offers = accounts.map(([, account]) => {
      // With a clock that went back, the window stays where it was.
      return offerOf(account, Math.max(nowMs, standing.windowOf(account)?.startMs ?? nowMs))
    })
    standing.take(await this.#call('follow', [JSON.stringify(offers), nowMs]))
    for (const [key, account] of accounts)
      if (this.#unfollowed.get(key) === account) this.#unfollowed.delete(key)
  }

  /** The next of all accounts, in turns. */
  async #look(): Promise<void> {
    if (this.#read >= this.#accounts.length) this.#read = 0
    const accounts = this.#accounts.slice(this.#read, this.#read + READ_MAX)
    this.#read += READ_MAX
    if (accounts.length === 0) return
    const keys = accounts.map((account) => [unitOf(account), idOf(account)])
    this.#options.standing.take(await this.#call('standing', [JSON.stringify(keys)]))
  }

  async #retain(): Promise<void> {
    if (performance.now() - this.#retainedAt < RETAIN_EVERY_MS) return
    const gone = await this.#call<number>('retain', [this.#options.now() - RETENTION_MS, RETAIN_ROWS])
    if (gone < RETAIN_ROWS) this.#retainedAt = performance.now()
  }

  async #call<Value>(procedure: string, parameters: readonly unknown[]): Promise<Value> {
    return (await this.#connection.call(procedure, parameters, TIMEOUT_MS)) as Value
  }
}
