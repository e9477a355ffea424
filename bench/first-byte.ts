/** What the gateway adds to the time to the first byte when it has nothing else to do. */
import { Connection } from './load.ts'
import { anthropicEvents, messagesBody } from './payloads.ts'
import { startFloor, startGateway } from './proxied.ts'
import { median } from './statistics.ts'
import { startUpstream } from './upstream.ts'

export interface FirstByteCase {
  name: string
  bytes: number
  /** Milliseconds that the gateway may add to the floor's. */
  reachMs: number
}

export const FIRST_BYTE_CASES: readonly FirstByteCase[] = [
  { name: 'added time to first byte, 1 KB body', bytes: 1024, reachMs: 0.3 },
  { name: 'added time to first byte, 100 KB body', bytes: 100 * 1024, reachMs: 1.5 },
  { name: 'added time to first byte, 1 MB body', bytes: 1024 * 1024, reachMs: 4 },
]

export interface FirstByte extends FirstByteCase {
  requests: number
  /** Medians, in milliseconds. */
  directMs: number
  floorMs: number
  gatewayMs: number
}

/** Half compiled, the gateway takes twice as long: V8 does the rest only after some thousand calls. */
const WARM_UP_REQUESTS = 3_000

/** One request direct, one through the floor, one through the gateway, and again: all see the same minute. */
export async function measureFirstByte(testCase: FirstByteCase, requests: number): Promise<FirstByte> {
  const upstream = await startUpstream({ parts: anthropicEvents(5), stream: true })
  const floor = await startFloor(upstream.url)
  const gateway = await startGateway(upstream.url)
  try {
    const body = messagesBody(testCase.bytes, 'claude-sonnet-5', true)
    const path = '/anthropic/v1/messages'
    const connections = await Promise.all(
      [upstream, floor, gateway].map(({ url }) => Connection.open({ url, path, body })),
    )
    const times: [number[], number[], number[]] = [[], [], []]
    for (let request = -WARM_UP_REQUESTS; request < requests; request++) {
      for (const [way, connection] of connections.entries()) {
        const firstByteMs = await connection.send()
        if (request >= 0) times[way]!.push(firstByteMs)
      }
    }
    for (const connection of connections) connection.close()
    const [directMs, floorMs, gatewayMs] = times.map(median) as [number, number, number]
    return { ...testCase, requests, directMs, floorMs, gatewayMs }
  } finally {
    await Promise.all([floor.close(), gateway.close()])
    upstream.close()
  }
}
