import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { PostgresAccess } from '../../../src/stores/config/configuration.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import type { Order, Start } from './programs/shared-gateway.ts'

const PROGRAM = join(import.meta.dirname, 'programs/shared-gateway.ts')

/** A process with a ledger in Postgres; killed at the end of the test. */
export class SharedGateway {
  readonly #start: Start
  readonly #answers = new Map<number, (answer: unknown) => void>()
  #child: ChildProcess | undefined
  #orders = 0

  constructor(access: PostgresAccess, options: { beatMs?: number; beatsMissed?: number } = {}) {
    const directory = temporaryDirectory()
    this.#start = {
      access,
      journalDirectory: join(directory, 'journal'),
      truthPath: join(directory, 'truth'),
      beatMs: 50,
      beatsMissed: 1e6,
      ...options,
    }
    onTestFinished(() => this.kill())
  }

  /** Also after it was killed, with the same journal. */
  async start(): Promise<this> {
    const child = fork(PROGRAM, [JSON.stringify(this.#start)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    child.on('message', ({ number, answer }: { number: number; answer: unknown }) => {
      this.#answers.get(number)?.(answer)
      this.#answers.delete(number)
    })
    await new Promise((resolve, reject) => {
      this.#answers.set(0, resolve)
      child.once('exit', (code) => reject(new Error(`it ended with code ${code}`)))
    })
    return this
  }

  async tell<Answer = void>(order: Order): Promise<Answer> {
    const number = ++this.#orders
    return new Promise((resolve) => {
      this.#answers.set(number, (answer) => resolve(answer as Answer))
      this.#child!.send({ number, order })
    })
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child!.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** What provider and clients know. */
  truth(): Truth {
    const truth: Truth = { shown: new Map(), ended: new Map(), refused: [], reports: [] }
    if (!existsSync(this.#start.truthPath)) return truth
    for (const line of readFileSync(this.#start.truthPath, 'utf8').split('\n').slice(0, -1)) {
      const [word, subject, amount] = line.split(' ')
      if (word === 'shown') truth.shown.set(subject!, Number(amount))
      if (word === 'ended') truth.ended.set(subject!, Number(amount))
      if (word === 'refused') truth.refused.push(subject!)
      if (word === 'report') truth.reports.push(line.slice('report '.length))
    }
    return truth
  }
}

export interface Truth {
  shown: Map<string, number>
  ended: Map<string, number>
  refused: string[]
  reports: string[]
}
