import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { SIDES, type Side, ask } from '../../reliability/rig/rig.ts'
import { type Exchanged, exchange, KEYS, type Pair, shortAnswer, startPair } from './exchange.ts'

const SECRET = 'client-secret-0123456789abcdef'
const LOGIN = 'sk-ant-oat01-0123456789abcdef'
const VIRTUAL_KEY = 'sk-bf-0123456789abcdef'
const BETA = { 'anthropic-beta': 'oauth-2025-04-20,claude-code-20250219', 'anthropic-version': '2023-06-01' }

let open: Pair
/** Virtual keys are required there. */
let locked: Pair
beforeAll(async () => {
  open = await startPair()
  const virtualKeys = [{ id: 'dev', name: 'dev', value: VIRTUAL_KEY }]
  locked = await startPair({ client: { enforce_auth_on_inference: true }, virtualKeys })
}, 60_000)
afterAll(async () => {
  await open?.close()
  await locked?.close()
})

/** The provider was asked once, with its own key, and saw nothing of what the client showed. */
function expectOwnKey({ status, seen }: Exchanged, { side }: Side): void {
  expect([status, seen.length]).toEqual([200, 1])
  const { headers, rawHeaders, url, body } = seen[0]!
  const own = side === 'native' ? headers['x-api-key'] : headers['authorization']
  expect(own).toBe(side === 'native' ? KEYS.anthropic : `Bearer ${KEYS.openai}`)
  expect(headers[side === 'native' ? 'authorization' : 'x-api-key']).toBeUndefined()
  expect(JSON.stringify([rawHeaders, url, body])).not.toMatch(/client-secret|sk-ant-oat|sk-bf-/)
}

const credentials: [way: string, headers: Record<string, string>][] = [
  ['no key', {}],
  ['ANTHROPIC_API_KEY: x-api-key', { 'x-api-key': SECRET }],
  ['ANTHROPIC_AUTH_TOKEN: Bearer', { authorization: `Bearer ${SECRET}` }],
  ['apiKeyHelper: both', { 'x-api-key': SECRET, authorization: `Bearer ${SECRET}` }],
  ['both set, and different', { 'x-api-key': SECRET, authorization: `Bearer ${SECRET}2` }],
  ['a placeholder', { 'x-api-key': 'dummy', authorization: 'Bearer dummy' }],
  ['ANTHROPIC_CUSTOM_HEADERS in place of a key', { authorization: `Basic ${SECRET}` }],
  ['a Claude login, as a token', { authorization: `Bearer ${LOGIN}`, ...BETA }],
  ['a Claude login, as a key', { 'x-api-key': LOGIN }],
]

describe.each(SIDES)('contract: credentials, where no key is required, $side', (side) => {
  it.each(credentials)('%s: the provider gets its own key', async (_way, headers) => {
    for (const stream of [false, true]) {
      const body = ask(side.model, 'Hi', { stream })
      expectOwnKey(await exchange(open, { headers, body }, shortAnswer(side, stream)), side)
    }
  })
})

describe.each(SIDES)('contract: credentials, where virtual keys are required, $side', (side) => {
  it.each<[way: string, headers: Record<string, string>]>([
    ['x-api-key', { 'x-api-key': VIRTUAL_KEY }],
    ['Bearer', { authorization: `Bearer ${VIRTUAL_KEY}` }],
    ['both', { 'x-api-key': VIRTUAL_KEY, authorization: `Bearer ${VIRTUAL_KEY}` }],
    ['ANTHROPIC_CUSTOM_HEADERS: x-bf-vk', { 'x-bf-vk': VIRTUAL_KEY, 'x-api-key': 'dummy' }],
    ['beside a Claude login', { 'x-bf-vk': VIRTUAL_KEY, authorization: `Bearer ${LOGIN}`, ...BETA }],
    ['as key beside a Claude login', { 'x-api-key': VIRTUAL_KEY, authorization: `Bearer ${LOGIN}`, ...BETA }],
  ])('%s', async (_way, headers) => {
    expectOwnKey(await exchange(locked, { headers, body: ask(side.model, 'Hi') }, shortAnswer(side)), side)
  })

  it.each<[way: string, headers: Record<string, string>, status: number, type: string]>([
    ['none', {}, 401, 'authentication_error'],
    ['a placeholder', { 'x-api-key': 'dummy' }, 401, 'authentication_error'],
    ['a Claude login alone', { authorization: `Bearer ${LOGIN}`, ...BETA }, 401, 'authentication_error'],
    ['an unknown virtual key', { 'x-api-key': 'sk-bf-unknown' }, 403, 'permission_error'],
  ])('%s is refused in Anthropic’s form, before any provider', async (_way, headers, status, type) => {
    const answer = await exchange(locked, { headers, body: ask(side.model, 'Hi') })
    expect([answer.status, answer.seen]).toEqual([status, []])
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'error', error: { type } })
    expect(answer.text).not.toMatch(/sk-bf-|sk-ant-/)
  })
})

describe('contract: credentials of what Claude Code asks at its start', () => {
  it.each(['/anthropic', '/anthropic/api/hello', '/api/hello', '/'])(
    'HEAD %s needs none, although inference does',
    async (path) => {
      expect((await exchange(locked, { method: 'HEAD', path })).status).toBe(200)
    },
  )

  it.each<[headers: Record<string, string>, status: number]>([
    [{ 'x-api-key': VIRTUAL_KEY, authorization: `Bearer ${VIRTUAL_KEY}` }, 200],
    [{ authorization: `Bearer ${VIRTUAL_KEY}` }, 200],
    [{}, 401],
  ])('discovery with %j is %i', async (headers, status) => {
    const answer = await exchange(locked, { path: '/anthropic/v1/models?limit=1000', headers })
    expect(answer.status).toBe(status)
  })
})
