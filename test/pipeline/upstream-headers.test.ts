import { describe, expect, it } from 'vitest'

import { cursor } from '../../src/http/cursor.ts'
import type { Call } from '../../src/pipeline/call.ts'
import { loginTokenFor } from '../../src/pipeline/candidates.ts'
import type { Target } from '../../src/pipeline/plan.ts'
import { answerHeaders, idHeader, upstreamHeaders } from '../../src/pipeline/upstream-headers.ts'
import { anthropic as anthropicMessages } from '../../src/protocols/anthropic/index.ts'
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts'
import { cohere } from '../../src/protocols/cohere/index.ts'
import { gemini } from '../../src/protocols/gemini/index.ts'
import { PROTOCOLS } from '../../src/protocols/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts'
import { PROVIDERS, customProvider } from '../../src/providers/index.ts'
import type { Provider } from '../../src/providers/provider.ts'
import type { ConfiguredProvider, HeaderFilter } from '../../src/stores/config/configuration.ts'

const anthropic = PROVIDERS.get('anthropic')!
const openai = PROVIDERS.get('openai')!
const relay = customProvider('relay', 'anthropic', { keyless: false })

const LOGIN = 'sk-ant-oat01-0123456789abcdef'

/** A configured provider, as far as headers depend on it. */
const at = (provider: Provider, baseUrl = provider.baseUrl, extraHeaders = {}) =>
  ({
    provider,
    reach: { upstream: { origin: URL.parse(baseUrl ?? '')?.origin }, pathPrefix: '' },
    network: { extraHeaders },
  }) as unknown as ConfiguredProvider

const sent = (
  headers: Record<string, string>,
  { provider = at(anthropic), mode = 'native', loginToken }: Partial<Target> = {},
  filter: HeaderFilter = { allowed: [], denied: [] },
) => {
  const [surface] = provider.provider.surfaces
  const target = { provider, surface, mode, loginToken } as Target
  return upstreamHeaders({ headers } as unknown as Call, target, 12, filter)
}

describe('contract: credentials of a Claude login', () => {
  const caller = (bearerToken: string | undefined) => ({ virtualKey: undefined, bearerToken })

  it.each<[where: string, provider: ConfiguredProvider, goes: boolean]>([
    ['Anthropic', at(anthropic), true],
    ['Anthropic, its address written out', at(anthropic, 'https://api.anthropic.com:443/v1'), true],
    ['Anthropic behind a relay of the operator', at(anthropic, 'https://relay.example'), false],
    ['Anthropic without encryption', at(anthropic, 'http://api.anthropic.com'), false],
    ['Anthropic on another port', at(anthropic, 'https://api.anthropic.com:8443'), false],
    ['a host that begins alike', at(anthropic, 'https://api.anthropic.com.example'), false],
    ['a user name that looks alike', at(anthropic, 'https://api.anthropic.com@relay.example'), false],
    ['another service of its protocol', at(relay, 'https://api.anthropic.com'), false],
    ['OpenAI', at(openai), false],
  ])('J5 to %s', (_where, provider, goes) => {
    expect(loginTokenFor(provider, caller(LOGIN))).toBe(goes ? LOGIN : undefined)
  })

  it.each([undefined, 'placeholder', 'sk-ant-api03-key', `x${LOGIN}`])('%s is none', (token) => {
    expect(loginTokenFor(at(anthropic), caller(token))).toBeUndefined()
  })

  it('goes with its beta, and without what the client showed the gateway', () => {
    const headers = sent(
      {
        authorization: 'Bearer of-the-client',
        'x-api-key': 'sk-bf-virtual',
        'x-bf-vk': 'sk-bf-virtual',
        'anthropic-beta': 'oauth-2025-04-20,claude-code-20250219',
      },
      { loginToken: LOGIN },
    )
    expect(headers).toMatchObject({ 'anthropic-beta': 'oauth-2025-04-20,claude-code-20250219' })
    for (const name of ['authorization', 'x-api-key', 'x-bf-vk']) expect(headers).not.toHaveProperty(name)
  })
})

describe('contract: headers to an upstream', () => {
  it.each<[name: string, value: string]>([
    ['anthropic-version', '2099-01-01'],
    ['anthropic-beta', 'claude-code-20250219, a-beta-of-tomorrow-2027-01-01,interleaved-thinking-2025-05-14'],
    ['anthropic-dangerous-direct-browser-access', 'true'],
    ['anthropic-workspace-id', 'wrkspc_1'],
    ['anthropic-of-tomorrow', 'x'],
    ['user-agent', 'claude-cli/2.1.329 (external, sdk-cli)'],
    ['x-app', 'cli'],
    ['x-stainless-retry-count', '0'],
    ['x-claude-code-session-id', '00000000-0000-4000-8000-000000000001'],
    ['x-claude-code-agent-id', 'a0123456789abcdef'],
    ['x-claude-code-request-class', 'main'],
    ['x-claude-code-of-tomorrow', 'x'],
  ])('%s goes to Anthropic as it is, and to no other kind', (name, value) => {
    expect(sent({ [name]: value })).toMatchObject({ [name]: value })
    const foreign = sent({ [name]: value }, { provider: at(openai), mode: 'translated' })
    expect(foreign).not.toHaveProperty([name])
  })

  it.each([
    'cookie', 'host', 'connection', 'transfer-encoding', 'content-length', 'content-encoding', 'accept-encoding',
    'x-api-key', 'authorization', 'proxy-authorization', 'x-goog-api-key', 'x-bf-vk', 'x-bf-session-id', 'origin',
    'referer', 'x-forwarded-for', 'x-real-ip', 'forwarded', 'via', 'te', 'expect', 'upgrade',
  ])('D20 %s stays here', (name) => {
    for (const plan of [{}, { provider: at(openai), mode: 'translated' as const }])
      expect(Object.values(sent({ [name]: 'of-the-client' }, plan))).not.toContain('of-the-client')
  }) // prettier-ignore

  it.each(['anthropic-beta', 'X-App', 'x-claude-code-session-id'])(
    'D20 %s stays here when it is named in Connection',
    (name) => {
      const headers = { connection: `keep-alive, ${name}`, [name.toLowerCase()]: 'hop' }
      expect(Object.values(sent(headers))).not.toContain('hop')
    },
  )

  it.each([
    'content-type',
    'Content-Encoding',
    'content-length',
    'host',
    'x-api-key',
    'api-key',
    'authorization',
    'x-http-method-override',
  ])('D20 x-bf-eh-%s sets nothing', (name) => {
    const headers = sent({ [`x-bf-eh-${name.toLowerCase()}`]: 'of-the-client', 'x-bf-eh-x-team': 'red' })
    expect(Object.values(headers)).not.toContain('of-the-client')
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-team': 'red' })
  })

  it.each<[what: string, filter: Partial<HeaderFilter>, expected: Record<string, string | undefined>]>([
    ['none', {}, { 'x-team': 'red', 'x-trace': undefined, 'anthropic-beta': 'b' }],
    ['a list of what goes on', { allowed: ['x-tr*'] }, { 'x-team': undefined, 'x-trace': 't' }],
    ['both by name', { allowed: ['x-team', 'x-trace'] }, { 'x-team': 'red', 'x-trace': 't' }],
    ['all', { allowed: ['*'] }, { 'x-team': 'red', 'x-trace': 't', cookie: undefined, 'x-bf-vk': undefined }],
    [
      'what does not',
      { denied: ['x-team', 'anthropic-*'] },
      { 'x-team': undefined, 'anthropic-beta': undefined },
    ],
    [
      'a denial over an allowance',
      { allowed: ['x-*'], denied: ['x-trace'] },
      { 'x-team': 'red', 'x-trace': undefined },
    ],
  ])('header_filter_config: %s', (_what, filter, expected) => {
    const client = {
      'x-bf-eh-x-team': 'red',
      'x-trace': 't',
      'anthropic-beta': 'b',
      cookie: 'session',
      authorization: 'Bearer of-the-client',
      'x-bf-vk': 'sk-bf-1',
    }
    const headers = sent(client, {}, { allowed: [], denied: [], ...filter })
    expect(headers).not.toHaveProperty('authorization')
    for (const [name, value] of Object.entries(expected)) expect(headers[name], name).toBe(value)
  })

  it('a client that names no version gets the one that the gateway speaks', () => {
    expect(sent({})).toMatchObject({
      'anthropic-version': '2023-06-01',
      'accept-encoding': 'identity',
    })
  })
})

describe('the id of an answer stands where SDKs look for it', () => {
  const named = [
    [anthropicMessages, 'request-id'],
    [openaiChat, 'x-request-id'],
    [openaiResponses, 'x-request-id'],
    [cursor, 'x-request-id'],
    [gemini, 'x-request-id'],
    [cohere, 'x-request-id'],
    [bedrockConverse, 'x-amzn-requestid'],
  ] as const
  const rows = named.map(([protocol, name]) => ({ id: protocol.id, protocol, name }))

  it.each(rows)('$id: $name', ({ protocol, name }) => {
    const call = { id: 'call', protocol } as Call
    expect(idHeader(call)).toEqual({ [name]: 'call' })
    expect(answerHeaders({}, call)).toEqual({ [name]: 'call' })
    expect(answerHeaders({ [name]: 'theirs' }, call)).toEqual({ [name]: 'theirs' })
  })

  it('of every protocol', () => {
    expect(named.map(([{ id }]) => id).toSorted()).toEqual(
      [...PROTOCOLS.map(({ id }) => id), cursor.id].toSorted(),
    )
  })
})
