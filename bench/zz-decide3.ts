import { join } from 'node:path'
import { authenticate } from '../src/pipeline/authenticate.ts'
import { plan } from '../src/pipeline/plan.ts'
import { placesFor } from '../src/pipeline/places.ts'
import { CallRecord } from '../src/pipeline/record.ts'
import { reserve, demandOf } from '../src/pipeline/reserve.ts'
import { openLedger } from '../src/stores/ledger/sqlite.ts'
import { inboundCall, loadBenchConfiguration } from './inbound.ts'
import { messagesBody } from './payloads.ts'
import { makeAppDir } from './proxied.ts'
import { governedConfig, keyOf } from './governance.ts'
import { median } from './statistics.ts'
const BODY = messagesBody(100 * 1024, 'claude-sonnet-5', true)
const appDir = makeAppDir(governedConfig('http://127.0.0.1:9'))
const configuration = await loadBenchConfiguration(appDir)
const { ledger } = openLedger({ path: join(appDir, 'ledger.db'), report: console.error })
ledger.configure([...configuration.governance.budgets.values(), ...configuration.governance.rateLimits.values()])
const on: any = { ledger, random: Math.random }
const NO_LOG: any = { record() {}, keepRequest: () => false, keepResponse() {}, shedContents: 0, lostRows: 0, flush: () => Promise.resolve() }
const T: Record<string, number[]> = {}
const lap = (name: string, from: bigint) => { const now = process.hrtime.bigint(); (T[name] ??= []).push(Number(now - from) / 1000); return process.hrtime.bigint() }

const { call, request } = await inboundCall(BODY, configuration, { 'x-api-key': keyOf(7) })
const caller = authenticate(call, configuration)
const q = { call, request, caller, configuration, on }
import { candidates } from '../src/pipeline/candidates.ts'
const known = candidates(configuration, caller)
const bench = (name: string, f: () => void) => { let best = Infinity; for (let b = 0; b < 20; b++) { const t = performance.now(); for (let i = 0; i < 20000; i++) f(); best = Math.min(best, (performance.now() - t) / 20) } console.log(name.padEnd(24), best.toFixed(2)) }
import { CallFacts } from '../src/pipeline/rule-facts.ts'
const asked = { model: 'claude-sonnet-5', provider: '' }
const facts = () => new CallFacts({ call, request, asked, virtualKey: caller.virtualKey, timeZone: 'UTC', pressure: () => { throw 1 } })
bench('placesFor', () => void placesFor(q))
bench('facts', () => void facts())
bench('decide', () => void configuration.routing.decide(facts(), { sessionId: request.sessionId, random: Math.random }))
import { balance } from '../src/rules/provider-weights.ts'
bench('balance', () => void balance({ model: 'claude-sonnet-5', grants: caller.virtualKey!.grants!, candidates: known, order: 'weighted', sessionId: request.sessionId, random: Math.random }))
bench('limitsFor', () => void configuration.governance.limitsFor(caller.virtualKey, 'anthropic', ['claude-sonnet-5']))
bench('grantFor', () => void configuration.governance.grantFor(caller.virtualKey!, 'anthropic', ['claude-sonnet-5']))
import { stripContextSuffix } from '../src/models/names.ts'
bench('strip', () => void stripContextSuffix('claude-sonnet-5'))
import { modelAt } from '../src/rules/routing.ts'
bench('modelAt anthropic', () => void modelAt(known.get('anthropic')!, 'claude-sonnet-5'))
bench('modelAt openai', () => void modelAt(known.get('openai')!, 'claude-sonnet-5'))
bench('authenticate', () => void authenticate(call, configuration))
bench('plan', () => void plan(q))
bench('demand', () => void demandOf({ call, request, target: plan(q)[0], key: plan(q)[0].provider.keys[0]! }, new CallRecord(call, configuration, NO_LOG).costContext))
await ledger.close()
process.exit()
