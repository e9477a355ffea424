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
for (let n = 0; n < 20000; n++) {
  const { call, request } = await inboundCall(BODY, configuration, { 'x-api-key': keyOf((n % 1000) * 97) })
  let t = process.hrtime.bigint()
  const caller = authenticate(call, configuration); t = lap('authenticate', t)
  const record = new CallRecord(call, configuration, NO_LOG); record.caller(caller); t = lap('record', t)
  const q = { call, request, caller, configuration, on }
  configuration.routing; 
  const places = placesFor(q); t = lap('places (cold)', t)
  placesFor(q); t = lap('places (warm)', t)
  const [target] = plan(q); t = lap('plan (warm)', t)
  const key = target.provider.keys[0]!
  const d = demandOf({ call, request, target, key }, record.costContext); t = lap('demand', t)
  const r: any = ledger.reserve(call.id, target.limits, d); t = lap('ledger.reserve', t)
  r.reservation.settle({ nanodollars: 1_000_000, tokens: 1000, requests: 1 }); t = lap('settle', t)
}
for (const [k, v] of Object.entries(T)) console.log(k.padEnd(20), median(v.slice(5000)).toFixed(2))
await ledger.close()
process.exit()
