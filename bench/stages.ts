/** The gateway's own time per stage of a call, measured in this process over a captured body of 100 KB. */
import { sse } from '../src/wire/framing.ts'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { capabilities } from '../src/models/catalogue.ts'
import { canonicalTarget } from '../src/http/canonical-path.ts'
import { checkHeaders, checkHost, checkOrigin } from '../src/http/guards.ts'
import { MOUNTS } from '../src/http/mounts.ts'
import type { HttpRequest } from '../src/http/request.ts'
import { Router } from '../src/http/router.ts'
import { authenticate } from '../src/pipeline/authenticate.ts'
import { NativePassage } from '../src/pipeline/native-passage.ts'
import { nativeBody } from '../src/pipeline/native.ts'
import { plan } from '../src/pipeline/plan.ts'
import type { InboundRequest } from '../src/pipeline/read-request.ts'
import { CallRecord } from '../src/pipeline/record.ts'
import { TranslatedPassage } from '../src/pipeline/translated-passage.ts'
import { upstreamHeaders } from '../src/pipeline/upstream-headers.ts'
import { anthropic } from '../src/protocols/anthropic/index.ts'
import { openaiChat } from '../src/protocols/openai-chat/index.ts'
import { PROVIDERS } from '../src/providers/index.ts'
import { chooseKey } from '../src/rules/key-choice.ts'
import type { Configuration } from '../src/stores/config/configuration.ts'
import { newResilience } from '../src/pipeline/resilience.ts'
import { openMemoryLedger } from '../src/stores/ledger/memory.ts'
import type { LogWriter } from '../src/stores/logs/port.ts'
import { openLogStore } from '../src/stores/logs/sqlite.ts'
import { scanObject } from '../src/wire/json-scan.ts'
import { writeJsonText } from '../src/wire/json-text.ts'
import { callWith, HEADERS, inboundCall, loadBenchConfiguration } from './inbound.ts'
import { anthropicEvents, chatChunks, messagesBody } from './payloads.ts'
import { configFor, makeAppDir } from './proxied.ts'

export interface Stage {
  stage: string
  per: 'request' | 'event'
  /** Mean of the fastest of {@link BATCHES} batches: the noise of a shared machine only ever adds. */
  microseconds: number
}

const BODY_BYTES = 100 * 1024
const EVENTS = 60
const BATCHES = 12
const BATCH_US = 30_000
/** Few enough that the store takes all their bodies. */
const RECORDS_PER_BATCH = 200

export async function measureStages(): Promise<Stage[]> {
  const appDir = makeAppDir(configFor('http://127.0.0.1:9'))
  const configuration = await loadBenchConfiguration(appDir)
  const logs = openLogStore({ path: join(appDir, 'logs.db'), retentionDays: 1, report: console.error })
  try {
    return [
      edgeStage(configuration),
      ...(await requestStages(configuration)),
      ...eventStages(),
      await recordStage(configuration, logs.writer),
    ]
  } finally {
    await logs.close()
    rmSync(appDir, { recursive: true, force: true })
  }
}

function edgeStage(configuration: Configuration): Stage {
  const router = new Router(MOUNTS, [])
  const request = {
    headers: HEADERS,
    rawHeaders: Object.entries(HEADERS).flat(),
  } as unknown as HttpRequest
  const run = () => {
    const target = canonicalTarget('/anthropic/v1/messages?beta=true')
    checkHeaders(request)
    checkHost(request, configuration.client)
    router.match('POST', target.path)
    checkOrigin(request, configuration.client, 'inference')
    authenticate(callWith(Buffer.alloc(0)), configuration)
  }
  return { stage: 'edge: path, guards, route, caller', per: 'request', microseconds: measure(run) }
}

async function requestStages(configuration: Configuration): Promise<Stage[]> {
  const native = await inboundCall(messagesBody(BODY_BYTES, 'claude-sonnet-5', true), configuration)
  const translated = await inboundCall(messagesBody(BODY_BYTES, 'openai/gpt-5', true), configuration)
  const { call, request } = native
  const caller = authenticate(call, configuration)
  const routing = {
    call,
    request,
    caller,
    configuration,
    on: {
      ledger: openMemoryLedger(),
      resilience: newResilience(() => performance.now()),
      random: Math.random,
    },
  }
  const [target] = plan(routing)
  const question = {
    model: target.model,
    requested: request.model,
    tried: new Set<string>(),
    sessionId: 'session',
    random: Math.random,
  }
  const stage = (name: string, run: () => void): Stage => ({
    stage: name,
    per: 'request',
    microseconds: measure(run),
  })
  return [
    stage('read: find the top-level fields of the body', () => void scanObject(request.body)),
    stage('routing', () => void plan(routing)),
    stage('key choice', () => void chooseKey(target.provider.keys, question)),
    stage('encode, native: edits of the body, headers', () => {
      const { body } = nativeBody(call, request, target)
      upstreamHeaders(call, target, body.length, configuration.client.headerFilter)
    }),
    stage('decode, translated: parse the body, read it into the hub', () => {
      anthropic.request.decode(translated.request.parsed())
    }),
    stage('encode, translated: hub to Chat Completions text', encodeChat(translated.request)),
  ]
}

function encodeChat(inboundRequest: InboundRequest): () => void {
  const { request } = anthropic.request.decode(inboundRequest.parsed())
  const { quirks } = PROVIDERS.get('openai')!.surfaces.find(({ protocol }) => protocol === openaiChat)!
  return () => {
    const encoded = openaiChat.request.encode(request, {
      model: 'gpt-5',
      facts: capabilities('openai', 'gpt-5'),
      quirks,
    })
    writeJsonText(encoded.body)
  }
}

/** Each event in a chunk of its own, as an upstream sends them. */
function eventStages(): Stage[] {
  const context = { requestedModel: 'openai/gpt-5', responseId: 'id', inputTokensEstimate: 1, created_s: 1 }
  const passages = [
    {
      name: 'tap, native: watch the stream',
      parts: anthropicEvents(EVENTS),
      make: () => new NativePassage(anthropic, sse, 'id'),
    },
    {
      name: 'decode and encode, translated: Chat chunk to Messages events',
      parts: chatChunks(EVENTS),
      make: () =>
        new TranslatedPassage(
          { protocol: openaiChat, framing: sse },
          { protocol: anthropic, framing: sse },
          {},
          context,
        ),
    },
  ]
  return passages.map(({ name, parts, make }) => {
    const chunks = parts.map((part) => Buffer.from(part))
    const run = () => {
      const passage = make()
      for (const chunk of chunks) passage.push(chunk)
      passage.end()
    }
    return { stage: name, per: 'event', microseconds: measure(run) / chunks.length }
  })
}

/** A call from its opening to its row in the journal, with a body of 100 KB for the store. */
async function recordStage(configuration: Configuration, logs: LogWriter): Promise<Stage> {
  const { call, request: read } = await inboundCall(
    messagesBody(BODY_BYTES, 'claude-sonnet-5', true),
    configuration,
  )
  // One request for all rounds: it keeps its body.
  const request: InboundRequest = {
    ...read,
    parsed: () => read.parsed(),
    lend: () => read.lend(),
    release: () => {},
  }
  const caller = authenticate(call, configuration)
  const ledger = openMemoryLedger()
  const resilience = newResilience(() => performance.now())
  const [target] = plan({
    call,
    request,
    caller,
    configuration,
    on: { ledger, resilience, random: Math.random },
  })
  const chunks = anthropicEvents(EVENTS).map((part) => Buffer.from(part))
  const run = () => {
    const record = new CallRecord(call, configuration, logs)
    record.caller(caller)
    record.request(request)
    record.target(target)
    const opened = record.attempt(target, target.provider.keys[0]!)
    record.firstPart()
    for (const chunk of chunks) record.answer(chunk)
    record.end(200)
    opened.ended(200)
    record.close()
  }
  let best = Infinity
  for (let batch = 0; batch < BATCHES; batch++) {
    best = Math.min(best, timeOf(run, RECORDS_PER_BATCH))
    await logs.flush()
  }
  return {
    stage: 'record: answer kept, row in the journal, bodies handed over',
    per: 'request',
    microseconds: best,
  }
}

/** Microseconds of one run: of the fastest batch. */
function measure(run: () => void): number {
  let runs = 1
  while (timeOf(run, runs) * runs < BATCH_US) runs *= 2
  let best = Infinity
  for (let batch = 0; batch < BATCHES; batch++) best = Math.min(best, timeOf(run, runs))
  return best
}

function timeOf(run: () => void, runs: number): number {
  const began = performance.now()
  for (let at = 0; at < runs; at++) run()
  return ((performance.now() - began) * 1000) / runs
}
