/**
 * `npm run bench pairs`: every client's wire API on every upstream's, requests per second over those of the floor,
 * which passes the same bytes. Writes `results/pairs.md`.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'

import { CLIENTS, providersAt, spokenWith, UPSTREAMS } from '../test/conformance/parties.ts'
import type { Client, Upstream } from '../test/conformance/parties.ts'
import type { RequestScript, Turn } from '../test/conformance/script.ts'
import { Connection, saturate } from './load.ts'
import type { LoadTarget } from './load.ts'
import { words } from './payloads.ts'
import { LOAD_CORE, quiet, startFloor, startGateway } from './proxied.ts'
import type { Proxied } from './proxied.ts'
import { table } from './report.ts'
import { median } from './statistics.ts'
import { startUpstream } from './upstream.ts'

const NATIVE_REACH = 0.7
const TRANSLATED_REACH = 0.45
const EVENTS = 60
const BODY_BYTES = 100 * 1024
const CONNECTIONS = 64
/** So many, because other programs on the machine move a single one by a fifth. */
const ROUNDS = 5
/**
 * V8 compiles what runs once a call only after some ten thousand calls, on the core of the gateway; after half of them
 * a pair has a tenth less.
 */
const WARM_UP_MS = { floor: 1_000, gateway: 20_000 }
const TURN_MS = 800

/** A coding agent's request: a few tools, and a history of calls and their results. */
const SCRIPT: RequestScript = {
  system: words(8_000),
  tools: ['Read', 'Bash', 'Edit'].map((name) => ({
    name,
    parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
  })),
  turns: [{ user: [{ text: 'Mend the parser.' }] }, ...history()],
  maxTokens: 8192,
}

const ANSWER = {
  text: words(EVENTS * 20),
  pieces: EVENTS,
  finish: 'end',
  usage: { input: 25_000, cacheRead: 20_000, output: 300 },
} as const

function history(): Turn[] {
  return Array.from({ length: Math.floor(BODY_BYTES / 3_700) }, (_, at): Turn[] => {
    const call = { id: `toolu_${at}`, name: 'Read', arguments: { path: `/src/${at}.ts` } }
    return [
      { assistant: [{ call }] },
      { results: [{ id: call.id, name: 'Read', text: words(3_400, at + 1) }] },
    ]
  }).flat()
}

const only = process.argv.slice(3)
const before = loadavg()[0]!
pinToLoadCore()
const rows: string[][] = []
for (const client of CLIENTS) rows.push([client.id, ...(await measureClient(client))])
const head = ['client, on …', ...UPSTREAMS.map(({ id }) => id)]
const markdown = [
  `Requests per second over the floor's, ${EVENTS}-event streams, bodies of ${BODY_BYTES / 1024} KB, ${CONNECTIONS} connections; median of ${ROUNDS} rounds. Reach: ${NATIVE_REACH} native (*), ${TRANSLATED_REACH} translated; what missed it is bold. Load average before: ${before.toFixed(2)}.`,
  table(head, rows),
].join('\n\n')
console.log(`\n${markdown}`)
if (only.length === 0)
  writeFileSync(join(import.meta.dirname, 'results', 'pairs.md'), `# Every pair\n\n${markdown}\n`)

async function measureClient(client: Client): Promise<string[]> {
  const cells: string[] = []
  for (const upstream of UPSTREAMS) {
    if (only.length > 0 && !only.includes(`${client.id}:${upstream.id}`)) cells.push('')
    else cells.push(toCell(client, upstream, await measurePair(client, upstream)))
    console.error(`${client.id} on ${upstream.id}: ${cells.at(-1)}`)
  }
  return cells
}

async function measurePair(client: Client, upstream: Upstream): Promise<number> {
  const { headers, body } = spokenWith(client, upstream).upstream.stream(ANSWER)
  const service = await startUpstream({
    parts: eventsOf(Buffer.from(body)),
    stream: true,
    contentType: headers['content-type']!,
  })
  const floor = await startFloor(service.url)
  const gateway = await startGateway(service.url, [], { providers: providersAt(service.url) })
  try {
    const target = targetFor(client, upstream)
    await check(target(gateway), client)
    await turn(floor, target, WARM_UP_MS.floor)
    await turn(gateway, target, WARM_UP_MS.gateway)
    const ratios: number[] = []
    while (ratios.length < ROUNDS) {
      const least = await turn(floor, target, TURN_MS)
      ratios.push((await turn(gateway, target, TURN_MS)) / least)
    }
    return median(ratios)
  } finally {
    await Promise.all([floor.close(), gateway.close()])
    service.close()
  }
}

function targetFor({ wire }: Client, upstream: Upstream): (proxied: Proxied) => LoadTarget {
  const model = upstream.model()
  const body = Buffer.from(JSON.stringify(wire.client.body(SCRIPT, model, true)))
  const path = wire.client.path(model, true)
  return ({ url }) => ({ url, path, body, headers: wire.client.headers })
}

async function turn(
  proxied: Proxied,
  target: (proxied: Proxied) => LoadTarget,
  durationMs: number,
): Promise<number> {
  await quiet(proxied.pid)
  const { answers, elapsedMs } = await saturate(target(proxied), CONNECTIONS, durationMs)
  return answers / elapsedMs
}

/** What is measured must be the answer, whole and right. */
async function check(target: LoadTarget, { wire }: Client): Promise<void> {
  const connection = await Connection.open(target)
  connection.keeps = true
  await connection.send()
  connection.close()
  const answer = connection.take()
  const { text } = wire.client.readStream(unchunked(answer.subarray(answer.indexOf('\r\n\r\n') + 4)))
  if (text !== ANSWER.text) throw new Error(`the answer lost something:\n${text}`)
}

function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = parseInt(body.toString('latin1', at, lineEnd), 16)
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return Buffer.concat(parts)
}

/** Server-sent events end with a blank line; messages of AWS say how long they are. */
function eventsOf(bytes: Buffer): Buffer[] {
  const events: Buffer[] = []
  const isText = bytes.subarray(0, 5).toString() === 'data:' || bytes.subarray(0, 6).toString() === 'event:'
  for (let at = 0; at < bytes.length;) {
    const end = isText ? bytes.indexOf('\n\n', at) + 2 : at + bytes.readUInt32BE(at)
    events.push(bytes.subarray(at, end))
    at = end
  }
  return events
}

function toCell(client: Client, upstream: Upstream, ratio: number): string {
  const isNative = familyOf(client.wire.id) === familyOf(spokenWith(client, upstream).id)
  const text = `${ratio.toFixed(2)}${isNative ? '*' : ''}`
  return ratio < (isNative ? NATIVE_REACH : TRANSLATED_REACH) ? `**${text}**` : text
}

/** Claude's own body is the same at each of its hosts, but for the fields at its top. */
function familyOf(wire: string): string {
  return wire.startsWith('claude-on-') ? 'anthropic' : wire
}

function pinToLoadCore(): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-p', '-c', String(LOAD_CORE), String(process.pid)])
  if (status !== 0) throw new Error(`taskset failed: ${String(stderr)}`)
}
