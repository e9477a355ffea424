/** What an explanation says, case by case: who, which rules, where, with which key, within which limits. */
import { describe, expect, it } from 'vitest'
import type { ExplanationView } from '../../src/admin/explain-view.ts'
import type { CallRow, LogEntry } from '../../src/stores/logs/port.ts'
import { explainer } from '../support/explaining.ts'

const KEY_OF_ANA = 'sk-bf-ana-0123456789abcdef'

function keys(...names: string[]) {
  return names.map((name, index) => ({
    id: name,
    name,
    value: `secret-of-${name}`,
    models: ['*'],
    weight: index + 1,
  }))
}

const SETTINGS = {
  client: { logging_headers: ['x-project'] },
  providers: { anthropic: { keys: keys('a1', 'a2') }, openai: { keys: keys('o1') } },
  governance: {
    teams: [{ id: 'eng', name: 'Engineers' }],
    virtual_keys: [{ id: 'ana', name: 'Ana', value: KEY_OF_ANA, team_id: 'eng' }],
  },
}

/** The settings with these fields in their governance, and in those of the only virtual key. */
function governed(governance: object, ofAna: object = {}): object {
  const [ana] = SETTINGS.governance.virtual_keys
  return {
    ...SETTINGS,
    governance: { ...SETTINGS.governance, virtual_keys: [{ ...ana, ...ofAna }], ...governance },
  }
}

function messages(model: string, more: object = {}, headers: Record<string, string> = {}) {
  const body = { model, max_tokens: 1000, messages: [{ role: 'user', content: 'Hi' }], ...more }
  return { path: '/anthropic/v1/messages', headers: { 'x-bf-vk': KEY_OF_ANA, ...headers }, body }
}

/** `anthropic/claude-opus-4-5 a2`: where it goes, with which key; or why it does not. */
function gist({ outcome, plan }: ExplanationView): string {
  if (outcome.type === 'refused') return `${outcome.status} ${outcome.error.type}`
  if (outcome.type !== 'sent') return outcome.type
  const { provider, model, key } = plan[outcome.target]!
  return `${provider}/${model} ${key?.name}`
}

const OVERFLOW = {
  id: 'overflow',
  name: 'overflow',
  cel_expression: 'budget_used > 85 && tier == "opus"',
  targets: [{ provider: 'anthropic', model: 'claude-sonnet-4-5' }],
}
const SPLIT = {
  id: 'split',
  name: 'split',
  targets: [
    { provider: 'anthropic', model: 'claude-sonnet-4-5', weight: 70 },
    { provider: 'openai', model: 'gpt-5', weight: 30 },
  ],
}
const USED_UP = [{ max_limit: 10, reset_duration: '1d', current_usage: 10 }]
const NEARLY = [{ max_limit: 10, reset_duration: '1d', current_usage: 9 }]

interface Case {
  title: string
  settings?: object
  request?: object
  goes: string
  /** Of the explanation. */
  shows?: object
}

const CASES: Case[] = [
  { title: 'as the name leads, with the heaviest key where nothing names a session', goes: 'anthropic/claude-opus-4-5 a2', shows: {
    caller: { virtual_key: { id: 'ana', name: 'Ana' }, team: { id: 'eng', name: 'Engineers' }, customer: null },
    rules: { decided_by: null, tried: [], targets: [] },
    plan: [{ mode: 'native', body: { untouched: true, changes: [], dropped: [] }, keys: [{ name: 'a1', share: 1 / 3 }, { name: 'a2', share: 2 / 3 }] }],
  } },
  { title: 'a rule that applies', settings: governed({ routing_rules: [OVERFLOW] }, { budgets: NEARLY }), goes: 'anthropic/claude-sonnet-4-5 a2', shows: {
    rules: { decided_by: { id: 'overflow', name: 'overflow' }, tried: [{ name: 'overflow', outcome: 'applies', conditions: [
      { text: 'budget_used > 85', outcome: 'holds', values: { budget_used: 90 } },
      { text: 'tier == "opus"', outcome: 'holds', values: { tier: 'opus' } },
    ] }] },
    plan: [{ reason: 'rule "overflow"', body: { untouched: false, changes: [{ field: 'model', change: 'changed' }] } }],
  } },
  { title: 'a rule that does not, and one that is off', settings: governed({ routing_rules: [OVERFLOW, { ...OVERFLOW, id: 'off', name: 'off', enabled: false }] }), goes: 'anthropic/claude-opus-4-5 a2', shows: {
    rules: { decided_by: null, tried: [
      { name: 'overflow', outcome: 'does not apply', conditions: [{ outcome: 'does not hold', values: { budget_used: 0 } }, { outcome: 'holds' }] },
      { name: 'off', outcome: 'disabled', conditions: [] },
    ] },
  } },
  { title: 'weighted targets of a rule', settings: governed({ routing_rules: [SPLIT] }), goes: 'anthropic/claude-sonnet-4-5 a2', shows: {
    rules: { targets: [{ provider: 'anthropic', share: 0.7, usable: true }, { provider: 'openai', share: 0.3, usable: true }] },
    assumptions: [expect.stringContaining('names no session'), expect.any(String)],
  } },
  { title: 'weighted targets of which one cannot serve', settings: governed({ routing_rules: [SPLIT] }, { provider_configs: [{ provider: 'openai', allowed_models: ['*'], key_ids: ['*'] }] }), goes: 'openai/gpt-5 o1', shows: {
    rules: { targets: [{ provider: 'openai', share: 1, usable: true }, { provider: 'anthropic', share: 0, usable: false }] },
  } },
  { title: 'weights of the virtual key', settings: governed({}, { provider_configs: [
    { provider: 'openai', weight: 9, allowed_models: ['gpt-5'], key_ids: ['*'] },
    { provider: 'anthropic', weight: 1, allowed_models: ['*'], key_ids: ['a1'] },
  ] }), goes: 'anthropic/claude-opus-4-5 a1', shows: {
    weights: { order: 'weighted', grants: [
      { provider: 'anthropic', weight: 1, share: 1, left_out: null },
      { provider: 'openai', weight: 9, share: null, left_out: 'does not serve the model' },
    ] },
    plan: [{ keys: [{ name: 'a1', share: 1 }, { name: 'a2', share: 0, left_out: 'neither the virtual key nor the rule lets the call use it' }] }],
  } },
  { title: 'a grant whose limit is used up', settings: governed({}, { provider_configs: [
    { provider: 'anthropic', weight: 1, allowed_models: ['*'], key_ids: ['*'], budgets: USED_UP },
    { provider: 'openai', weight: 1, allowed_models: ['*'], key_ids: ['*'] },
  ] }), request: messages('gpt-5'), goes: 'openai/gpt-5 o1' },
  { title: 'a model that no grant allows', settings: governed({}, { provider_configs: [{ provider: 'anthropic', allowed_models: ['claude-haiku-4-5'], key_ids: ['*'] }] }), goes: '403 model_blocked', shows: {
    weights: { grants: [{ provider: 'anthropic', left_out: 'model is not allowed' }] }, plan: [],
  } },
  { title: 'a provider that no grant allows', settings: governed({}, { provider_configs: [{ provider: 'anthropic', allowed_models: ['*'], key_ids: ['*'] }] }), request: messages('openai/gpt-5'), goes: '403 provider_blocked' },
  { title: 'a rule that pins a key', settings: governed({ routing_rules: [{ ...SPLIT, targets: [{ provider: 'anthropic', model: 'claude-sonnet-4-5', key_id: 'a1' }] }] }), goes: 'anthropic/claude-sonnet-4-5 a1' },
  { title: 'a budget that is used up', settings: governed({}, { budgets: USED_UP }), goes: '402 budget_exceeded', shows: {
    plan: [{ limits: [{ owner: { kind: 'virtual_key', name: 'Ana' }, unit: 'dollars', limit: 10, used: 10, reserved: 0, remaining: 0, would_hold: null, blocks: true, period: '1d' }], refusal: { status: 402, type: 'budget_exceeded' } }],
  } },
  { title: 'a rate limit that is used up', settings: governed({}, { rate_limit: { request_max_limit: 0, request_reset_duration: '1m' } }), goes: '429 request_limited', shows: {
    outcome: { retry_after: expect.any(Number) }, plan: [{ limits: [{ unit: 'requests', limit: 0, blocks: true }] }],
  } },
  { title: 'a budget of the team that has room', settings: governed({ teams: [{ id: 'eng', name: 'Engineers', budgets: NEARLY }] }), goes: 'anthropic/claude-opus-4-5 a2', shows: {
    plan: [{ limits: [{ owner: { kind: 'team' }, used: 9, blocks: false }], budget_warning: expect.stringContaining('90% of the budget used') }],
  } },
  { title: 'a model without a price, within a budget', settings: governed({}, { budgets: NEARLY }), request: messages('openai/made-up'), goes: '402 budget_exceeded', shows: {
    plan: [{ reservation: { dollars: 'unpriced' }, cost: { answers: [{ dollars: null }, {}] } }],
  } },
  { title: 'a fallback behind a provider whose budget is used up', settings: governed({ providers: [{ name: 'anthropic', budgets: USED_UP }] }), request: messages('claude-opus-4-5', { fallbacks: ['openai/gpt-5', 'groq/llama-3.3-70b-versatile'] }), goes: 'openai/gpt-5 o1', shows: {
    plan: [{ provider: 'anthropic', refusal: { type: 'budget_exceeded' } }, { provider: 'openai', refusal: null }],
    left_out: [{ place: 'groq/llama-3.3-70b-versatile', type: 'no_key' }], outcome: { target: 1 },
  } },
  { title: 'translated, with what is dropped', request: messages('openai/gpt-5', { top_k: 5, thinking: { type: 'enabled', budget_tokens: 1024 } }), goes: 'openai/gpt-5 o1', shows: {
    plan: [{ mode: 'translated', protocol: 'openai-responses', body: { untouched: false, changes: [], dropped: expect.arrayContaining([expect.objectContaining({ field: 'top_k' })]) } }],
  } },
  { title: 'a body that cannot be translated', request: messages('openai/gpt-5', { messages: 7 }), goes: '400 invalid_request' },
  { title: 'an unknown virtual key', request: messages('claude-opus-4-5', {}, { 'x-bf-vk': 'sk-bf-nobody' }), goes: '403 virtual_key_not_found', shows: { caller: null, plan: [], rules: null } },
  { title: 'an expired virtual key, by its name', settings: governed({}, { expires_at: '2020-01-01T00:00:00Z' }), request: { ...messages('claude-opus-4-5'), virtual_key: 'Ana' }, goes: '403 virtual_key_blocked' },
  { title: 'headers that are required', settings: { ...SETTINGS, client: { required_headers: ['X-Cost-Centre'] } }, goes: '400 missing_required_headers' },
  { title: 'a model that leads nowhere', settings: {}, request: { path: '/openai/v1/chat/completions', body: { model: 'nobodys-model', messages: [] } }, goes: '404 model_not_found' },
  { title: 'tokens that the provider counts', request: { ...messages('claude-opus-4-5'), path: '/anthropic/v1/messages/count_tokens' }, goes: 'anthropic/claude-opus-4-5 a2', shows: { plan: [{ reservation: { dollars: 0, tokens: 0 }, cost: null }] } },
  { title: 'tokens that the gateway counts', request: { ...messages('openai/gpt-5'), path: '/anthropic/v1/messages/count_tokens' }, goes: 'answered_here' },
  { title: 'embeddings', request: { path: '/openai/v1/embeddings', body: { model: 'text-embedding-3-small', input: 'Hi' } }, goes: 'openai/text-embedding-3-small o1', shows: { call: { operation: 'embeddings' }, plan: [{ mode: 'native', cost: null }] } },
  { title: 'Gemini, whose path names the model', request: { path: '/genai/v1beta/models/claude-opus-4-5:streamGenerateContent?alt=sse', body: { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] } }, goes: 'anthropic/claude-opus-4-5 a2', shows: { call: { stream: true, model: 'claude-opus-4-5' }, plan: [{ mode: 'translated' }] } },
] // prettier-ignore

describe('an explanation', () => {
  it.each(CASES)(
    '$title',
    async ({ settings = SETTINGS, request = messages('claude-opus-4-5'), goes, shows }) => {
      const { ask } = await explainer(settings)
      const explained = await ask(request)
      expect([gist(explained), explained]).toMatchObject([goes, shows ?? {}])
    },
  )

  it('is the same each time, and takes nothing of a limit', async () => {
    const { ask, configuration, ledger } = await explainer(
      governed({ routing_rules: [SPLIT] }, { budgets: NEARLY }),
    )
    const [first, second] = [await ask(messages('claude-opus-4-5')), await ask(messages('claude-opus-4-5'))]
    const withoutTime = (view: ExplanationView) =>
      JSON.stringify(view, (name, value) => (name === 'resets_at' || name === 'budget_warning' ? 0 : value))
    expect(withoutTime(second)).toBe(withoutTime(first))
    for (const budget of configuration.governance.budgets.values())
      expect(ledger.balance(budget)).toMatchObject({ used: 9e9, reserved: 0 })
  })

  it('sends all calls of a session the same way', async () => {
    const { ask } = await explainer(governed({ routing_rules: [SPLIT] }))
    const places = new Set<string>()
    for (let session = 0; session < 40; session++) {
      const request = messages('claude-opus-4-5', {}, { 'x-bf-session-id': `session ${session}` })
      const explained = await ask(request)
      expect(gist(await ask(request))).toBe(gist(explained))
      expect(explained.assumptions.join()).not.toContain('no session')
      places.add(gist(explained))
    }
    expect([...places].toSorted()).toEqual([
      'anthropic/claude-sonnet-4-5 a1',
      'anthropic/claude-sonnet-4-5 a2',
      'openai/gpt-5 o1',
    ])
  })

  it('counts the body in its own bytes, whatever stands around it', async () => {
    const { ask } = await explainer(SETTINGS)
    const body = '{ "model" : "claude-opus-4-5", "max_tokens":1e3, "messages": [] }'
    const asObject = await ask(`{"path": "/anthropic/v1/messages",\n "body": ${body}}`)
    const asText = await ask({ path: '/anthropic/v1/messages', body })
    expect([asObject.call.body_bytes, asText.call.body_bytes]).toEqual([body.length, body.length])
  })
})

// ==== Requests that are none

const WRONG: [title: string, request: object | string, kind: string, message: RegExp][] = [
  ['nothing', '', 'invalid_request', /empty/],
  ['no JSON', '{', 'invalid_request', /./],
  ['a list', '[]', 'invalid_request', /JSON object/],
  ['neither path nor id', {}, 'invalid_request', /^path: found nothing, expected/],
  ['both', { id: 'x', body: {} }, 'invalid_request', /^body: found it beside an id/],
  ['a slip', { path: '/anthropic/v1/messages', body: {}, hedders: {} }, 'invalid_request', /^hedders: .* one of id, path, headers/],
  ['no body', { path: '/anthropic/v1/messages' }, 'invalid_request', /^body: found nothing/],
  ['a body that is none', { path: '/anthropic/v1/messages', body: 7 }, 'invalid_request', /^body: found a number/],
  ['headers that are none', { path: '/x', headers: [], body: {} }, 'invalid_request', /^headers: found a list/],
  ['a header that is no text', { path: '/x', headers: { a: 1 }, body: {} }, 'invalid_request', /^headers\.a: /],
  ['a header twice', { path: '/x', headers: { a: '1', A: '2' }, body: {} }, 'invalid_request', /^headers\.A: found it twice/],
  ['a field twice', '{"path": "/x", "path": "/y", "body": {}}', 'invalid_request', /path/],
  ['a path that is none', { path: 'messages', body: {} }, 'invalid_request', /^path: /],
  ['a path of nobody', { path: '/anthropic/v1/mesages', body: {} }, 'not_found', /^path: Route not found/],
  ['a path that is another method’s', { path: '/anthropic/v1/models', body: {} }, 'method_not_allowed', /^path: /],
  ['a path that has no plan', { path: '/openai/v1/files', body: {} }, 'unsupported', /^path: /],
  ['an unknown virtual key', { path: '/anthropic/v1/messages', body: {}, virtual_key: 'Anna' }, 'invalid_request', /^virtual_key: .*closest: ana\.$/],
  ['an unknown call', { id: 'nowhere' }, 'not_found', /"nowhere"/],
] // prettier-ignore

/** Bodies that are explained as what happens to them. */
const HOSTILE: [title: string, body: string][] = [
  ['no JSON', '{"model": '],
  ['a field twice', '{"model": "a", "model": "b"}'],
  [
    'five thousand levels',
    `{"model": "claude-opus-4-5", "messages": ${'['.repeat(5000)}${']'.repeat(5000)}}`,
  ],
  ['half a million values', `{"model": "claude-opus-4-5", "messages": [${'0,'.repeat(500_000)}0]}`],
  ['a model of a megabyte', `{"model": "${'x'.repeat(1 << 20)}"}`],
  ['nothing', '{}'],
]

describe('a request for an explanation', () => {
  it.each(WRONG)('is refused: %s', async (_title, request, kind, message) => {
    const { ask } = await explainer(SETTINGS)
    await expect(ask(request)).rejects.toMatchObject({ kind, message: expect.stringMatching(message) })
  })

  it.each(HOSTILE)('explains a hostile body: %s', async (_title, body) => {
    const { ask } = await explainer(SETTINGS)
    for (const request of [
      { path: '/anthropic/v1/messages', body },
      `{"path": "/anthropic/v1/messages", "body": ${body}}`,
    ]) {
      const asked = ask(request)
      if (body === HOSTILE[0]![1] && typeof request === 'string')
        await expect(asked).rejects.toMatchObject({ kind: 'invalid_request' })
      else expect(gist(await asked)).toBe('400 invalid_request')
    }
  })
})

// ==== Past calls

const ROW: CallRow = {
  id: 'call-1', timestampMs: 0, protocol: 'anthropic', operation: 'generate', path: '/anthropic/v1/messages', stream: false, status: 'success', httpStatus: 200,
  requestedModel: 'claude-opus-4-5', provider: 'anthropic', model: 'claude-opus-4-5', providerKeyId: 'a1', providerKeyName: 'a1', virtualKeyId: 'ana', virtualKeyName: 'Ana',
  sessionId: 'session 7', agentId: undefined, userAgent: 'claude-cli/2.1', mode: 'native', attempts: [], usage: undefined, usageSource: 'none', latencyMs: 1, timeToFirstTokenMs: undefined,
  finishReason: undefined, error: undefined, warnings: [], requestBytes: 0, responseBytes: 0, metadata: { 'x-project': 'core' },
} // prettier-ignore

function entry(row: Partial<CallRow> = {}, contentState: LogEntry['contentState'] = 'kept'): LogEntry {
  const request = Buffer.from(JSON.stringify(messages('claude-opus-4-5').body))
  const content = { request, response: new Uint8Array(), responseIsStream: false, responseTruncatedBytes: 0 }
  return { row: { ...ROW, ...row }, contentState, content: contentState === 'kept' ? content : undefined }
}

describe('a past call', () => {
  const rule = { ...SPLIT, cel_expression: 'headers["x-project"] == "core" && agent_type == "claude-code"' }

  it('is explained as if it came now, with what the log has of its headers', async () => {
    const { ask } = await explainer(governed({ routing_rules: [rule] }), [entry()])
    expect(await ask({ id: 'call-1' })).toMatchObject({
      call: { model: 'claude-opus-4-5', session_id: 'session 7', agent_type: 'claude-code' },
      caller: { virtual_key: { name: 'Ana' } },
      rules: { decided_by: { name: 'split' } },
      outcome: { type: 'sent' },
      assumptions: [
        expect.stringContaining('as if it came now'),
        expect.stringContaining('keeps no headers'),
        expect.any(String),
      ],
    })
  })

  it.each<[string, LogEntry, string, RegExp]>([
    [
      'whose body is gone',
      entry({}, 'none'),
      'unprocessable',
      /without its body, because contents are not kept/,
    ],
    ['whose body was shed', entry({}, 'shed'), 'unprocessable', /let it go/],
    [
      'whose virtual key is gone',
      entry({ virtualKeyId: 'bob', virtualKeyName: 'Bob' }),
      'unprocessable',
      /^virtual_key: .* Bob, which is there no longer/,
    ],
    [
      'that may be a form',
      entry({ path: '/openai/v1/audio/transcriptions' }),
      'unprocessable',
      /may be a form/,
    ],
  ])('%s is refused', async (_title, one, kind, message) => {
    const { ask } = await explainer(SETTINGS, [one])
    await expect(ask({ id: 'call-1' })).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(message),
    })
  })

  it('is explained for another virtual key, too', async () => {
    const { ask } = await explainer(SETTINGS, [entry({ virtualKeyId: 'bob' })])
    expect(await ask({ id: 'call-1', virtual_key: 'ana' })).toMatchObject({
      caller: { virtual_key: { id: 'ana' } },
    })
  })
})

// ==== Secrets

it('I10 no secret of the settings or of the request is in an explanation', async () => {
  const secrets = {
    provider: 'sk-ant-SECRET-provider',
    header: 'SECRET-extra-header',
    proxy: 'SECRET-proxy-password',
    password: 'SECRET-admin-password',
    virtual: 'sk-bf-SECRET-virtual-key',
    login: 'sk-ant-oat01-SECRET-login',
    google: 'AIza-SECRET-query-key',
  }
  const { ask } = await explainer({
    providers: {
      anthropic: {
        keys: [{ id: 'a1', name: 'a1', value: secrets.provider, models: ['*'] }],
        network_config: { extra_headers: { 'x-relay': secrets.header } },
        proxy_config: { type: 'http', url: 'http://127.0.0.1:1', username: 'u', password: secrets.proxy },
      },
      openai: { keys: [{ id: 'o1', name: 'o1', value: secrets.provider, models: ['*'] }] },
    },
    auth_config: { is_enabled: true, admin_username: 'admin', admin_password: secrets.password },
    governance: {
      virtual_keys: [{ id: 'ana', name: 'Ana', value: secrets.virtual, budgets: USED_UP }],
      routing_rules: ['authorization', 'x-api-key', 'x-bf-vk'].map((name, index) => ({
        id: name,
        name,
        priority: index,
        cel_expression: `headers["${name}"] == "x" || params["key"] == "y"`,
        targets: [{ provider: 'openai', model: 'gpt-5' }],
      })),
    },
  })
  const bodies = [messages('claude-opus-4-5').body, messages('openai/gpt-5').body, { model: 'nowhere/x' }, {}]
  const credentials = [
    { 'x-bf-vk': secrets.virtual },
    { authorization: `Bearer ${secrets.virtual}`, 'x-api-key': secrets.virtual },
    { authorization: `Bearer ${secrets.login}` },
    { 'x-bf-vk': 'sk-bf-SECRET-of-nobody' },
  ]
  for (const body of bodies)
    for (const headers of credentials) {
      const path = `/anthropic/v1/messages?key=${secrets.google}`
      const text = JSON.stringify(await ask({ path, headers, body }))
      expect(text).toContain('"outcome"')
      expect(text).not.toContain('SECRET')
    }
  const pasted = ask({ path: '/anthropic/v1/messages', body: {}, virtual_key: secrets.virtual })
  await expect(pasted).rejects.toMatchObject({ message: expect.not.stringContaining('SECRET') })
})
