/** Records calls and prints the id of each once it is recorded, until it is killed. */
import { writeSync } from 'node:fs'
import { openLogStore } from '../../../../src/stores/logs/sqlite.ts'
import { callContent, callRow, keep } from '../rows.ts'

const [path, run] = process.argv.slice(2)
const { writer } = openLogStore({ path: path!, retentionDays: 3_650, report: () => {} })
let n = 0
function burst(): void {
  const end = n + 5
  for (; n < end; n++) {
    const id = `${run}-${n}`
    writer.record(callRow({ id, timestampMs: Date.now() }))
    keep(writer, callContent(id, `{"model":"m","n":${n}}`))
    writeSync(1, `${id}\n`)
  }
  setTimeout(burst, 1)
}
burst()
