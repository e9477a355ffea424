import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Ledger } from '../../../../src/stores/ledger/port.ts'
import { amounts, demand } from '../values.ts'
import { levels } from './levels.ts'

const AT_ONCE = 50
/** What is shown of an answer between two marks of what is owed. */
const STEP = 1000
/** For one whom nothing can be reserved for now. */
const WAIT_MS = 20

/**
 * Makes calls, fifty at a time, until the process is killed. What the provider did and the client saw is told:
 *   sent ATTEMPT              the request left
 *   shown ATTEMPT AMOUNT      the client has so much of the answer
 *   ended ATTEMPT AMOUNT      the client saw the end, and the provider bills this
 *   refused OUTCOME           it was not let in
 */
export function spendForever(ledger: Ledger, tell: (line: string) => void): void {
  let calls = 0

  async function call(): Promise<void> {
    const number = calls++
    const cost = 100 + ((number * 7919) % 5000)
    const outcome = await ledger.reserve(`call ${number}`, levels, demand(10_000, 100))
    if (outcome.outcome !== 'reserved') {
      tell(`refused ${outcome.outcome}`)
      return setTimeout(WAIT_MS)
    }
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
    reservation.logged()
  }

  async function caller(): Promise<never> {
    for (;;) {
      await call()
      await setImmediate()
    }
  }
  for (let n = 0; n < AT_ONCE; n++) void caller()
}
