/** Requests per second of the gateway over those of the floor, in turns of a second or two. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { checkAnswer } from './check-answer.ts'
import { saturate } from './load.ts'
import type { LoadTarget } from './load.ts'
import { processorTime, quiet, since, startFloor, startGateway } from './proxied.ts'
import type { Proxied } from './proxied.ts'
import { median } from './statistics.ts'
import { startUpstream } from './upstream.ts'
import type { Workload } from './workloads.ts'

/** One turn of one process. */
export interface Turn {
  requestsPerSecond: number
  /** Processor time of all its threads, after-work included. */
  microsecondsPerRequest: number
  /** Of it, in threads other than the one that serves calls. */
  otherThreadsMicroseconds: number
  /** How much of the time the serving thread ran, or wanted to and another process had the core. */
  busy: number
}

export interface Round {
  floor: Turn
  gateway: Turn
}

export interface Throughput {
  workload: { name: string; reach: number; connections: number; bodyBytes: number; events: number }
  rounds: Round[]
  /** Medians over the rounds, each figure by itself. */
  floor: Turn
  gateway: Turn
  /** Medians over the rounds of the floor's turn and the gateway's after it. */
  ratio: number
  processorRatio: number
  logged: Logged
}

/** What the gateway's log holds of the calls of all turns. */
export interface Logged {
  rows: number
  bodiesKept: number
  bodiesShed: number
}

/** V8 compiles what runs once a call only after some ten thousand calls, on the core of the gateway. */
const WARM_UP_MS = { floor: 1_500, gateway: 10_000 }

export async function measureThroughput(
  workload: Workload,
  rounds: number,
  turnMs: number,
): Promise<Throughput> {
  const upstream = await startUpstream(workload)
  const floor = await startFloor(upstream.url)
  const gateway = await startGateway(upstream.url)
  try {
    await checkAnswer(targetOf(gateway, workload), workload)
    await takeTurn(floor, workload, WARM_UP_MS.floor)
    await takeTurn(gateway, workload, WARM_UP_MS.gateway)
    const measured: Round[] = []
    while (measured.length < rounds) {
      measured.push({
        floor: await takeTurn(floor, workload, turnMs),
        gateway: await takeTurn(gateway, workload, turnMs),
      })
    }
    return summarize(workload, measured, logged(gateway.appDir))
  } finally {
    await Promise.all([floor.close(), gateway.close()])
    upstream.close()
  }
}

function summarize(workload: Workload, rounds: Round[], log: Logged): Throughput {
  const { name, reach, connections, body, parts } = workload
  return {
    workload: {
      name,
      reach,
      connections,
      bodyBytes: body.length,
      events: workload.stream ? parts.length : 0,
    },
    rounds,
    floor: medianTurn(rounds.map(({ floor }) => floor)),
    gateway: medianTurn(rounds.map(({ gateway }) => gateway)),
    ratio: median(rounds.map(({ floor, gateway }) => gateway.requestsPerSecond / floor.requestsPerSecond)),
    processorRatio: median(
      rounds.map(({ floor, gateway }) => floor.microsecondsPerRequest / gateway.microsecondsPerRequest),
    ),
    logged: log,
  }
}

function medianTurn(turns: readonly Turn[]): Turn {
  const of = (figure: keyof Turn) => median(turns.map((turn) => turn[figure]))
  return {
    requestsPerSecond: of('requestsPerSecond'),
    microsecondsPerRequest: of('microsecondsPerRequest'),
    otherThreadsMicroseconds: of('otherThreadsMicroseconds'),
    busy: of('busy'),
  }
}

/** Counted in the database itself, when the gateway has nothing left to do. */
function logged(appDir: string): Logged {
  const database = new DatabaseSync(join(appDir, 'logs.db'), { readOnly: true })
  const count = (sql: string) => Number(Object.values(database.prepare(sql).get()!)[0])
  const counts = {
    rows: count('SELECT count(*) FROM calls'),
    bodiesKept: count('SELECT count(*) FROM contents WHERE shed = 0'),
    bodiesShed: count('SELECT count(*) FROM contents WHERE shed = 1'),
  }
  database.close()
  return counts
}

async function takeTurn(proxied: Proxied, workload: Workload, durationMs: number): Promise<Turn> {
  await quiet(proxied.pid)
  const before = processorTime(proxied.pid)
  const { answers, elapsedMs } = await saturate(targetOf(proxied, workload), workload.connections, durationMs)
  const during = since(before, processorTime(proxied.pid))
  await quiet(proxied.pid)
  const all = since(before, processorTime(proxied.pid))
  return {
    requestsPerSecond: (answers / elapsedMs) * 1000,
    microsecondsPerRequest: ((all.mainMs + all.othersMs) / answers) * 1000,
    otherThreadsMicroseconds: (all.othersMs / answers) * 1000,
    busy: (during.mainMs + during.mainWaitMs) / elapsedMs,
  }
}

function targetOf(proxied: Proxied, { body }: Workload): LoadTarget {
  return { url: proxied.url, path: '/anthropic/v1/messages', body }
}
