import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkedLookup, checkOrigin } from '../../src/wire/dial-policy.ts'
import type { Resolve } from '../../src/wire/dial-policy.ts'
import { makeCertificates } from '../support/certificates.ts'
import type { Certificate } from '../support/certificates.ts'
import { newEgress, opened, send, upstreamAt, upstreamOf, whole } from '../support/upstream.ts'

/** Listens on loopback until the test ends, and counts connections. */
async function listening(server: Server): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened({
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

const canary = () => listening(createServer())

/** Every name has these addresses. */
const resolvesTo =
  (...addresses: string[]): Resolve =>
  (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

describe('K1 an address is judged in whatever way it is written', () => {
  const LOOPBACK = [
    '127.0.0.1', '127.1', '127.0.1', '0x7f.1', '0x7f000001', '2130706433', '017700000001', '0177.0.0.1', '①②⑦.0.0.1',
    '127。0。0。1', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]', '10.0.0.1', '192.168.1.1', '100.64.0.1', '[fd00::1]',
  ] // prettier-ignore
  const NEVER = [
    '0', '0.0.0.0', '[::]', '[::ffff:0:0]', '169.254.169.254', '0xa9fea9fe', '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]', '[fe80::1]', '100.100.100.200', '224.0.0.1', '255.255.255.255',
  ] // prettier-ignore
  const dialled = (host: string, port: number, operatorNamed: boolean, scheme = 'https') =>
    send(newEgress(), upstreamAt(`${scheme}://${host}:${port}`, { operatorNamed, connectTimeoutMs: 200 }))
      .outcome

  it.each([...LOOPBACK, ...NEVER])('https://%s as a provider’s own address is not dialled', async (host) => {
    const { port, sockets } = await canary()
    const { error } = await dialled(host, port, false)
    expect(error).toMatchObject({
      kind: 'upstream_unreachable',
      message: expect.stringContaining('no provider may be'),
    })
    expect(sockets).toHaveLength(0)
  })

  it.each(NEVER)('http://%s is not dialled even for its operator', async (host) => {
    const { port, sockets } = await canary()
    const { error } = await dialled(host, port, true, 'http')
    expect(error?.message).toContain('no provider may be')
    expect(sockets).toHaveLength(0)
  })

  it.each(LOOPBACK.slice(0, 10))('K8 http://%s is dialled where the operator wrote it', async (host) => {
    const upstream = await upstreamOf(() => whole('{}'))
    const { body } = await dialled(host, Number(new URL(upstream.url).port), true, 'http')
    expect(body).toBe('{}')
  })
})

describe('K1 the metadata service of a cloud is dialled for its credentials and for nothing else', () => {
  const LINK_LOCAL = [
    '169.254.169.254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254',
  ] // prettier-ignore
  const OTHERS = ['0.0.0.0', '100.100.100.200', '192.0.0.192', '224.0.0.1', 'fe80::1', '::', '2001:db8::1']
  // Judged and not dialled: where these tests run, something may answer.
  const judge = (address: string, metadataService: boolean) => {
    const origin = `http://${address.includes(':') ? `[${address}]` : address}`
    checkOrigin({ origin, operatorNamed: true, metadataService })
    const dialled = { origin: 'http://metadata.example', operatorNamed: true, metadataService }
    let refusal: Error | null = null
    checkedLookup(dialled, resolvesTo(address))('metadata.example', {}, (error) => {
      refusal = error
    })
    if (refusal !== null) throw refusal as Error
  }

  it.each(LINK_LOCAL)('%s is let through for credentials alone', (address) => {
    expect(() => judge(address, true)).not.toThrow()
    expect(() => judge(address, false)).toThrow('no provider may be')
  })

  it.each(OTHERS)('%s is not, even for them', (address) => {
    expect(() => judge(address, true)).toThrow('no provider may be')
  })

  it('and only the files that fetch credentials can say so', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    )
    const saying = files.filter((file) =>
      readFileSync(join('src', file), 'utf8').includes('metadataService:'),
    )
    expect(saying).toEqual(['providers/credentials/token-service.ts'])
  })
})

describe('K2 a name is judged by what it resolves to', () => {
  const ROWS: [string, string[], boolean][] = [
    ['loopback', ['127.0.0.1'], false],
    ['loopback of the other family', ['::1'], false],
    ['a mapped loopback', ['::ffff:127.0.0.1'], false],
    ['a private address behind a public one', ['1.1.1.1', '10.0.0.1'], false],
    ['a private address before a public one', ['10.0.0.1', '1.1.1.1'], false],
    ['the metadata service', ['169.254.169.254'], false],
    ['the metadata service, for the operator', ['169.254.169.254'], true],
    ['this machine and the metadata service, for the operator', ['127.0.0.1', '169.254.169.254'], true],
  ]
  it.each(ROWS)('%s is refused', async (_name, addresses, operatorNamed) => {
    const { port, sockets } = await canary()
    const upstream = upstreamAt(`https://provider.example:${port}`, { operatorNamed })
    const { error } = await send(newEgress(resolvesTo(...addresses)), upstream).outcome
    expect(error).toMatchObject({
      kind: 'upstream_unreachable',
      message: expect.stringContaining('no provider may be'),
    })
    expect(sockets).toHaveLength(0)
  })

  it('K8 a name of the operator may lead to this machine, and is dialled there', async () => {
    const upstream = await upstreamOf(() => whole('{}'))
    const { port } = new URL(upstream.url)
    const egress = newEgress(resolvesTo('127.0.0.1'))
    expect(await send(egress, upstreamAt(`http://ollama.lan:${port}`)).outcome).toMatchObject({ body: '{}' })
    expect(upstream.requests[0]?.head).toContain(`host: ollama.lan:${port}`)
  })

  it('that changes between two connections is judged each time: what was checked is what is dialled', async () => {
    const { port, sockets } = await canary()
    const answers = [['1.1.1.1'], ['127.0.0.1']]
    let asked = 0
    const flipping: Resolve = (name, options, callback) =>
      resolvesTo(...answers[asked++ % 2]!)(name, options, callback)
    const upstream = upstreamAt(`https://provider.example:${port}`, {
      operatorNamed: false,
      connectTimeoutMs: 100,
    })
    const egress = newEgress(flipping)
    for (let round = 0; round < 4; round++) await send(egress, upstream).outcome
    expect(asked).toBe(4)
    expect(sockets).toHaveLength(0)
  })

  it('that cannot be resolved says so', async () => {
    const failing: Resolve = (_name, _options, callback) =>
      callback(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }), [])
    const { error } = await send(newEgress(failing), upstreamAt('https://provider.example')).outcome
    expect(error).toMatchObject({
      kind: 'upstream_unreachable',
      message: expect.stringContaining('name server'),
    })
  })
})

describe('K4 an origin is a web address and nothing else', () => {
  it.each([
    ['http for a provider’s own address', 'http://api.example.com', /expected https/],
    ['a file', 'file:///etc/passwd', /expected/],
    ['data', 'data:text/plain,x', /expected/],
    ['gopher', 'gopher://127.0.0.1:6379', /expected/],
    ['user and password', 'https://user:pass@api.example.com', /expected scheme, host and port/],
    ['a path', 'https://api.example.com/v1', /expected scheme, host and port/],
    ['a fragment', 'https://api.example.com#@10.0.0.1', /expected scheme, host and port/],
    ['a backslash', 'https:\\\\api.example.com', /expected scheme, host and port/],
    ['an address that is not normal', 'https://127.1', /expected scheme, host and port/],
    ['nothing', '', /expected scheme, host and port/],
    ['the port of SSH', 'https://api.example.com:22', /another protocol/],
    ['the port of mail', 'https://api.example.com:25', /another protocol/],
    ['the port of Redis', 'https://api.example.com:6379', /another protocol/],
  ])('%s is refused', async (_name, origin, message) => {
    const upstream = { ...upstreamAt('https://x.example'), origin, operatorNamed: false }
    const { error } = await send(newEgress(resolvesTo('1.1.1.1')), upstream).outcome
    expect(error).toMatchObject({ kind: 'upstream_unreachable', message: expect.stringMatching(message) })
    expect(error?.message).not.toContain('pass@')
  })
})

describe('TLS', () => {
  const issued = makeCertificates(['api.test', 'other.test'])
  const page = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'
  const tls = (certificate: Certificate) =>
    listening(
      createTlsServer(certificate, (socket) =>
        socket.on('error', () => undefined).once('data', () => socket.write(page)),
      ),
    )
  const local = resolvesTo('127.0.0.1')

  it('a certificate of the configured authority is trusted', async () => {
    const { port } = await tls(issued['api.test'])
    const upstream = upstreamAt(`https://api.test:${port}`, { caCertificatePem: issued.authority })
    expect(await send(newEgress(local), upstream).outcome).toMatchObject({ body: '{}', error: undefined })
  })

  it.each([
    ['an unknown authority', 'api.test', {}],
    ['another name', 'other.test', { caCertificatePem: issued.authority }],
  ] as const)('C15 a certificate of %s is not, and no request is sent', async (_what, name, changes) => {
    const { port } = await tls(issued[name])
    const { error } = await send(newEgress(local), upstreamAt(`https://api.test:${port}`, changes)).outcome
    expect(error).toMatchObject({
      kind: 'upstream_unreachable',
      message: expect.stringContaining('certificate'),
    })
  })

  it('C16 a kept connection that is closed as it gets the next request says so, a new one does not', async () => {
    let requests = 0
    const { port } = await listening(
      createTlsServer(issued['api.test'], (socket) =>
        socket
          .on('error', () => undefined)
          .on('data', () => (requests++ === 0 ? socket.write(page) : socket.end())),
      ),
    )
    const upstream = upstreamAt(`https://api.test:${port}`, {
      caCertificatePem: issued.authority,
      maxConnections: 1,
    })
    const egress = newEgress(local)
    await send(egress, upstream).outcome
    const outcomes = [await send(egress, upstream).outcome, await send(egress, upstream).outcome]
    expect(outcomes.map(({ error }) => [error?.kind, error?.details.isStale])).toEqual([
      ['upstream_unreachable', true],
      ['upstream_unreachable', undefined],
    ])
  })

  it('insecure_skip_verify trusts any', async () => {
    const { port } = await tls(issued['other.test'])
    const upstream = upstreamAt(`https://api.test:${port}`, { insecureSkipVerify: true })
    expect(await send(newEgress(local), upstream).outcome).toMatchObject({ body: '{}' })
  })

  it('C15 a server without TLS is never asked in the clear', async () => {
    const upstream = await upstreamOf(() => whole('{}'))
    const { error } = await send(
      newEgress(),
      upstreamAt(upstream.url.replace('http:', 'https:'), { connectTimeoutMs: 100 }),
    ).outcome
    expect(error?.kind).toBe('upstream_unreachable')
    expect(upstream.requests).toEqual([])
  })

  describe('through a proxy', () => {
    /** A proxy that tunnels every name to this machine. */
    async function proxy(
      allows: (target: string, authorization: string | undefined) => boolean = () => true,
    ) {
      const asked: string[] = []
      const server = createHttpServer((request, response) => {
        asked.push(`${request.method} ${request.url}`)
        response.end('"forwarded"')
      })
      server.on('connect', (request, socket) => {
        asked.push(request.url!)
        if (!allows(request.url!, request.headers['proxy-authorization']))
          return socket.end('HTTP/1.1 407 No\r\n\r\n')
        const onward = connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n')
          socket.pipe(onward).pipe(socket)
        })
        onward.on('error', () => socket.destroy())
        socket.on('error', () => onward.destroy())
      })
      const { port } = await listening(server)
      return { url: `http://127.0.0.1:${port}`, asked }
    }

    it('an upstream is reached by its name, which the proxy resolves', async () => {
      const { url, asked } = await proxy()
      const { port } = await tls(issued['api.test'])
      const unasked: Resolve = () => expect.unreachable('the proxy resolves')
      const upstream = upstreamAt(`https://api.test:${port}`, {
        operatorNamed: false,
        caCertificatePem: issued.authority,
        proxyUrl: url,
      })
      expect(await send(newEgress(unasked), upstream).outcome).toMatchObject({ body: '{}', error: undefined })
      expect(asked).toEqual([`api.test:${port}`])
    })

    it('the certificate is still checked', async () => {
      const { url } = await proxy()
      const { port } = await tls(issued['other.test'])
      const upstream = upstreamAt(`https://api.test:${port}`, {
        caCertificatePem: issued.authority,
        proxyUrl: url,
      })
      expect((await send(newEgress(), upstream).outcome).error?.message).toContain('certificate')
    })

    it('credentials in its address are given to it', async () => {
      const seen: (string | undefined)[] = []
      const { url } = await proxy((_target, authorization) => seen.push(authorization) > 0)
      const { port } = await tls(issued['api.test'])
      const proxyUrl = url.replace('//', '//me:se%20cret@')
      const upstream = upstreamAt(`https://api.test:${port}`, {
        caCertificatePem: issued.authority,
        proxyUrl,
      })
      expect(await send(newEgress(), upstream).outcome).toMatchObject({ body: '{}' })
      expect(seen).toEqual([`Basic ${Buffer.from('me:se cret').toString('base64')}`])
    })

    it('one that refuses, or is not there, is named as the cause', async () => {
      const { url } = await proxy(() => false)
      const refused = await send(newEgress(), upstreamAt('https://api.test', { proxyUrl: url })).outcome
      expect(refused.error).toMatchObject({
        kind: 'upstream_unreachable',
        message: expect.stringContaining('proxy'),
      })
      const absent = await send(
        newEgress(),
        upstreamAt('https://api.test', { proxyUrl: 'http://127.0.0.1:9' }),
      ).outcome
      expect(absent.error).toMatchObject({ kind: 'upstream_unreachable' })
    })

    it('K1 an address where no provider may be is not asked of it', async () => {
      const { url, asked } = await proxy()
      const { error } = await send(newEgress(), upstreamAt('https://169.254.169.254', { proxyUrl: url }))
        .outcome
      expect(error?.message).toContain('no provider may be')
      expect(asked).toEqual([])
    })

    it('a plain http upstream is forwarded, with the time-out for headers', async () => {
      const { url, asked } = await proxy()
      const upstream = upstreamAt('http://ollama.lan:11434', { proxyUrl: url, headersTimeoutMs: 300 })
      expect(await send(newEgress(), upstream).outcome).toMatchObject({ body: '"forwarded"' })
      expect(asked).toEqual(['POST http://ollama.lan:11434/v1/messages'])
      const silent = await upstreamOf(() => ['hang'])
      const { error } = await send(newEgress(), { ...upstream, proxyUrl: silent.url }).outcome
      expect(error?.kind).toBe('upstream_timeout')
    })
  })
})

describe('K6 there is one dialler', () => {
  const ROOT = join(import.meta.dirname, '../../src')
  const DIALS =
    /\bfetch\(|\b(?:net|tls)\.connect\(|\bcreateConnection\(|\bhttps?\.(?:request|get)\(|new WebSocket\(|new EventSource\(|(?:import|from|require\()\s*['"(]*(?:undici|node:https|node:tls|node:dgram)\b|\bconnect\b[^\n]*from 'node:http2'|\bhttp2\.connect\(/
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )

  // A database speaks no HTTP; its address is in the operator's file alone.
  const DATABASE = 'stores/ledger/postgres/connection.ts'

  it('and no other file opens a connection, but that of the ledger’s database', () => {
    const dialling = files.filter((file) => DIALS.test(readFileSync(join(ROOT, file), 'utf8')))
    expect(dialling.toSorted()).toEqual([DATABASE, 'wire/egress.ts', 'wire/upstream-exchange.ts'])
  })

  it.each([
    "await fetch('http://x')",
    "net.connect(80, 'x')",
    'tls.connect({})',
    "https.request('x')",
    "http.get('x')",
    "import { request } from 'undici'",
    "await import('undici')",
    "import tls from 'node:tls'",
    "import { connect } from 'node:http2'",
    'http2.connect(url)',
    'new WebSocket(url)',
  ])('the search finds %s', (line) => expect(line).toMatch(DIALS))
})
