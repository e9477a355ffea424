/**
 * Every route that leads to a provider, from the table by which calls are routed: what it costs is charged, and who has
 * no money gets nothing. A route that is added is in it, and counts as one that costs.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { isOperation } from '../../src/operations/operation.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import { balanceOf, keyWithBudget, leapingClock, logged, reserved } from './rig/money.ts'
import { PASSTHROUGHS, ROUTES, type Route, type RouteRequest, requestFor } from './rig/routes.ts'

let provider: Provider
let gateway: InProcessGateway
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  const at = (path = '', key: object = {}) => ({
    keys: [{ name: 'k', value: 'secret', models: ['*'], weight: 1, ...key }],
    network_config: { base_url: provider.url + path },
  })
  const providers = {
    openai: at(),
    anthropic: at(),
    cohere: at(),
    gemini: at('/v1beta'),
    azure: at('', { azure_key_config: { endpoint: provider.url } }),
    vertex: at('', { value: '', vertex_key_config: { project_id: 'project-1', region: 'us-central1' } }),
    bedrock: at('', { value: 'bedrock-api-key', bedrock_key_config: { region: 'us-east-1' } }),
  }
  const governance = {
    teams: [{ id: 'team', budget: { id: 'budget-team', max_limit: 1_000_000, reset_duration: '1M' } }],
    virtual_keys: [
      keyWithBudget('rich', 1_000_000, { team_id: 'team' }),
      keyWithBudget('poor', '0.000000001', { team_id: 'team' }),
    ],
    // No catalogue has a price for these.
    pricing_overrides: [
      { pattern: '.*rerank.*', match_type: 'regex', input_cost_per_query: 0.002 },
      { pattern: 'semantic-ranker-512', input_cost_per_query: 0.001 },
      { pattern: 'veo-3.0-generate-001', output_cost_per_video_per_second: 0.4 },
    ],
  }
  const credentials = { google: () => ({ authorization: 'Bearer ya29.token' }) }
  gateway = await startInProcess(providers, { ledger: 'disk', settings: { governance }, credentials })
  gateway.resilience(leapingClock())
})
afterAll(async () => {
  await gateway.close()
  await provider.close()
})
afterEach(() => {
  // The levels and the log agree.
  const { used } = balanceOf(gateway, 'budget-rich')
  expect(balanceOf(gateway, 'budget-team').used).toBe(used)
  expect(logged(gateway.rows.filter(({ cost }) => cost !== undefined))).toBe(used)
  expect(balanceOf(gateway, 'budget-poor').used).toBe(0)
  expect(reserved(gateway)).toBe(0)
})

/** What one call comes to: its status, how many requests reached a provider, and what was charged. */
async function call({ method, path, body }: RouteRequest, virtualKey: 'rich' | 'poor') {
  const before = { requests: provider.requests.length, used: balanceOf(gateway, `budget-${virtualKey}`).used }
  const type = typeof body === 'string' && { 'content-type': 'application/json' }
  const response = await fetch(gateway.url + path, {
    method,
    headers: { 'x-bf-vk': `sk-bf-${virtualKey}`, ...type },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  const { used } = balanceOf(gateway, `budget-${virtualKey}`)
  return {
    status: response.status,
    sent: provider.requests.length - before.requests,
    charged: used - before.used,
    ...(response.status >= 400 && { text: text.slice(0, 300) }),
  }
}

// ==== What costs nothing, and what is refused to who has a budget

const below = ({ endpoint }: Route) => (isOperation(endpoint) ? endpoint.below : undefined)
const kind = ({ endpoint }: Route) => (isOperation(endpoint) ? endpoint.kind : undefined)
const isOf =
  (...operations: string[]) =>
  ({ endpoint }: Route) =>
    operations.includes(endpoint.operation)

const FREE: [why: string, is: (route: Route) => boolean][] = [
  ['the gateway answers by itself', isOf('probe', 'list-models', 'get-model')],
  ['no provider bills a count of tokens', isOf('count-tokens', 'tokenize')],
  ['OpenAI does not bill moderations', isOf('moderations')],
  ['reading and deleting', (route) => below(route) !== undefined && route.endpoint.method !== 'POST'],
  ['files are billed by the month', isOf('files')],
  ['a file of a container is billed with it', (route) => kind(route) === 'container_file_create'],
  ['less is run', (route) => kind(route) === 'batch_cancel'],
]
const freeBecause = (route: Route) => FREE.find(([, is]) => is(route))?.[0]

/** What nobody can bound before it has run, so that no budget lets it through. */
const UNBOUNDED = new Set(['batch_create', 'container_create', 'video_remix'])
const isUnbounded = (route: Route) => UNBOUNDED.has(kind(route) ?? '')
/** By a provider that does not do this. */
const isNotOffered = ({ endpoint: { operation }, provider: first }: Route) =>
  (operation === 'image-variation' && first === 'azure') || (operation === 'batches' && first === 'vertex')

const nameOf = ({ method, path }: RouteRequest) => `${method} ${path}`
const costs = ROUTES.filter(
  (route) => freeBecause(route) === undefined && !isUnbounded(route) && !isNotOffered(route),
)

/** Answers that the scripted provider has none of. */
const REPLIES: [path: RegExp, json: object][] = [
  [/\/v1beta\/models\/[^/]+:predict$/, { predictions: [{ bytesBase64Encoded: 'AA==', mimeType: 'image/png' }] }],
  [/:rank$/, { records: [{ id: '1', score: 0.5 }] }],
  [/rerank-v3-5[^/]*\/invoke$/, { results: [{ index: 0, relevance_score: 0.5 }] }],
  [/\/deployments\/[^/]+\/completions$/, { choices: [{ text: 'word' }], usage: { prompt_tokens: 2, completion_tokens: 1 } }],
  [/:predictLongRunning$/, { name: 'operations/1' }],
  [/\/videos$/, { id: 'video-1', object: 'video', model: 'sora-2', status: 'queued', seconds: '4' }],
  [/\/complete$/, { type: 'completion', id: 'c', completion: 'word', stop_reason: 'stop', model: 'claude-haiku-4-5' }],
] // prettier-ignore

describe('A15 every route', { timeout: 60_000 }, () => {
  beforeAll(() => {
    for (const [path, json] of REPLIES) provider.reply({ json }, { path, times: Infinity })
  })

  it('is in the table', () => {
    expect(ROUTES.length).toBeGreaterThan(900)
    expect(costs.length).toBeGreaterThan(400)
  })

  it('that costs something is charged, and refused without money before anything is sent', async () => {
    const wrong = []
    for (const route of costs) {
      const request = requestFor(route)
      const [rich, poor] = [await call(request, 'rich'), await call(request, 'poor')]
      const isCharged = rich.status === 200 && rich.sent === 1 && rich.charged > 0
      const isRefused = poor.status === 402 && poor.sent === 0 && poor.charged === 0
      if (!isCharged || !isRefused) wrong.push({ route: nameOf(request), rich, poor })
    }
    expect(wrong).toEqual([])
  })

  it.each(FREE)('is served without money where %s', async (_why, is) => {
    const wrong = []
    for (const route of ROUTES.filter(is)) {
      const request = requestFor(route)
      const [rich, poor] = [await call(request, 'rich'), await call(request, 'poor')]
      const isFree = rich.charged === 0 && poor.charged === 0 && poor.status === rich.status
      if (!isFree || rich.status === 402) wrong.push({ route: nameOf(request), rich, poor })
    }
    expect(wrong).toEqual([])
  })

  it('whose cost nobody can bound is refused to who has a budget', async () => {
    const wrong = []
    for (const route of ROUTES.filter((each) => isUnbounded(each) && !isNotOffered(each))) {
      const request = requestFor(route)
      const [rich, poor] = [await call(request, 'rich'), await call(request, 'poor')]
      if ([rich, poor].some(({ status, sent }) => status !== 402 || sent !== 0))
        wrong.push({ route: nameOf(request), rich, poor })
    }
    expect(wrong).toEqual([])
  })

  it('of a provider that does not offer it leads nowhere', async () => {
    const notOffered = ROUTES.filter(isNotOffered)
    expect(notOffered).toHaveLength(32)
    for (const route of notOffered)
      expect(await call(requestFor(route), 'rich')).toMatchObject({ status: 400, sent: 0 })
  })
})

describe('A15 every path that goes to its provider as it is', { timeout: 60_000 }, () => {
  const passed = PASSTHROUGHS.flatMap(({ prefix, of }) =>
    ROUTES.filter(({ path }) => path.startsWith(`${of}/`)).map((route) => {
      const { path, ...request } = requestFor(route)
      return { route, request: { ...request, path: prefix + path.slice(of.length) } }
    }),
  )
  const isFree = ({ endpoint }: Route) => endpoint.method !== 'POST' || endpoint.operation === 'count-tokens'

  const CONVERSATIONS =
    /^\/v1(?:beta)?\/(?:messages|chat\/completions|responses|models\/gemini[^/]+:[a-z]*generateContent)$/i

  /** Whatever is asked, it is answered, often without a word on what it used. */
  beforeAll(() => {
    const reply = (path: string) => (CONVERSATIONS.test(path) ? undefined : { json: {} })
    provider.reply(({ path }) => reply(path), { times: Infinity })
  })

  it('is charged with what it used, or with the most that it may have, or refused', async () => {
    const wrong = []
    let charged = 0
    for (const { request } of passed.filter(({ route }) => !isFree(route))) {
      const [rich, poor] = [await call(request, 'rich'), await call(request, 'poor')]
      const isPaid = rich.sent === 0 ? rich.status === 402 : rich.status === 200 && rich.charged > 0
      const isRefused = poor.status === 402 && poor.sent === 0
      if (!isPaid || !isRefused) wrong.push({ route: nameOf(request), rich, poor })
      if (rich.charged > 0) charged++
    }
    expect(wrong).toEqual([])
    expect(charged).toBeGreaterThan(60)
  })

  it('is served without money where it reads, deletes or counts', async () => {
    const wrong = []
    for (const { route, request } of passed.filter((each) => isFree(each.route))) {
      const [rich, poor] = [await call(request, 'rich'), await call(request, 'poor')]
      if (rich.charged !== 0 || poor.charged !== 0 || poor.status !== rich.status || rich.status === 402)
        wrong.push({ route: nameOf(request), endpoint: route.path, rich, poor })
    }
    expect(wrong).toEqual([])
  })

  it.each(PASSTHROUGHS)(
    'is refused to who has a budget where nobody knows it: below $prefix',
    async ({ prefix }) => {
      for (const method of ['POST', 'PUT', 'PATCH'])
        for (const body of ['{"a":1}', '{"model":"nobody-knows-it"}', 'no JSON', ''])
          expect(await call({ method, path: `${prefix}/v1/anything/new`, body }, 'rich')).toMatchObject({
            status: 402,
            sent: 0,
          })
    },
  )
})
