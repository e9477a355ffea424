/** What an explanation says is what the gateway then does: both are asked, call for call, while budgets are used up. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { ExplanationView } from '../../src/admin/explain-view.ts'
import type { CallRow } from '../../src/stores/logs/port.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'

const CALLS = 300

let upstream: Provider
let gateway: InProcessGateway
beforeAll(async () => {
  upstream = await startProvider()
  // Equal draws: the likeliest choice, which is what is explained where no session decides.
  gateway = await startInProcess(providers(), { settings: { governance }, random: () => 0.5 })
}, 30_000)
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

function providers() {
  const key = (name: string, weight: number, models = ['*']) => ({
    id: name,
    name,
    value: `secret-${name}`,
    models,
    weight,
  })
  const network_config = { base_url: upstream.url }
  return {
    anthropic: { keys: [key('a1', 1), key('a2', 2), key('a3', 1, ['claude-haiku-4-5'])], network_config },
    openai: { keys: [key('o1', 1), key('o2', 1)], network_config },
  }
}

const VIRTUAL_KEYS = ['free', 'poor', 'weighted', 'narrow', 'slow', 'expired'] as const

const every = { allowed_models: ['*'], key_ids: ['*'] }
const governance = {
  teams: [{ id: 'eng', name: 'Engineers', budgets: [{ max_limit: 4, reset_duration: '1d' }] }],
  providers: [{ name: 'openai', budgets: [{ max_limit: 1.5, reset_duration: '1d' }] }],
  virtual_keys: [
    { id: 'free' },
    { id: 'poor', team_id: 'eng', budgets: [{ max_limit: 0.4, reset_duration: '1d' }] },
    { id: 'weighted', team_id: 'eng', provider_configs: [{ provider: 'anthropic', weight: 3, ...every, budgets: [{ max_limit: 0.6, reset_duration: '1d' }] }, { provider: 'openai', weight: 7, ...every }] },
    { id: 'narrow', provider_configs: [{ provider: 'anthropic', allowed_models: ['claude-haiku-4-5', 'claude-sonnet-4-5'], key_ids: ['a1', 'a3'] }] },
    { id: 'slow', rate_limit: { request_max_limit: 20, request_reset_duration: '1d', token_max_limit: 60_000, token_reset_duration: '1d' } },
    { id: 'expired', expires_at: '2020-01-01T00:00:00Z' },
  ].map((key) => ({ name: key.id, value: `sk-bf-${key.id}-0123456789`, ...key })),
  routing_rules: [
    { id: 'overflow', name: 'overflow', cel_expression: 'budget_used > 60 && tier == "opus"', targets: [{ provider: 'openai', model: 'gpt-5-mini' }] },
    { id: 'split', name: 'split', cel_expression: 'has_tools && model.startsWith("claude")', fallbacks: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }], targets: [
      { provider: 'anthropic', model: 'claude-sonnet-4-5', weight: 70 },
      { provider: 'openai', model: 'gpt-5', weight: 30 },
      { provider: 'groq', model: 'llama-3.3-70b-versatile', weight: 50 },
    ] },
    { id: 'pin', name: 'pin', scope: 'virtual_key', scope_id: 'free', cel_expression: 'headers["x-pin"] == "yes"', targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5', key_id: 'a3' }] },
  ],
} // prettier-ignore

// ==== Requests

const model = fc.constantFrom('claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5', 'gpt-5', 'openai/gpt-5-mini', 'anthropic/claude-opus-4-5', 'openai/made-up', 'groq/llama-3.3-70b-versatile', 'nobodys-model') // prettier-ignore

const tool = { name: 'read', description: 'Reads', input_schema: { type: 'object', properties: {} } }

/** In the form of Claude's API, or of OpenAI's; some of them wrong. */
const request = fc
  .record({
    model,
    isClaude: fc.boolean(),
    stream: fc.boolean(),
    longest: fc.constantFrom(16, 2000, 30_000),
    text: fc.string({ minLength: 1, maxLength: 400 }),
    hasTools: fc.boolean(),
    drops: fc.boolean(),
    fallbacks: fc.option(fc.array(model, { maxLength: 3 }), { nil: undefined }),
    isWrong: fc.integer({ min: 0, max: 19 }).map((one) => one === 0),
    session: fc.option(fc.constantFrom('s1', 's2', 's3', 's4', 's5'), { nil: undefined }),
    virtualKey: fc.option(fc.constantFrom(...VIRTUAL_KEYS, 'unknown'), { nil: undefined }),
    pins: fc.boolean(),
  })
  .map((given) => {
    const { isClaude, stream, longest, text, session, virtualKey, fallbacks } = given
    const messages = [{ role: 'user', content: `Say ${text}.` }]
    const tools = isClaude
      ? [tool]
      : [{ type: 'function', function: { name: 'read', parameters: tool.input_schema } }]
    return {
      path: isClaude ? '/anthropic/v1/messages' : '/openai/v1/chat/completions',
      headers: {
        ...(session !== undefined && { 'x-bf-session-id': session }),
        ...(virtualKey !== undefined && { 'x-bf-vk': `sk-bf-${virtualKey}-0123456789` }),
        ...(given.pins && { 'x-pin': 'yes' }),
      },
      body: {
        model: given.model,
        stream: given.isWrong ? 'yes' : stream,
        [isClaude ? 'max_tokens' : 'max_completion_tokens']: longest,
        messages,
        ...(given.hasTools && { tools }),
        ...(given.drops && (isClaude ? { top_k: 3 } : { seed: 7 })),
        ...(fallbacks !== undefined && { fallbacks }),
      },
    }
  })

type Sent = typeof request extends fc.Arbitrary<infer Value> ? Value : never

async function post(path: string, headers: Record<string, string>, body: unknown): Promise<Response> {
  return fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

async function explained(sent: Sent): Promise<ExplanationView> {
  const answer = await post('/api/explain', {}, sent)
  expect(answer.status).toBe(200)
  return (await answer.json()) as ExplanationView
}

async function called(sent: Sent): Promise<CallRow> {
  const before = gateway.rows.length
  const answer = await post(sent.path, sent.headers, sent.body)
  await answer.text()
  expect(gateway.rows).toHaveLength(before + 1)
  return gateway.rows.at(-1)!
}

/** What both have said. Of a refusal that names moments and amounts, the words. */
function foretold(view: ExplanationView) {
  const { outcome, plan, call, caller } = view
  const who = { model: call.model ?? undefined, virtualKey: caller?.virtual_key?.id }
  if (outcome.type !== 'sent')
    return {
      ...who,
      refusal: outcome.type === 'refused' ? [outcome.status, outcome.error.type, outcome.error.message] : [],
    }
  const { provider, model: there, key, mode, reason, body } = plan[outcome.target]!
  return { ...who, provider, there, key: key?.name, mode, reason, warnings: body?.dropped }
}

function done(row: CallRow, isSent: boolean) {
  const who = { model: row.requestedModel, virtualKey: row.virtualKeyId }
  if (!isSent) return { ...who, refusal: [row.httpStatus, row.error?.kind, row.error?.message] }
  const first = row.attempts[0]
  const { provider, model: there, providerKeyName: key, mode, warnings } = row
  return { ...who, provider, there, key, mode, reason: first?.reason, warnings }
}

const inNanodollars = <Word extends string>(dollars: number | Word) =>
  typeof dollars === 'number' ? Math.round(dollars * 1e9) : dollars

function idsOf(limits: ExplanationView['plan'][number]['limits'], ...units: string[]) {
  return limits.filter(({ unit }) => units.includes(unit)).map(({ id }) => ({ id }))
}

it('what is explained is what happens', { timeout: 120_000 }, async () => {
  const kinds = new Map<string, number>()
  const reserve = vi.spyOn(gateway.ledger, 'reserve')
  await fc.assert(
    fc.asyncProperty(request, async (sent) => {
      const view = await explained(sent)
      const row = await called(sent)
      const isSent = view.outcome.type === 'sent'
      expect(done(row, isSent)).toEqual(foretold(view))
      if (view.outcome.type === 'sent') {
        // Nothing else was tried, and it cost no more than was to be held.
        expect([row.attempts.length, row.error]).toEqual([1, undefined])
        const { reservation, limits } = view.plan[view.outcome.target]!
        const nanodollars = inNanodollars(reservation!.dollars)
        if (limits.length > 0)
          expect(reserve.mock.lastCall).toMatchObject([
            row.id,
            { budgets: idsOf(limits, 'dollars'), rateLimits: idsOf(limits, 'tokens', 'requests') },
            { nanodollars, tokens: reservation!.tokens },
          ])
        if (typeof nanodollars === 'number') expect(row.cost!.nanodollars!).toBeLessThanOrEqual(nanodollars)
      }
      const kind = isSent ? `sent ${row.mode} ${row.provider}` : row.error!.kind
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    }),
    { numRuns: CALLS, seed: 7, endOnFailure: true },
  )
  // The requests are of all kinds.
  for (const kind of [
    'sent native anthropic',
    'sent native openai',
    'sent translated openai',
    'sent translated anthropic',
    'budget_exceeded',
    'model_blocked',
    'provider_blocked',
    'virtual_key_not_found',
    'virtual_key_blocked',
    'invalid_request',
    'request_limited',
  ])
    expect([kind, kinds.get(kind) ?? 0]).not.toEqual([kind, 0])
})
