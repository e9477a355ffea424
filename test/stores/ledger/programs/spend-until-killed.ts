/**
 * Makes calls, fifty at a time, until it is killed. What the provider did and the client saw goes to a file of its own:
 *   sent ATTEMPT              the request left
 *   shown ATTEMPT AMOUNT      the client has so much of the answer
 *   ended ATTEMPT AMOUNT      the client saw the end, and the provider bills this
 */
import { openSync, writeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { amounts, demand } from '../values.ts'
import { openLedger } from '../../../../src/stores/ledger/sqlite.ts'
import { levels } from './levels.ts'

const [path, truthPath] = process.argv.slice(2)
const truth = openSync(truthPath!, 'a')
const tell = (line: string) => void writeSync(truth, `${line}\n`)
const { ledger } = openLedger({ path: path!, report: (message) => tell(`report ${message}`) })

let calls = 0
/** What is shown of an answer between two marks of what is owed. */
const STEP = 1000

async function call(): Promise<void> {
  const number = calls++
  const cost = 100 + ((number * 7919) % 5000)
  const outcome = await ledger.reserve(`call ${number}`, levels, demand(10_000, 100))
  if (outcome.outcome !== 'reserved') return tell(`report ${outcome.outcome}`)
  const { reservation } = outcome
  const { attempt } = reservation
  tell(`sent ${attempt}`)
  for (let turns = number % 4; turns > 0; turns--) await setImmediate()
  if (number % 10 === 0) return reservation.release()
  for (let shown = 0; shown < cost; shown += STEP) {
    reservation.owe(amounts(shown + STEP))
    tell(`shown ${attempt} ${Math.min(shown + STEP, cost)}`)
    for (let turns = number % 3; turns > 0; turns--) await setImmediate()
  }
  reservation.settle(amounts(cost))
  tell(`ended ${attempt} ${cost}`)
}

async function caller(): Promise<never> {
  for (;;) {
    await call()
    await setImmediate()
  }
}
for (let n = 0; n < 50; n++) void caller()
