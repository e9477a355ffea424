import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, type Server, connect } from 'node:net'
import { type TLSSocket, createServer as createTlsServer } from 'node:tls'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { makeCertificates } from '../support/certificates.ts'
import { directiveText } from '../support/provider/directive.ts'
import { allRows } from './rig/log-rows.ts'
import { CLAUDE } from './rig/wires.ts'
import { Rig, ask, measured, newCase } from './rig/rig.ts'

const LOGIN = 'sk-ant-oat01-canary-5c8e0f2b7d1a'
const HOST = 'api.anthropic.com'
/** Of people whose own account is not let in. */
const REFUSALS = [
  { token: 'sk-ant-oat01-limited-1', type: 'rate_limit_error', status: '429 Slow' },
  { token: 'sk-ant-oat01-revoked-1', type: 'authentication_error', status: '401 No' },
  { token: 'sk-ant-oat01-barred-1', type: 'permission_error', status: '403 No' },
  { token: 'sk-ant-oat01-unpaid-1', type: 'billing_error', status: '402 No' },
]

const { authority, ...issued } = makeCertificates([HOST])

/** Requests that came in through TLS to Anthropic's own name, as text. */
const atAnthropic: string[] = []
/** What the proxy was asked to connect to. */
const tunnels: string[] = []
const servers: Server[] = []
let rig: Rig

beforeAll(async () => {
  const anthropic = createTlsServer(issued[HOST], (socket: TLSSocket) => {
    let text = ''
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (text.length - text.indexOf('\r\n\r\n') - 4 < length) return
      atAnthropic.push(text)
      const refusal = REFUSALS.find(({ token }) => text.includes(token))
      text = ''
      if (refusal === undefined) return socket.write(measured(CLAUDE.whole(`with ${LOGIN}`)))
      socket.write(measured(CLAUDE.errorBody('No', refusal.type), 'application/json', refusal.status))
    })
  })
  const proxy = createHttpServer()
  proxy.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '')
    const onward = connect(portOf(anthropic), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  servers.push(anthropic, proxy)
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  const keys = (name: string) => [{ name, value: `sk-own-${name}-0123456789`, models: ['*'], weight: 1 }]
  rig = await Rig.start({
    virtualKeys: [{ id: 'v', name: 'v', value: 'sk-bf-beside-0123456789', is_active: true }],
    providers: (url) => ({
      // Of its own host; reached through the proxy, as behind a company's firewall.
      anthropic: {
        keys: keys('anthropic'),
        network_config: { ca_cert_pem: authority },
        proxy_config: { type: 'http', url: `http://127.0.0.1:${portOf(proxy)}` },
      },
      relay: {
        keys: keys('relay'),
        network_config: { base_url: url },
        custom_provider_config: { base_provider_type: 'anthropic' },
      },
    }),
  })
}, 60_000)
afterAll(async () => {
  await rig.close()
  for (const server of servers) server.close()
})

const portOf = (server: Server) => (server.address() as AddressInfo).port

const SAY = directiveText({ say: 'served' })
const login = {
  authorization: `Bearer ${LOGIN}`,
  'anthropic-beta': 'oauth-2025-04-20',
}

const seenAt = (host: 'anthropic' | 'others') =>
  host === 'anthropic'
    ? atAnthropic.join('\n')
    : JSON.stringify(rig.provider.requests.map(({ rawHeaders, body }) => [rawHeaders, body])) +
      rig.raw.requests.map(({ head }) => head).join('\n')

describe('K5 the token of a Claude login', () => {
  it('goes to Anthropic’s own host, by TLS, alone and with its beta', async () => {
    const { status, text } = await rig.call(ask('claude-opus-5-5', SAY), { headers: login }).answer()
    expect(status, text).toBe(200)
    expect(tunnels).toEqual([`${HOST}:443`])
    const [head] = atAnthropic.at(-1)!.split('\r\n\r\n')
    expect(head).toContain(`authorization: Bearer ${LOGIN}`)
    expect(head).toContain('anthropic-beta: oauth-2025-04-20')
    expect(head).not.toMatch(/x-api-key|sk-own/i)
  })

  it('C20 and does not come back when Anthropic shows it', async () => {
    const { text } = await rig.call(ask('claude-opus-5-5', SAY), { headers: login }).answer()
    expect(text).toContain('with [redacted]')
  })

  it('goes there beside a key of the gateway, which stays here', async () => {
    const headers = { ...login, 'x-bf-vk': 'sk-bf-beside-0123456789' }
    const session = newCase()
    const all = { ...headers, 'x-claude-code-session-id': session }
    expect((await rig.call(ask('claude-opus-5-5', SAY), { headers: all }).answer()).status).toBe(200)
    expect(atAnthropic.at(-1)).toContain(`authorization: Bearer ${LOGIN}`)
    expect(atAnthropic.join('')).not.toContain('sk-bf-beside')
    expect(await rig.row(session)).toMatchObject({ virtualKeyName: 'v', providerKeyName: 'client login' })
  })

  it('is counted with there too', async () => {
    const before = atAnthropic.length
    await rig.call({ model: 'claude-opus-5-5', messages: [{ role: 'user', content: 'Hi' }] }, { headers: login, path: '/anthropic/v1/messages/count_tokens' }).answer() // prettier-ignore
    expect(atAnthropic).toHaveLength(before + 1)
    expect(atAnthropic.at(-1)).toContain('POST /v1/messages/count_tokens')
  })

  it.each([
    ['another service of its protocol', 'relay/claude-opus-5-5'],
    ['a raw one', 'raw-anthropic/claude-opus-5-5'],
    ['a service of another protocol', 'openai/gpt-5'],
    ['two keys', 'pair-anthropic/claude-opus-5-5'],
  ])('does not go to %s', async (_who, model) => {
    const before = rig.provider.requests.length + rig.raw.requests.length
    for (const stream of [false, true])
      await rig.call(ask(model, SAY, { stream }), { headers: login }).answer()
    await rig.call({ model, messages: [{ role: 'user', content: 'Hi' }] }, { headers: login, path: '/anthropic/v1/messages/count_tokens' }).answer() // prettier-ignore
    expect(rig.provider.requests.length + rig.raw.requests.length).toBeGreaterThan(before)
    expect(seenAt('others')).not.toContain(LOGIN)
    expect(seenAt('others')).not.toContain('sk-ant-oat')
  })

  it.each(REFUSALS)(
    'C17 that Anthropic refuses ($status) keeps no other person’s out',
    async ({ token, status }) => {
      for (let call = 0; call < 10; call++) {
        const headers = { ...login, authorization: `Bearer ${token}` }
        const refused = await rig.call(ask('claude-opus-5-5', SAY), { headers }).answer()
        expect(refused.status).toBe(Number.parseInt(status))
      }
      const session = newCase()
      const body = { ...ask('claude-opus-5-5', SAY), fallbacks: ['relay/claude-opus-5-5'] }
      const headers = { ...login, 'x-claude-code-session-id': session }
      expect((await rig.call(body, { headers }).answer()).status).toBe(200)
      const { attempts } = await rig.row(session)
      expect(attempts.map(({ provider, status: own }) => [provider, own])).toEqual([['anthropic', 200]])
    },
  )

  it('is in no row, and in nothing that is printed', () => {
    expect(JSON.stringify(allRows(rig.gateway.appDir))).not.toContain(LOGIN)
    expect(rig.gateway.stdout() + rig.gateway.stderr()).not.toContain(LOGIN)
  })
})

describe('K5 the token of a Claude login, where Anthropic is a relay of the operator', () => {
  it('is not given to the relay: the operator’s own key is', async () => {
    const other = await Rig.start()
    try {
      const headers = { authorization: `Bearer ${LOGIN}` }
      expect((await other.call(ask('claude-opus-5-5', SAY), { headers }).answer()).status).toBe(200)
      expect(JSON.stringify(other.provider.requests.map(({ rawHeaders }) => rawHeaders))).not.toContain(LOGIN)
      expect(other.provider.requests.at(-1)!.headers['x-api-key']).toMatch(/canary/)
    } finally {
      await other.close()
    }
  })
})
