import type { PostgresAccess } from '../../config/configuration.ts'
import { NoAnswerError, PostgresConnection } from './connection.ts'
import type { Offer, Standing } from './standing.ts'

/** `wanted`: an amount, -1 for what cannot be bounded, null for what has no price. */
export type Asked = [...offer: Offer, limit: number, wanted: number | null]

/** What a call asks of Postgres. */
export type Question = [attempt: string, call: string, atMs: number, accounts: readonly Asked[]]

/** Numbers of the windows in the order of the accounts, and what is held in each; null: it does not let the call through. */
export type Answer = [windows: number[], holds: (number | null)[]]

interface Waiting {
  readonly question: Question
  readonly resolve: (answer: Answer | undefined) => void
}

export interface ReservingOptions {
  access: PostgresAccess
  node: string
  process: string
  standing: Standing
  /** It may or may not have been reserved. */
  onUnknown: (attempt: string) => void
  /** Postgres did not answer, or refused. */
  onFailure: (error: unknown) => void
}

/** A call waits for an answer no longer than this, and for other calls' locks somewhat less (see `procedures.ts`). */
const TIMEOUT_MS = 2_000
/** Of a batch, which is one transaction. */
const BATCH_MAX = 64
/** A second one, so that a slow commit does not stop all. */
const LANES_MAX = 2

/** Asks Postgres for reservations. Those that come while it is asked go together with the next question. */
export class Reserving {
  readonly #options: ReservingOptions
  readonly #idle: PostgresConnection[]
  readonly #all: readonly PostgresConnection[]
  #waiting: Waiting[] = []
  #isScheduled = false

  constructor(options: ReservingOptions) {
    this.#options = options
    const count = Math.min(LANES_MAX, options.access.connectionsMax - 2)
    this.#all = Array.from({ length: count }, () => new PostgresConnection(options.access))
    this.#idle = [...this.#all]
  }

  /** Undefined: it is not reserved, because Postgres did not say so. */
  ask(question: Question): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push({ question, resolve })
      this.#schedule()
    })
  }

  close(): void {
    this.#giveUp()
    for (const connection of this.#all) connection.close()
  }

  /** Calls of one turn of the event loop go together. */
  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0 || this.#idle.length === 0) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      const connection = this.#idle.pop()
      if (connection !== undefined) void this.#send(connection, this.#waiting.splice(0, BATCH_MAX))
    })
  }

  async #send(connection: PostgresConnection, batch: readonly Waiting[]): Promise<void> {
    const { node, process, standing, onFailure } = this.#options
    try {
      const questions = JSON.stringify(batch.map(({ question }) => question))
      const told = await connection.call('reserve', [node, process, questions], TIMEOUT_MS)
      const { answers, standing: rows } = told as {
        answers: (Answer | 'cancelled')[]
        standing: Parameters<Standing['take']>[0]
      }
      standing.take(rows)
      for (const [index, { resolve }] of batch.entries()) {
        const answer = answers[index]
        resolve(answer === 'cancelled' ? undefined : answer)
      }
    } catch (error) {
      this.#fail(batch, error)
      onFailure(error)
    } finally {
      this.#idle.push(connection)
      this.#schedule()
    }
  }

  #fail(batch: readonly Waiting[], error: unknown): void {
    const isUnknown = error instanceof NoAnswerError && !error.isUnsent
    for (const { question, resolve } of batch) {
      if (isUnknown) this.#options.onUnknown(question[0])
      resolve(undefined)
    }
    // Those behind have waited as long already.
    if (error instanceof NoAnswerError) this.#giveUp()
  }

  #giveUp(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined)
  }
}
