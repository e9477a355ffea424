/** The result of one run of the benchmark, and its table. */
import type { FirstByte } from './first-byte.ts'
import type { GovernanceCost } from './governance.ts'
import type { HeapGrowth, OpenStreams } from './memory.ts'
import type { Stage } from './stages.ts'
import type { StartUp } from './start-up.ts'
import type { Throughput } from './throughput.ts'

export interface Result {
  date: string
  node: string
  processor: string
  /** Of the last minute, before the first and after the last measurement. */
  loadAverage: { before: number; after: number }
  throughput: Throughput[]
  firstByte: FirstByte[]
  governance: GovernanceCost
  openStreams: OpenStreams & { reachBytes: number }
  heap: HeapGrowth & { reachBytes: number }
  startUp: StartUp & { reach: number }
  stages: Stage[]
}

interface Line {
  name: string
  measured: string
  reach: string
  reached: boolean
}

/** Share of its core that a proxy must use, for its requests per second to be its own. */
const SATURATED = 0.95

/** The whole result as Markdown. */
export function toMarkdown(result: Result): string {
  const { date, node, processor, loadAverage } = result
  return [
    `Measured on ${date}, Node ${node}, ${processor}; load average ${loadAverage.before.toFixed(2)} before, ${loadAverage.after.toFixed(2)} after.`,
    table(['what', 'measured', 'reach', ''], linesOf(result).map(toCells)),
    'Throughput in detail: requests per second (median of the turns), processor time of all threads per request (median), how much of the time the serving thread wanted its core.',
    table(
      [
        'workload',
        'floor',
        'gateway',
        'floor CPU',
        'gateway CPU',
        'of it other threads',
        'CPU ratio',
        'busy: floor, gateway',
        'logged',
      ],
      result.throughput.map(detailCells),
    ),
    'The gateway’s own time per stage, over a captured body of 100 KB:',
    table(
      ['stage', 'time'],
      result.stages.map(({ stage, per, microseconds }) => [
        stage,
        `${microseconds.toFixed(1)} µs per ${per}`,
      ]),
    ),
  ].join('\n\n')
}

/** The table of what is to be reached. */
function linesOf(result: Result): Line[] {
  const { openStreams, heap, startUp } = result
  const start = (name: string, ratio: number, tookMs: number): Line => ({
    name: `start until it listens, ${name}`,
    measured: `${ratio.toFixed(2)}× a bare server (${tookMs.toFixed(0)} ms, ${startUp.bareMs.toFixed(0)} ms)`,
    reach: `≤ ${startUp.reach}×`,
    reached: ratio <= startUp.reach,
  })
  const growth = heap.afterBytes - heap.beforeBytes
  return [
    ...result.throughput.map(throughputLine),
    ...result.firstByte.map(firstByteLine),
    ...governanceLines(result.governance),
    {
      name: `${openStreams.streams} open streams with 100 KB bodies`,
      measured: `${megabytes(openStreams.highestBytes)} resident (${megabytes(openStreams.idleBytes)} before)`,
      reach: `≤ ${megabytes(openStreams.reachBytes)}`,
      reached: openStreams.highestBytes <= openStreams.reachBytes,
    },
    {
      name: `${heap.requests} requests after warm-up`,
      measured: `used heap ${megabytes(heap.beforeBytes)} → ${megabytes(heap.afterBytes)} (${growth < 0 ? '−' : '+'}${(Math.abs(growth) / 1024).toFixed(0)} KB)`,
      reach: `≤ +${heap.reachBytes / 1024} KB`,
      reached: growth <= heap.reachBytes,
    },
    start('without a configuration', startUp.withoutConfigRatio, startUp.withoutConfigMs),
    start('with a config.json', startUp.withConfigRatio, startUp.withConfigMs),
  ]
}

function throughputLine({ workload, ratio, rounds }: Throughput): Line {
  const idle = rounds.some(({ floor, gateway }) => Math.min(floor.busy, gateway.busy) < SATURATED)
  return {
    name: workload.name,
    measured: `${ratio.toFixed(2)} of the floor${idle ? ' (a turn was not saturated)' : ''}`,
    reach: `≥ ${workload.reach.toFixed(2)}`,
    reached: ratio >= workload.reach,
  }
}

function firstByteLine({ name, reachMs, directMs, floorMs, gatewayMs }: FirstByte): Line {
  const added = gatewayMs - floorMs
  return {
    name,
    measured: `${added.toFixed(2)} ms over the floor (${(gatewayMs - directMs).toFixed(2)} ms over a direct request)`,
    reach: `≤ ${reachMs} ms`,
    reached: added <= reachMs,
  }
}

function governanceLines(cost: GovernanceCost): Line[] {
  const { ratio, reach, plainPerSecond, governedPerSecond } = cost
  return [
    {
      name: '10,000 virtual keys, 1,000 rules, budgets and limits at four levels',
      measured: `${ratio.toFixed(2)} of the gateway without (${governedPerSecond.toFixed(0)}/s, ${plainPerSecond.toFixed(0)}/s)`,
      reach: `≥ ${reach.toFixed(2)}`,
      reached: ratio >= reach,
    },
    {
      name: 'the decision about a call among these, median',
      measured: `${cost.decisionMicroseconds.toFixed(1)} µs (${cost.afterBodyMicroseconds.toFixed(1)} µs just after its body was read, ${cost.strangerMicroseconds.toFixed(1)} µs for a caller whom nobody has seen lately); beside it ${cost.worstCaseMicroseconds.toFixed(1)} µs to find in 100 KB what they may cost`,
      reach: `≤ ${cost.decisionReachMicroseconds} µs`,
      reached: cost.decisionMicroseconds <= cost.decisionReachMicroseconds,
    },
  ]
}

function toCells({ name, measured, reach, reached }: Line): string[] {
  return [name, measured, reach, reached ? 'reached' : '**MISSED**']
}

function detailCells({ workload, floor, gateway, processorRatio, logged }: Throughput): string[] {
  return [
    workload.name,
    `${floor.requestsPerSecond.toFixed(0)}/s`,
    `${gateway.requestsPerSecond.toFixed(0)}/s`,
    `${floor.microsecondsPerRequest.toFixed(0)} µs`,
    `${gateway.microsecondsPerRequest.toFixed(0)} µs`,
    `${gateway.otherThreadsMicroseconds.toFixed(0)} µs`,
    processorRatio.toFixed(2),
    `${percent(floor.busy)}, ${percent(gateway.busy)}`,
    `${logged.rows} rows, ${logged.bodiesKept} bodies, ${logged.bodiesShed} shed`,
  ]
}

/** A Markdown table that is also readable in a terminal. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)))
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join(
    '\n',
  )
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
