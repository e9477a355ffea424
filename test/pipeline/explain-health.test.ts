/** What an explanation says of how providers do: which keys are left out and until when, and where sessions went on. */
import { describe, expect, it } from 'vitest'
import { explanationText } from '../../src/cli/explain-text.ts'
import { GatewayError } from '../../src/message/error.ts'
import type { ErrorKind } from '../../src/message/error.ts'
import type { Lane } from '../../src/pipeline/health.ts'
import { explainer } from '../support/explaining.ts'
import type { Explainer } from '../support/explaining.ts'

const key = (name: string) => ({ id: name, name, value: `secret-of-${name}`, models: ['*'] })

const SETTINGS = {
  providers: { anthropic: { keys: [key('a1'), key('a2')] }, openai: { keys: [key('o1')] } },
  governance: {
    routing_rules: [
      { id: 'opus', name: 'opus', targets: [{ provider: 'anthropic', model: 'claude-opus-4-5' }], fallbacks: ['openai/gpt-5'] },
    ],
  },
} // prettier-ignore

const REQUEST = {
  path: '/anthropic/v1/messages',
  headers: { 'x-bf-session-id': 'session 1' },
  body: { model: 'claude-opus-4-5', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] },
}

const lane = (name: string): Lane => ({
  provider: 'anthropic',
  key: name,
  keyName: name,
  model: 'claude-opus-4-5',
  isPersonal: false,
})

function fail(
  { resilience }: Explainer,
  name: string,
  kind: ErrorKind,
  times = 1,
  retryAfterSeconds?: number,
) {
  const error = new GatewayError(
    kind,
    'It failed.',
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  )
  for (let time = 0; time < times; time++) resilience.health.begin(lane(name))!.failed(error)
}

const text = async ({ ask }: Explainer, request: object = REQUEST) => explanationText(await ask(request))

describe('an explanation of what failed', () => {
  it('names the key that its provider limits, and until when', async () => {
    const on = await explainer(SETTINGS)
    fail(on, 'a1', 'rate_limited', 1, 60)
    const before = Date.now()
    const view = await on.ask(REQUEST)
    const [target] = view.plan
    expect(target).toMatchObject({
      key: { name: 'a2' },
      keys: [
        { name: 'a1', health: 'cooled', share: 0, left_out: 'its provider limits or refuses it' },
        { name: 'a2', health: 'usable', share: 1, left_out: null, left_out_until: null },
      ],
    })
    const untilMs = Date.parse(target!.keys[0]!.left_out_until!)
    expect(untilMs).toBeGreaterThan(before + 58_000)
    expect(untilMs).toBeLessThanOrEqual(Date.now() + 60_000)
    expect(await text(on)).toMatch(
      /a1: left out, its provider limits or refuses it, (?:the session’s own, )?until 2/,
    )
    on.pass(60_000)
    expect((await on.ask(REQUEST)).plan[0]!.keys).toMatchObject([
      { health: 'usable', share: 0.5 },
      { share: 0.5 },
    ])
  })

  it('goes on where every key is left out, and says that it does', async () => {
    const on = await explainer(SETTINGS)
    fail(on, 'a1', 'upstream_unavailable', 5)
    fail(on, 'a2', 'upstream_unavailable', 5)
    const view = await on.ask(REQUEST)
    expect(view).toMatchObject({
      outcome: { type: 'sent', target: 0 },
      plan: [
        { provider: 'openai', reason: 'anthropic is left out for now; fallback of rule "opus"' },
        { provider: 'anthropic', keys: [{ health: 'untried' }, { health: 'untried' }] },
      ],
    })
    expect(explanationText(view)).toMatch(
      /a[12]: chosen, 50 %,.* as a try, because it failed too often in a row, until 2/,
    )
  })

  it('follows a session to where it went on', async () => {
    const on = await explainer(SETTINGS)
    const session = { id: 'session 1', ttlMs: 60_000, virtualKeyId: undefined }
    on.resilience.affinity.served(session, 'claude-opus-4-5', 'openai/gpt-5', false)
    const view = await on.ask(REQUEST)
    expect(view).toMatchObject({
      affinity: { bound_to: 'openai/gpt-5', ttl_seconds: 3600 },
      plan: [{ provider: 'openai', reason: 'the session was served here last; fallback of rule "opus"' }, {}],
    })
    expect(explanationText(view)).toContain('went on at openai/gpt-5 after a failure')
    const apart = { ...REQUEST, headers: { ...REQUEST.headers, 'x-bf-session-affinity': 'off' } }
    expect(await on.ask(apart)).toMatchObject({ affinity: null, plan: [{ provider: 'anthropic' }, {}] })
    on.pass(60_000)
    expect(await on.ask(REQUEST)).toMatchObject({
      affinity: { bound_to: null },
      plan: [{ provider: 'anthropic' }, {}],
    })
  })

  it('changes nothing of what it tells', async () => {
    const on = await explainer(SETTINGS)
    for (const name of ['a1', 'a2']) fail(on, name, 'upstream_unavailable', 5)
    on.pass(30_000)
    // Their time is over: the first call tries one of them, and the others would have to wait for it.
    for (let time = 0; time < 3; time++)
      expect((await on.ask(REQUEST)).outcome).toEqual({ type: 'sent', target: 0 })
    expect(on.resilience.health.begin(lane('a1'))).toMatchObject({ isTry: true })
    expect(on.resilience.health.begin(lane('a1'))).toBeUndefined()
    expect(on.resilience.affinity.isEmpty).toBe(true)
  })
})
