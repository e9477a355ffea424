/**
 * Runs with its folder on a small disk: records calls until the disk is full and some more, makes room, records
 * again. Prints what the store says, and what it holds, as JSON.
 */
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLogStore } from '../../../../src/stores/logs/sqlite.ts'
import { callContent, callRow, keep, logQuery } from '../rows.ts'

const [directory] = process.argv.slice(2)
const ballast = join(directory!, 'ballast')
const { bavail, bsize } = statfsSync(directory!)
writeFileSync(ballast, Buffer.alloc(bavail * bsize - 1_000_000))
const reports: string[] = []
const store = openLogStore({
  path: join(directory!, 'logs.db'),
  retentionDays: 3_650,
  report: (message) => reports.push(message),
})
const { writer, reader } = store
const recorded: string[] = []
function record(count: number): void {
  for (let n = 0; n < count; n++) {
    const id = `call-${recorded.length}`
    const lost = writer.lostRows
    writer.record(callRow({ id }))
    keep(writer, callContent(id, `{"text":"${`${n} `.repeat(2000)}"}`))
    recorded.push(writer.lostRows === lost ? id : '')
  }
}
const pause = () => new Promise((resolve) => setTimeout(resolve, 20))

while (writer.lostRows === 0) {
  record(20)
  await pause()
}
record(100)
const lostWhileFull = writer.lostRows
rmSync(ballast)
record(100)
await writer.flush()
const page = await reader.list(logQuery({ limit: 1000, order: 'asc' }))
const acknowledged = recorded.filter((id) => id !== '')
process.stdout.write(
  JSON.stringify({
    reports,
    lostWhileFull,
    lostAfterwards: writer.lostRows - lostWhileFull,
    missing: acknowledged.length - page.totalCount,
    total: page.totalCount,
  }),
)
await store.close()
