/** A gateway with a ledger of its own, and fifty callers: see `spend.ts`. */
import { openSync, writeSync } from 'node:fs'
import { openLedger } from '../../../../src/stores/ledger/sqlite.ts'
import { spendForever } from './spend.ts'

const [path, truthPath] = process.argv.slice(2)
const truth = openSync(truthPath!, 'a')
const tell = (line: string) => void writeSync(truth, `${line}\n`)
const { ledger } = openLedger({ path: path!, report: (message) => tell(`report ${message}`) })
spendForever(ledger, tell)
