import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import * as fc from 'fast-check'

import { AWS_EVENT_STREAM } from './aws-event-stream.ts'
import { type Directive, directiveText, findDirective } from './directive.ts'
import { MALFORMED } from './malformed.ts'
import type { Part } from './parts.ts'
import { startRawUpstream } from './raw.ts'
import { type Provider, type ProviderOptions, startProvider } from './server.ts'
import { NAMED_WIRES, WIRES, type Wire } from './wires.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function start(options?: ProviderOptions): Promise<Provider> {
  const provider = await startProvider(options)
  open.push(provider)
  return provider
}

/** Those that keep a silent stream alive. Google's and Amazon's do not (B10). */
const PINGING = NAMED_WIRES.map(([name]) => name).filter((name) => !/gemini|bedrock|cohere/.test(name))

const STEPS: Directive = { nonce: 'n1', steps: [{ do: 'write', path: '/a', text: 'hi' }], say: 'Done' }

function ask(provider: Provider, wire: Wire, directive: Directive, signal?: AbortSignal): Promise<Response> {
  return fetch(provider.url + wire.path, {
    method: 'POST',
    headers: wire.headers,
    body: JSON.stringify(wire.body(directive)),
    ...(signal && { signal }),
  })
}

/** What came, as text that tests can search. */
async function textOf(wire: Wire, asked: Promise<Response>): Promise<string> {
  const response = await asked
  const bytes = new Uint8Array(await response.arrayBuffer())
  const isPacked = response.headers.get('content-type') === AWS_EVENT_STREAM
  return wire.read && isPacked ? wire.read(bytes) : new TextDecoder().decode(bytes)
}

const ANTHROPIC = WIRES[0]!
const OPENAI_CHAT = WIRES.find(({ name }) => name === 'openai-chat')!

describe('directives', () => {
  const step = fc.record({ do: fc.constant('bash' as const), cmd: fc.string() })
  const directive = fc.record({ nonce: fc.string(), say: fc.string(), steps: fc.array(step) })
  const around = fc.string().filter((text) => !text.includes('['))

  it('are found in any text, plain or with escaped quotation marks', () => {
    fc.assert(
      fc.property(around, directive, around, (before, given, after) => {
        const text = directiveText(given)
        expect(findDirective(before + text + after)).toEqual(given)
        expect(findDirective(before + text.replace(/["\\]/g, '\\$&') + after)).toEqual(given)
      }),
    )
  })
})

describe.each(NAMED_WIRES)('%s', (_name, wire) => {
  const stream = (provider: Provider, directive: Directive) => textOf(wire, ask(provider, wire, directive))

  it('plays the step, then the closing text, with usage', async () => {
    const provider = await start()
    const response = await ask(provider, wire, { ...STEPS, usage: { in: 7, out: 5, cache_read: 3 } })
    const { length } = new Uint8Array(await response.arrayBuffer())
    expect(provider.requests[0]).toMatchObject({
      protocol: wire.name,
      answer: { blocks: [{ type: 'tool', name: 'Write', input: { file_path: '/a', content: 'hi' } }] },
    })
    expect(provider.ledger).toMatchObject([
      { id: 1, tokens: { in: 7, out: 5, cache_read: 3, cache_write: 0 }, complete: true, bytes_sent: length },
    ])
  })

  const whole: [string, Directive['fault'], RegExp][] = [
    ['status', { kind: 'status', status: 529, retry_after: 2 }, /Scripted status 529/],
    ['html', { kind: 'html' }, /^<html>/],
    ['json_for_stream', { kind: 'json_for_stream' }, /^\{.*"file_path.*\}$/],
    ['empty_stream', { kind: 'empty_stream' }, /^$/],
    ['error_event', { kind: 'error_event', after: 2 }, wire.error],
    ['unknown_event', { kind: 'unknown_event' }, /scripted.?unknown/i],
    ['unknown_block', { kind: 'unknown_block' }, /scripted_unknown/],
    ['null_stop', { kind: 'null_stop' }, wire.nullStop],
    ...(wire.wholeCalls
      ? []
      : [
          ['bad_json', { kind: 'bad_json' }, /\{\\"file_path\\": ?\\"\/x"/] as [
            string,
            Directive['fault'],
            RegExp,
          ],
        ]),
  ]
  it.each(whole)('fault %s', async (_kind, fault, pattern) => {
    const provider = await start()
    expect(await stream(provider, { ...STEPS, fault: fault! })).toMatch(pattern)
    expect(provider.requests[0]?.fault).toBe(fault!.kind)
    expect(await stream(provider, STEPS)).not.toMatch(pattern)
  })

  const missing: [string, Directive['fault'], RegExp][] = [
    ['no_usage', { kind: 'no_usage' }, wire.usage],
    ['empty_input', { kind: 'empty_input' }, /file_path.{1,6}\/a/],
    ['empty_delta', { kind: 'empty_delta' }, /file_path.{1,6}\/a/],
    ['truncate', { kind: 'truncate', after: 0 }, wire.end],
    ['drop', { kind: 'drop', events: wire.endEvents }, wire.end],
  ]
  it.each(missing)('fault %s leaves out what it should', async (_kind, fault, pattern) => {
    const provider = await start()
    expect(await stream(provider, { ...STEPS, fault: fault! })).not.toMatch(pattern)
    expect(await stream(provider, { ...STEPS, chunk: 99 })).toMatch(pattern)
  })

  it('fault reset breaks the connection, once', async () => {
    const provider = await start()
    const directive: Directive = { ...STEPS, fault: { kind: 'reset', after: 1 } }
    await expect(stream(provider, directive)).rejects.toThrow()
    expect(await stream(provider, directive)).toMatch(wire.end)
    expect(provider.requests.map((request) => request.clientGoneAt)).toEqual([undefined, undefined])
  })

  it('sends the same bytes in any pieces', async () => {
    const provider = await start()
    expect(await stream(provider, { ...STEPS, split: 3 })).toMatch(wire.end)
  })

  it('fault hang goes on with the rest', async () => {
    const provider = await start()
    const hang: Directive['fault'] = { kind: 'hang', after: 1, hang_ms: 100, ping_ms: 10, ping: 'comment' }
    const got = await stream(provider, { ...STEPS, fault: { ...hang, resume: true } })
    expect(got).toMatch(wire.end)
    expect(got.includes(': keep-alive\n\n')).toBe(PINGING.includes(wire.name))
  })

  it('B1: records when the client left a silent stream, and produces nothing after', async () => {
    const provider = await start()
    const leaving = new AbortController()
    const fault: Directive['fault'] = { kind: 'hang', after: 1 }
    const response = await ask(provider, wire, { ...STEPS, fault }, leaving.signal)
    const sent = provider.requests[0]!.chunkTimes.length
    leaving.abort()
    await response.text().catch(() => undefined)
    while (provider.requests[0]!.clientGoneAt === undefined) await sleep(5)
    expect(provider.requests[0]).toMatchObject({ complete: false, chunksAfterClientGone: 0 })
    expect(provider.ledger[0]).toMatchObject({ chunks: sent, complete: false })
    expect(provider.ledger[0]?.client_gone_at).toBe(provider.requests[0]?.clientGoneAt)
  })

  it('B4: finishes and bills an answer whose client has left, when told to', async () => {
    const provider = await start({ finishesWithoutClient: true })
    const leaving = new AbortController()
    const directive: Directive = { say: 'A long text. '.repeat(20), delay_ms: 2, usage: { out: 50 } }
    const response = await ask(provider, wire, directive, leaving.signal)
    leaving.abort()
    await response.text().catch(() => undefined)
    while (provider.ledger[0]?.tokens.out !== 50) await sleep(5)
    expect(provider.requests[0]!.chunksAfterClientGone).toBeGreaterThan(0)
  })
})

describe('the ledger file', () => {
  it('has a line for each chunk before the chunk is sent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-ledger-'))
    open.push({ close: () => rm(folder, { recursive: true }) })
    const path = join(folder, 'ledger.jsonl')
    const provider = await start({ ledgerPath: path })
    const stream = await (await ask(provider, ANTHROPIC, STEPS)).text()
    const lines = (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const chunks = stream.trim().split('\n\n').length
    expect(lines.map((line) => line.chunks)).toEqual([...Array(chunks + 1).keys(), chunks])
    expect(lines.at(-1)).toEqual(provider.ledger[0])
  })
})

describe('coded replies', () => {
  it('are sent byte for byte, in order, then the script goes on', async () => {
    const provider = await start()
    provider.script([
      { status: 418, headers: { 'x-odd': 'yes' }, json: { a: 1 } },
      { chunks: ['one', { pause_ms: 5 }, new Uint8Array([0, 255])] },
    ])
    provider.reply((request) => (request.path.endsWith('messages') ? undefined : { status: 500 }))
    const first = await ask(provider, ANTHROPIC, STEPS)
    expect([first.status, first.headers.get('x-odd'), await first.json()]).toEqual([418, 'yes', { a: 1 }])
    const second = new Uint8Array(await (await ask(provider, ANTHROPIC, STEPS)).arrayBuffer())
    expect([...second]).toEqual([...new TextEncoder().encode('one'), 0, 255])
    expect((await ask(provider, ANTHROPIC, STEPS)).status).toBe(200)
    expect(provider.requests[2]?.nonce).toBe('n1')
  })

  it.each(['reset', 'close'] as const)('break a stream: %s', async (part) => {
    const provider = await start()
    provider.reply({ chunks: ['data: x\n\n', { pause_ms: 10 }, part] })
    await expect(ask(provider, ANTHROPIC, STEPS).then((response) => response.text())).rejects.toThrow()
  })

  it('go to matching paths only, and a fault set in code needs no directive', async () => {
    const provider = await start()
    provider.reply({ status: 402 }, { path: /completions/ })
    provider.fault({ kind: 'status', status: 503 }, /messages/)
    expect((await ask(provider, ANTHROPIC, { say: 'x' })).status).toBe(503)
    expect((await ask(provider, OPENAI_CHAT, { say: 'x' })).status).toBe(402)
  })
})

describe('the raw upstream', () => {
  /** Sends a request by hand and gives back every byte until the end, or until nothing comes for a while. */
  function talk(url: string, request: string): Promise<string> {
    return new Promise((resolve) => {
      let received = ''
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(request))
      const finish = () => {
        socket.destroy()
        resolve(received)
      }
      socket.setTimeout(300, finish)
      socket.on('data', (bytes) => (received += bytes.toString('latin1')))
      socket.on('end', finish)
      socket.on('error', finish)
    })
  }
  const isText = (part: Part) => typeof part === 'string' && !['close', 'hang', 'reset'].includes(part)
  const bytesOf = (parts: Part[]) => parts.filter((part): part is string => isText(part)).join('')

  it.each(MALFORMED)('$id $name: sends those bytes and no others', async ({ parts, greets }) => {
    const upstream = await startRawUpstream(() => (greets ? [] : parts), greets ? () => parts : undefined)
    open.push(upstream)
    expect(await talk(upstream.url, 'POST /v1/messages HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}')).toBe(
      bytesOf(parts),
    )
    const greeted = greets ? [] : [{ connection: 1, body: Buffer.from('{}') }]
    expect(upstream.requests).toMatchObject(greeted)
  })

  it('C6: shows which connection a request came on', async () => {
    const upstream = await startRawUpstream(() => ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'])
    open.push(upstream)
    const chunked = 'POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'
    await talk(upstream.url, `GET /a HTTP/1.1\r\n\r\n${chunked}`)
    await talk(upstream.url, 'GET /c HTTP/1.1\r\n\r\n')
    expect(upstream.requests.map(({ connection, head }) => [connection, head.split(' ')[1]])).toEqual([
      [1, '/a'],
      [1, '/b'],
      [2, '/c'],
    ])
    expect(upstream.connections()).toBe(2)
  })
})
