/** Memory: of a thousand streams that are open at once, and after ten thousand requests. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { Connection } from './load.ts'
import type { LoadTarget } from './load.ts'
import { anthropicEvents, anthropicJson, messagesBody } from './payloads.ts'
import { quiet, residentBytes, startGateway } from './proxied.ts'
import type { Proxied } from './proxied.ts'
import { startUpstream } from './upstream.ts'

const OPEN_STREAMS = 1_000
export const OPEN_STREAMS_REACH_BYTES = 250 * 1024 * 1024

export interface OpenStreams {
  streams: number
  /** Before the first stream. */
  idleBytes: number
  /** The highest reading, and the last one, while all were open. */
  highestBytes: number
  openBytes: number
}

/** Events of each stream come a second apart, so that all are open for some seconds. */
const EVENT_INTERVAL_MS = 1_000
const EVENTS = 12
const RUNS = 3
/** Anthropic sends what opens an answer together with its first words. */
const OPENING_EVENTS = 3

/** The median of some runs: how many bodies are in memory at once depends on who was first, they or the answers. */
export async function measureOpenStreams(): Promise<OpenStreams> {
  const runs: OpenStreams[] = []
  while (runs.length < RUNS) runs.push(await openStreamsOnce())
  return runs.toSorted((a, b) => a.highestBytes - b.highestBytes)[Math.floor(RUNS / 2)]!
}

async function openStreamsOnce(): Promise<OpenStreams> {
  const events = anthropicEvents(EVENTS)
  const upstream = await startUpstream({
    parts: [events.slice(0, OPENING_EVENTS).join(''), ...events.slice(OPENING_EVENTS)],
    stream: true,
    intervalMs: EVENT_INTERVAL_MS,
  })
  const gateway = await startGateway(upstream.url)
  try {
    const target = { ...targetOf(gateway), body: messagesBody(100 * 1024, 'claude-sonnet-5', true) }
    const idleBytes = residentBytes(gateway.pid)
    const connections = await Promise.all(Array.from({ length: OPEN_STREAMS }, () => Connection.open(target)))
    const answers = connections.map((connection) => connection.send())
    let open = true
    const all = Promise.all(answers).finally(() => (open = false))
    let highestBytes = 0
    let openBytes = 0
    while (open) {
      openBytes = residentBytes(gateway.pid)
      highestBytes = Math.max(highestBytes, openBytes)
      await Promise.race([sleep(200), all])
    }
    for (const connection of connections) connection.close()
    return { streams: OPEN_STREAMS, idleBytes, highestBytes, openBytes }
  } finally {
    await gateway.close()
    upstream.close()
  }
}

const HEAP_REQUESTS = 10_000
/** Caches of the runtime settle by less than this; what leaks 30 bytes a request is more. */
export const HEAP_GROWTH_REACH_BYTES = 256 * 1024

export interface HeapGrowth {
  requests: number
  beforeBytes: number
  afterBytes: number
}

/** Used heap after a full collection, before and after so many requests. */
export async function measureHeapGrowth(): Promise<HeapGrowth> {
  const probe = join(import.meta.dirname, 'heap-probe.cjs')
  const json = await startUpstream({ parts: [anthropicJson()], stream: false })
  const gateway = await startGateway(json.url, ['--expose-gc', '--require', probe])
  try {
    const target = { ...targetOf(gateway), body: messagesBody(1024, 'claude-sonnet-5', false) }
    await send(target, HEAP_REQUESTS)
    const beforeBytes = await usedHeap(gateway)
    await send(target, HEAP_REQUESTS)
    const afterBytes = await usedHeap(gateway)
    return { requests: HEAP_REQUESTS, beforeBytes, afterBytes }
  } finally {
    await gateway.close()
    json.close()
  }
}

async function send(target: LoadTarget, requests: number): Promise<void> {
  const open = await Promise.all(Array.from({ length: 20 }, () => Connection.open(target)))
  let left = requests
  const run = async (connection: Connection) => {
    while (left-- > 0) await connection.send()
  }
  await Promise.all(open.map(run))
  for (const connection of open) connection.close()
}

async function usedHeap(gateway: Proxied): Promise<number> {
  await quiet(gateway.pid)
  const before = gateway.stderr().length
  process.kill(gateway.pid, 'SIGUSR2')
  while (!gateway.stderr().slice(before).includes('\n')) await sleep(50)
  return Number(/heap (\d+)/.exec(gateway.stderr().slice(before))![1])
}

function targetOf(gateway: Proxied): Omit<LoadTarget, 'body'> {
  return { url: gateway.url, path: '/anthropic/v1/messages' }
}
