/**
 * What governance costs: a gateway with 10,000 virtual keys, 1,000 rules and four levels of budgets and limits against
 * one without any, in turns; and the time of its decision alone.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { questionOf } from '../src/pipeline/attempt.ts'
import { authenticate } from '../src/pipeline/authenticate.ts'
import type { Dependencies } from '../src/pipeline/dependencies.ts'
import { Itinerary } from '../src/pipeline/itinerary.ts'
import { KeyRing } from '../src/pipeline/key-ring.ts'
import { plan } from '../src/pipeline/plan.ts'
import { CallRecord } from '../src/pipeline/record.ts'
import { demandOf } from '../src/pipeline/reserve.ts'
import type { Configuration } from '../src/stores/config/configuration.ts'
import { newResilience } from '../src/pipeline/resilience.ts'
import { openLedger } from '../src/stores/ledger/sqlite.ts'
import type { LogWriter } from '../src/stores/logs/port.ts'
import { inboundCall, loadBenchConfiguration } from './inbound.ts'
import { AGENT_HEADERS, saturate } from './load.ts'
import { anthropicEvents, messagesBody } from './payloads.ts'
import { configFor, makeAppDir, quiet, startGateway } from './proxied.ts'
import type { Proxied } from './proxied.ts'
import { median } from './statistics.ts'
import { startUpstream } from './upstream.ts'

export interface GovernanceCost extends GovernedThroughput, DecisionTime {}

export interface GovernedThroughput {
  /** Requests per second over those of the gateway without governance, medians over the rounds. */
  ratio: number
  reach: number
  plainPerSecond: number
  governedPerSecond: number
}

export interface DecisionTime {
  /** Caller, rules, weights, grants, limits, key choice, reservation and settlement of one call, with its journal. */
  decisionMicroseconds: number
  decisionReachMicroseconds: number
  /** The same where the body was read just before, so that the processor's caches hold that. */
  afterBodyMicroseconds: number
  /** The same for callers of whom none has called lately. */
  strangerMicroseconds: number
  /** What the body of 100 KB may use at most, which is found in its bytes. */
  worstCaseMicroseconds: number
}

const VIRTUAL_KEYS = 10_000
const TEAMS = 400
const CUSTOMERS = 40
const RULES = 1_000
const CONNECTIONS = 64
/** Between the keys of two connections. */
const KEY_STEP = 97
/** V8 compiles a function that runs once a call after some ten thousand calls, on the core of the gateway. */
const WARM_UP_MS = 25_000
/** Collections of the old space come every second or two: most turns hold one, and there are many turns. */
const TURN_MS = 2_000
const ROUNDS = 15
const DECISIONS = 30_000

const BODY = messagesBody(100 * 1024, 'claude-sonnet-5', true)

export async function measureGoverned(): Promise<GovernedThroughput> {
  const upstream = await startUpstream({ parts: anthropicEvents(60), stream: true })
  const plain = await startGateway(upstream.url)
  const governed = await startGateway(upstream.url, [], governedConfig(upstream.url))
  try {
    const measured: { plain: number; governed: number }[] = []
    await perSecond(plain, placeholder, WARM_UP_MS)
    await perSecond(governed, keyOf, WARM_UP_MS)
    while (measured.length < ROUNDS)
      measured.push({
        plain: await perSecond(plain, placeholder, TURN_MS),
        governed: await perSecond(governed, keyOf, TURN_MS),
      })
    return {
      ratio: median(measured.map((round) => round.governed / round.plain)),
      reach: 0.9,
      plainPerSecond: median(measured.map((round) => round.plain)),
      governedPerSecond: median(measured.map((round) => round.governed)),
    }
  } finally {
    await Promise.all([plain.close(), governed.close()])
    upstream.close()
  }
}

/** What a client sends to a gateway that knows no keys, as long as one. */
const placeholder = (n: number) => `placeholder-${n % VIRTUAL_KEYS}`

async function perSecond(
  { url, pid }: Proxied,
  keyFor: (n: number) => string,
  durationMs: number,
): Promise<number> {
  await quiet(pid)
  const target = (connection: number) => ({
    url,
    path: '/anthropic/v1/messages',
    body: BODY,
    headers: { ...AGENT_HEADERS, 'x-api-key': keyFor(connection * KEY_STEP) },
  })
  const { answers, elapsedMs } = await saturate(target, CONNECTIONS, durationMs)
  await quiet(pid)
  return (answers / elapsedMs) * 1000
}

/**
 * Of the keys that the throughput is measured with; strangers are all keys in turn. The thread that folds the journal
 * into SQLite needs a core of its own, as it has beside a gateway.
 */
export async function measureDecision(): Promise<DecisionTime> {
  const appDir = makeAppDir(governedConfig('http://127.0.0.1:9'))
  const configuration = await loadBenchConfiguration(appDir)
  const { ledger } = openLedger({ path: join(appDir, 'ledger.db'), report: console.error })
  try {
    ledger.configure([
      ...configuration.governance.budgets.values(),
      ...configuration.governance.rateLimits.values(),
    ])
    const resilience = newResilience(() => performance.now())
    const on = { ledger, resilience, random: Math.random } as Dependencies
    const callOf = (n: number) => inboundCall(BODY, configuration, { 'x-api-key': keyOf(n) })
    const step = (n: number) => (n % CONNECTIONS) * KEY_STEP
    const calls = await Promise.all(Array.from({ length: CONNECTIONS }, (_, n) => callOf(step(n))))
    const strangers = await medians((n) => callOf(n * 7919), configuration, on)
    const afterBody = await medians((n) => callOf(step(n)), configuration, on)
    const decision = await medians((n) => calls[n % CONNECTIONS]!, configuration, on)
    return {
      decisionMicroseconds: decision.decision,
      decisionReachMicroseconds: 11,
      afterBodyMicroseconds: afterBody.decision,
      strangerMicroseconds: strangers.decision,
      worstCaseMicroseconds: afterBody.worstCase,
    }
  } finally {
    await ledger.close()
    rmSync(appDir, { recursive: true, force: true })
  }
}

type Inbound = Awaited<ReturnType<typeof inboundCall>>

async function medians(
  callAt: (n: number) => Inbound | Promise<Inbound>,
  configuration: Configuration,
  on: Dependencies,
): Promise<Decision> {
  const times: Decision[] = []
  for (let n = 0; n < DECISIONS; n++) times.push(decide(await callAt(n), configuration, on))
  const of = (figure: keyof Decision) => median(times.slice(DECISIONS / 3).map((each) => each[figure]))
  return { decision: of('decision'), worstCase: of('worstCase') }
}

/** In microseconds. */
interface Decision {
  decision: number
  worstCase: number
}

function decide({ call, request }: Inbound, configuration: Configuration, on: Dependencies): Decision {
  const began = process.hrtime.bigint()
  const caller = authenticate(call, configuration)
  const record = new CallRecord(call, configuration, NO_LOG)
  record.caller(caller)
  const question = questionOf(request, record.costContext, on)
  const itinerary = new Itinerary(plan({ call, request, caller, configuration, on }), question)
  const target = itinerary.order[0]!
  const key = new KeyRing(target, question).first()
  const planned = process.hrtime.bigint()
  const demand = demandOf({ call, request, target, key }, record.costContext)
  const read = process.hrtime.bigint()
  const answer = on.ledger.reserve(call.id, target.limits, demand)
  if (answer instanceof Promise || answer.outcome !== 'reserved') throw new Error('nothing was reserved')
  answer.reservation.settle({ nanodollars: 1_000_000, tokens: 1000, requests: 1 })
  const ended = process.hrtime.bigint()
  return {
    decision: Number(ended - read + planned - began) / 1000,
    worstCase: Number(read - planned) / 1000,
  }
}

const NO_LOG: LogWriter = {
  record: () => {},
  keepRequest: () => false,
  keepResponse: () => {},
  shedContents: 0,
  lostRows: 0,
  flush: () => Promise.resolve(),
}

function keyOf(n: number): string {
  return `sk-bf-bench-${n % VIRTUAL_KEYS}`
}

/** 10,000 keys of 400 teams of 40 customers, each level with a budget and a rate limit; rules of which none applies. */
function governedConfig(upstreamUrl: string): unknown {
  const governance = {
    budgets: [
      ...list(CUSTOMERS, (n) => budget(`c${n}`)),
      ...list(TEAMS, (n) => budget(`t${n}`)),
      ...list(VIRTUAL_KEYS, (n) => budget(`v${n}`)),
    ],
    rate_limits: [
      ...list(CUSTOMERS, (n) => rateLimit(`c${n}`)),
      ...list(TEAMS, (n) => rateLimit(`t${n}`)),
      ...list(VIRTUAL_KEYS, (n) => rateLimit(`v${n}`)),
    ],
    customers: list(CUSTOMERS, (n) => ({ id: `c${n}`, name: `customer ${n}`, ...owned(`c${n}`) })),
    teams: list(TEAMS, (n) => {
      return { id: `t${n}`, name: `team ${n}`, customer_id: `c${n % CUSTOMERS}`, ...owned(`t${n}`) }
    }),
    virtual_keys: list(VIRTUAL_KEYS, (n) => ({
      id: `v${n}`,
      name: `key ${n}`,
      value: keyOf(n),
      team_id: `t${n % TEAMS}`,
      ...owned(`v${n}`),
      provider_configs: [
        { provider: 'anthropic', weight: 1, allowed_models: ['*'], budget: limit() },
        { provider: 'openai', weight: 0.5, allowed_models: ['gpt-5'] },
      ],
    })),
    routing_rules: list(RULES, (n) => ({
      id: `r${n}`,
      name: `rule ${n}`,
      cel_expression: EXPRESSIONS[n % EXPRESSIONS.length]!(n),
      targets: [{ provider: 'openai', model: 'gpt-5', weight: 1 }],
    })),
  }
  return { ...(configFor(upstreamUrl) as object), governance }
}

const EXPRESSIONS: readonly ((n: number) => string)[] = [
  (n) => `model == "model-${n}"`,
  (n) => `headers["x-team"] == "team-${n}"`,
  (n) => `team_name == "nobody ${n}" && hour >= 8`,
  (n) => `model.startsWith("family-${n}")`,
  (n) => `virtual_key_name == "key ${n}" && budget_used > 85`,
]

function list<Value>(count: number, make: (n: number) => Value): Value[] {
  return Array.from({ length: count }, (_, n) => make(n))
}

function owned(id: string) {
  return { budget_id: `budget-${id}`, rate_limit_id: `limit-${id}` }
}

function limit() {
  return { max_limit: 1_000_000, reset_duration: '1M' }
}

function budget(id: string) {
  return { id: `budget-${id}`, ...limit() }
}

function rateLimit(id: string) {
  return {
    id: `limit-${id}`,
    token_max_limit: 1e12,
    token_reset_duration: '1h',
    request_max_limit: 1e12,
    request_reset_duration: '1h',
  }
}
