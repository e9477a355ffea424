/** Spends on a disk that is full for a while, and prints what became of it. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Reservation } from '../../../../src/stores/ledger/port.ts'
import { openLedger } from '../../../../src/stores/ledger/sqlite.ts'
import { amounts, demand, reserved } from '../values.ts'
import { levels } from './levels.ts'

const disk = process.argv[2]!
const path = join(disk, 'ledger.db')
const ballast = join(disk, 'ballast')
const reports: string[] = []
const { ledger } = openLedger({ path, report: (message) => reports.push(message) })
const reserve = () => ledger.reserve('call', levels, demand(100))
const used = (from = ledger) => levels.budgets.map((budget) => from.balance(budget).used)
let settled = 0
function settle(reservation: Reservation): void {
  reservation.settle(amounts(7))
  settled++
}

for (let n = 0; n < 100; n++) settle(reserved(reserve()))
await ledger.flush()
const flying = Array.from({ length: 50 }, () => reserved(reserve()))
for (const reservation of flying) reservation.owe(amounts(1))

try {
  for (let n = 0; n < 4096; n++) writeFileSync(ballast, Buffer.alloc(1024), { flag: 'a' })
} catch {
  // It is full.
}
// The last page of the journal has room for some more lines.
let outcome = await reserve()
for (; outcome.outcome === 'reserved'; outcome = await reserve()) settle(outcome.reservation)
const refusedAs = outcome.outcome
for (const reservation of flying) settle(reservation)
const usedWhileFull = used()

rmSync(ballast)
let waitedMs = 0
for (; (await reserve()).outcome !== 'reserved'; waitedMs += 10) await setTimeout(10)
await ledger.close()
const second = openLedger({ path, report: (message) => reports.push(message) })
const usedAfterwards = used(second.ledger)
await second.ledger.close()
console.log(
  JSON.stringify({ expected: settled * 7, usedWhileFull, usedAfterwards, refusedAs, waitedMs, reports }),
)
