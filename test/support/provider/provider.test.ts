import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import * as fc from 'fast-check'

import { type Directive, directiveText, findDirective } from './directive.ts'
import type { Json } from './json.ts'
import { MALFORMED } from './malformed.ts'
import type { Part } from './parts.ts'
import { startRawUpstream } from './raw.ts'
import { type Provider, type ProviderOptions, startProvider } from './server.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function start(options?: ProviderOptions): Promise<Provider> {
  const provider = await startProvider(options)
  open.push(provider)
  return provider
}

const WRITE_TOOL = {
  name: 'Write',
  schema: { type: 'object', properties: { file_path: { type: 'string' }, content: { type: 'string' } } },
}
const STEPS: Directive = { nonce: 'n1', steps: [{ do: 'write', path: '/a', text: 'hi' }], say: 'Done' }

/** The same request in each protocol: a directive, one tool, streamed. */
const ASK: Record<string, (directive: Directive) => [string, Record<string, string>, Json]> = {
  anthropic: (directive) => [
    '/v1/messages',
    { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
    {
      model: 'claude-opus-5-5',
      max_tokens: 100,
      stream: true,
      messages: [{ role: 'user', content: directiveText(directive) }],
      tools: [{ name: WRITE_TOOL.name, input_schema: WRITE_TOOL.schema }],
    },
  ],
  'openai-chat': (directive) => [
    '/v1/chat/completions',
    { authorization: 'Bearer k' },
    {
      model: 'gpt-5',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: directiveText(directive) }],
      tools: [{ type: 'function', function: { name: WRITE_TOOL.name, parameters: WRITE_TOOL.schema } }],
    },
  ],
}

function ask(
  provider: Provider,
  protocol: string,
  directive: Directive,
  signal?: AbortSignal,
): Promise<Response> {
  const [path, headers, body] = ASK[protocol]!(directive)
  return fetch(provider.url + path, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
}

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

describe.each(Object.keys(ASK))('%s', (protocol) => {
  it('plays the step, then the closing text, with usage', async () => {
    const provider = await start()
    const stream = await (
      await ask(provider, protocol, { ...STEPS, usage: { in: 7, out: 5, cache_read: 3 } })
    ).text()
    expect(stream).toContain('Write')
    expect(provider.requests[0]?.answer?.blocks).toMatchObject([
      { type: 'tool', name: 'Write', input: { file_path: '/a', content: 'hi' } },
    ])
    expect(provider.ledger).toMatchObject([
      { id: 1, tokens: { in: 7, out: 5, cache_read: 3, cache_write: 0 }, complete: true },
    ])
    expect(provider.ledger[0]?.bytes_sent).toBe(Buffer.byteLength(stream))
  })

  const whole: [string, Directive['fault'], RegExp][] = [
    ['status', { kind: 'status', status: 529, retry_after: 2 }, /Scripted status 529/],
    ['html', { kind: 'html' }, /^<html>/],
    ['json_for_stream', { kind: 'json_for_stream' }, /^\{"id":/],
    ['empty_stream', { kind: 'empty_stream' }, /^$/],
    ['error_event', { kind: 'error_event', after: 2 }, /"error":\{.*\}\}?\n\n$/s],
    ['bad_json', { kind: 'bad_json' }, /\{\\"file_path\\": \\"\/x"/],
    ['unknown_event', { kind: 'unknown_event' }, /scripted.unknown/],
    ['unknown_block', { kind: 'unknown_block' }, /scripted_unknown/],
    ['null_stop', { kind: 'null_stop' }, /"(stop|finish)_reason":null[^{]*\}.*(message_stop|DONE)/s],
    ['drop', { kind: 'drop', events: '^(message_stop|done)$' }, /usage.*\}\n\n$/s],
  ]
  it.each(whole)('fault %s', async (_kind, fault, pattern) => {
    const provider = await start()
    const response = await ask(provider, protocol, { ...STEPS, fault: fault! })
    expect(await response.text()).toMatch(pattern)
    expect(provider.requests[0]?.fault).toBe(fault!.kind)
  })

  const missing: [string, Directive['fault'], RegExp][] = [
    ['no_usage', { kind: 'no_usage' }, /"usage":\{/],
    ['empty_input', { kind: 'empty_input' }, /file_path/],
    ['empty_delta', { kind: 'empty_delta' }, /file_path/],
    ['truncate', { kind: 'truncate', after: 3 }, /message_stop|DONE/],
  ]
  it.each(missing)('fault %s leaves out what it should', async (_kind, fault, pattern) => {
    const provider = await start()
    const faulty = await (await ask(provider, protocol, { ...STEPS, fault: fault! })).text()
    expect(faulty).not.toMatch(pattern)
    expect(faulty.length).toBeGreaterThan(0)
    expect(await (await ask(provider, protocol, { ...STEPS, chunk: 99 })).text()).toMatch(pattern)
  })

  it('fault reset breaks the connection, once', async () => {
    const provider = await start()
    const directive: Directive = { ...STEPS, fault: { kind: 'reset', after: 2 } }
    await expect(ask(provider, protocol, directive).then((response) => response.text())).rejects.toThrow()
    expect(await (await ask(provider, protocol, directive)).text()).toMatch(/message_stop|DONE/)
    expect(provider.requests.map((request) => request.clientGoneAt)).toEqual([undefined, undefined])
  })

  it('fault hang sends keep-alives, then the rest', async () => {
    const provider = await start()
    const fault: Directive['fault'] = {
      kind: 'hang',
      after: 2,
      hang_ms: 100,
      ping_ms: 10,
      ping: 'comment',
      resume: true,
    }
    const stream = await (await ask(provider, protocol, { ...STEPS, fault })).text()
    expect(stream).toMatch(/: keep-alive\n\n.*(message_stop|DONE)/s)
  })

  it('B1: records when the client left a silent stream, and produces nothing after', async () => {
    const provider = await start()
    const leaving = new AbortController()
    const fault: Directive['fault'] = { kind: 'hang', after: 2 }
    const response = await ask(provider, protocol, { ...STEPS, fault }, leaving.signal)
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
    const response = await ask(provider, protocol, directive, leaving.signal)
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
    const stream = await (await ask(provider, 'anthropic', STEPS)).text()
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
    const first = await ask(provider, 'anthropic', STEPS)
    expect([first.status, first.headers.get('x-odd'), await first.json()]).toEqual([418, 'yes', { a: 1 }])
    const second = new Uint8Array(await (await ask(provider, 'anthropic', STEPS)).arrayBuffer())
    expect([...second]).toEqual([...new TextEncoder().encode('one'), 0, 255])
    expect((await ask(provider, 'anthropic', STEPS)).status).toBe(200)
    expect(provider.requests[2]?.nonce).toBe('n1')
  })

  it.each(['reset', 'close'] as const)('break a stream: %s', async (part) => {
    const provider = await start()
    provider.reply({ chunks: ['data: x\n\n', { pause_ms: 10 }, part] })
    await expect(ask(provider, 'anthropic', STEPS).then((response) => response.text())).rejects.toThrow()
  })

  it('go to matching paths only, and a fault set in code needs no directive', async () => {
    const provider = await start()
    provider.reply({ status: 402 }, { path: /completions/ })
    provider.fault({ kind: 'status', status: 503 }, /messages/)
    expect((await ask(provider, 'anthropic', { say: 'x' })).status).toBe(503)
    expect((await ask(provider, 'openai-chat', { say: 'x' })).status).toBe(402)
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
