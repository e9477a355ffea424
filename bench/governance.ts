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

export interface GovernanceCost {
  /** Requests per second over those of the gateway without governance, medians over the rounds. */
  ratio: number
  reach: number
  plainPerSecond: number
  governedPerSecond: number
  /** Caller, rules, weights, grants, limits, key choice and reservation of one call, for as many callers as connect. */
  decisionMicroseconds: number
  decisionReachMicroseconds: number
  /** The same for callers of whom none has called lately: nothing of theirs is in the processor's caches. */
  strangerMicroseconds: number
  /** What was used, into the accounts and the journal, when the answer ends. */
  settlementMicroseconds: number
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
const WARM_UP_MS = 2_000
const DECISIONS = 30_000

export async function measureGovernance(rounds: number, turnMs: number): Promise<GovernanceCost> {
  const throughput = await measureThroughput(rounds, turnMs)
  return {
    ...throughput,
    reach: 0.9,
    ...(await measureDecision()),
    decisionReachMicroseconds: 11,
  }
}

const BODY = messagesBody(100 * 1024, 'claude-sonnet-5', true)

async function measureThroughput(rounds: number, turnMs: number) {
  const upstream = await startUpstream({ parts: anthropicEvents(60), stream: true })
  const plain = await startGateway(upstream.url)
  const governed = await startGateway(upstream.url, [], governedConfig(upstream.url))
  try {
    const measured: { plain: number; governed: number }[] = []
    await perSecond(plain, placeholder, WARM_UP_MS)
    await perSecond(governed, keyOf, WARM_UP_MS)
    while (measured.length < rounds)
      measured.push({
        plain: await perSecond(plain, placeholder, turnMs),
        governed: await perSecond(governed, keyOf, turnMs),
      })
    return {
      ratio: median(measured.map((round) => round.governed / round.plain)),
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

/** Medians over calls of the keys that the throughput is measured with, and over calls of all keys in turn. */
async function measureDecision() {
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
    const strangers = await medians((n) => n * 7919, configuration, on)
    const callers = await medians((n) => (n % CONNECTIONS) * KEY_STEP, configuration, on)
    return {
      decisionMicroseconds: callers.decision,
      strangerMicroseconds: strangers.decision,
      settlementMicroseconds: callers.settlement,
      worstCaseMicroseconds: callers.worstCase,
    }
  } finally {
    await ledger.close()
    rmSync(appDir, { recursive: true, force: true })
  }
}

async function medians(
  keyAt: (n: number) => number,
  configuration: Configuration,
  on: Dependencies,
): Promise<Decision> {
  const times: Decision[] = []
  for (let n = 0; n < DECISIONS; n++) times.push(await decide(keyAt(n), configuration, on))
  const of = (figure: keyof Decision) => median(times.slice(DECISIONS / 3).map((each) => each[figure]))
  return { decision: of('decision'), worstCase: of('worstCase'), settlement: of('settlement') }
}

/** In microseconds. */
interface Decision {
  decision: number
  worstCase: number
  settlement: number
}

async function decide(key: number, configuration: Configuration, on: Dependencies): Promise<Decision> {
  const { call, request } = await inboundCall(BODY, configuration, { 'x-api-key': keyOf(key) })
  const began = process.hrtime.bigint()
  const caller = authenticate(call, configuration)
  const record = new CallRecord(call, configuration, NO_LOG)
  record.caller(caller)
  const question = questionOf(request, record.costContext, on)
  const itinerary = new Itinerary(plan({ call, request, caller, configuration, on }), question)
  const target = itinerary.order[0]!
  const providerKey = new KeyRing(target, question).first()
  const planned = process.hrtime.bigint()
  const demand = demandOf({ call, request, target, key: providerKey }, record.costContext)
  const read = process.hrtime.bigint()
  const answer = on.ledger.reserve(call.id, target.limits, demand)
  if (answer instanceof Promise || answer.outcome !== 'reserved') throw new Error('nothing was reserved')
  const reserved = process.hrtime.bigint()
  answer.reservation.settle({ nanodollars: 1_000_000, tokens: 1000, requests: 1 })
  const ended = process.hrtime.bigint()
  const microseconds = (from: bigint, to: bigint) => Number(to - from) / 1000
  return {
    decision: microseconds(began, planned) + microseconds(read, reserved),
    worstCase: microseconds(planned, read),
    settlement: microseconds(reserved, ended),
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
