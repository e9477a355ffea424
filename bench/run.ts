/**
 * `npm run bench`: measures the gateway against the floor, prints the table, and writes `results/latest.json` and
 * `results/latest.md`. A reach that was missed is printed as MISSED; only a crash makes the exit code other than 0.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'

import { FIRST_BYTE_CASES, measureFirstByte } from './first-byte.ts'
import { measureDecision, measureGoverned } from './governance.ts'
import {
  HEAP_GROWTH_REACH_BYTES,
  measureHeapGrowth,
  measureOpenStreams,
  OPEN_STREAMS_REACH_BYTES,
} from './memory.ts'
import { LOAD_CORE } from './proxied.ts'
import { toMarkdown } from './report.ts'
import type { Result } from './report.ts'
import { measureStages } from './stages.ts'
import { measureStartUp, START_UP_REACH } from './start-up.ts'
import { measureThroughput } from './throughput.ts'
import { WORKLOADS } from './workloads.ts'

const RESULTS = join(import.meta.dirname, 'results')
const ROUNDS = 7
const TURN_MS = 1_500
const FIRST_BYTE_REQUESTS = 300
const STARTS = 15

if (process.argv[2] === 'pairs') {
  await import('./pairs.ts')
  process.exit()
}

if (process.argv[2] === 'governance') {
  console.log(await measureDecision())
  pinToLoadCore()
  console.log(await measureGoverned())
  process.exit()
}

if (process.platform !== 'linux') {
  console.error('The benchmark needs Linux: it pins processes to cores and reads their time from /proc.')
  process.exit(1)
}

const before = loadavg()[0]!
// Before this process is pinned, for its children would be, too: a start may use both cores.
const startUp = await step('start', () => measureStartUp(STARTS))
const decision = await step('decision', measureDecision)
pinToLoadCore()
const throughput = []
for (const workload of WORKLOADS) {
  throughput.push(await step(workload.name, () => measureThroughput(workload, ROUNDS, TURN_MS)))
}
const firstByte = []
for (const each of FIRST_BYTE_CASES) {
  firstByte.push(await step(each.name, () => measureFirstByte(each, FIRST_BYTE_REQUESTS)))
}
const governed = await step('governance', () => measureGoverned())
const openStreams = await step('open streams', measureOpenStreams)
const heap = await step('heap', measureHeapGrowth)
const stages = await step('stages', measureStages)

const result: Result = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  processor: `${cpus().length} cores of ${cpus()[0]!.model.trim()}`,
  loadAverage: { before, after: loadavg()[0]! },
  throughput,
  firstByte,
  governance: { ...governed, ...decision },
  openStreams: { ...openStreams, reachBytes: OPEN_STREAMS_REACH_BYTES },
  heap: { ...heap, reachBytes: HEAP_GROWTH_REACH_BYTES },
  startUp: { ...startUp, reach: START_UP_REACH },
  stages,
}
const markdown = toMarkdown(result)
console.log(`\n${markdown}`)
mkdirSync(RESULTS, { recursive: true })
writeFileSync(join(RESULTS, 'latest.json'), `${JSON.stringify(result, undefined, 2)}\n`)
writeFileSync(join(RESULTS, 'latest.md'), `# The last benchmark\n\n${markdown}\n`)

async function step<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
  console.error(`${name} …`)
  return await work()
}

/** Load and upstream, which run in this process, share one core; what they ask has the other to itself. */
function pinToLoadCore(): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-p', '-c', String(LOAD_CORE), String(process.pid)])
  if (status !== 0) throw new Error(`taskset failed: ${String(stderr)}`)
}
