/** A gateway whose ledger others share. It does what it is sent, and answers with the same number. */
import { openSync, writeSync } from 'node:fs'
import type { PostgresAccess } from '../../../../src/stores/config/configuration.ts'
import type { Interrupted, Reservation } from '../../../../src/stores/ledger/port.ts'
import { openPostgresLedger } from '../../../../src/stores/ledger/postgres/postgres.ts'
import { DOLLAR, budget } from '../../../rules/accounts.ts'
import { amounts, demand, limits } from '../values.ts'
import { spendForever } from './spend.ts'

export interface Start {
  access: PostgresAccess
  journalDirectory: string
  truthPath: string
  beatMs: number
  beatsMissed: number
}

export type Order =
  /** Calls of a dollar at once, on a budget of ten. */
  | { type: 'call'; callers: number; account: string }
  /** Reservations of a dollar that are kept. */
  | { type: 'hold'; count: number; account: string }
  | { type: 'settle' }
  | { type: 'spend' }
  | { type: 'interrupted' }
  | { type: 'close' }

const start = JSON.parse(process.argv[2]!) as Start
const truth = openSync(start.truthPath, 'a')
const tell = (line: string) => void writeSync(truth, `${line}\n`)
const interrupted: Interrupted[] = []
const ledger = await openPostgresLedger({
  ...start,
  report: (message) => tell(`report ${message}`),
  onInterrupted: (attempt) => interrupted.push(attempt),
})
const kept: Reservation[] = []

async function call(account: string): Promise<Reservation | string> {
  const outcome = await ledger.reserve('call', limits(budget(10, { id: account })), demand(DOLLAR))
  return outcome.outcome === 'reserved' ? outcome.reservation : outcome.outcome
}

async function calls(account: string, count: number): Promise<(Reservation | string)[]> {
  return Promise.all(Array.from({ length: count }, () => call(account)))
}

async function obey(order: Order): Promise<unknown> {
  switch (order.type) {
    case 'call': {
      const outcomes = await calls(order.account, order.callers)
      const admitted = outcomes.filter((outcome) => typeof outcome !== 'string')
      for (const reservation of admitted) reservation.settle(amounts(DOLLAR))
      return {
        admitted: admitted.length,
        others: [...new Set(outcomes.filter((one) => typeof one === 'string'))],
      }
    }
    case 'hold': {
      const outcomes = await calls(order.account, order.count)
      kept.push(...outcomes.filter((outcome) => typeof outcome !== 'string'))
      return kept.length
    }
    case 'settle':
      for (const reservation of kept.splice(0)) reservation.settle(amounts(DOLLAR))
      return ledger.flush()
    case 'spend':
      return spendForever(ledger, tell)
    case 'interrupted':
      return interrupted
    case 'close':
      return ledger.close()
  }
}

process.on('message', ({ number, order }: { number: number; order: Order }) => {
  void obey(order).then((answer) => process.send!({ number, answer }))
})
process.on('disconnect', () => process.exit())
process.send!({ number: 0 })
