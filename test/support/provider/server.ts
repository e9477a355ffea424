import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { AwsAccounts } from '../cloud/aws-accounts.ts'
import { anthropic } from './anthropic.ts'
import { azureChat, azureClaude, azureResponses, azureServices } from './azure.ts'
import { bedrockClaude, bedrockConverse } from './bedrock.ts'
import { cohere } from './cohere.ts'
import { Exchange } from './exchange.ts'
import { type Fault, FaultBook } from './faults.ts'
import { gemini } from './gemini.ts'
import { type Context, generate } from './generate.ts'
import { Ledger, type LedgerEntry } from './ledger.ts'
import { openaiChat, openaiServices } from './openai-chat.ts'
import { openaiCompletions } from './openai-completions.ts'
import { openaiResponses } from './openai-responses.ts'
import { type Reply, ReplyQueue, type ReplyOptions, sendReply } from './reply.ts'
import type { Access, ProviderProtocol, Refusal } from './protocol.ts'
import { type RecordedRequest, record } from './record.ts'
import { serve } from './serve.ts'
import { vertexChat, vertexClaude, vertexGemini } from './vertex.ts'

/** One line a wire API. The first that knows the path answers. */
const PROTOCOLS: ProviderProtocol[] = [
  bedrockConverse,
  bedrockClaude,
  vertexClaude,
  vertexGemini,
  vertexChat,
  gemini,
  azureClaude,
  azureChat,
  azureResponses,
  azureServices,
  anthropic,
  cohere,
  openaiResponses,
  openaiChat,
  openaiCompletions,
  openaiServices,
]

/** What signs requests to Bedrock, unless a test brings its own. */
export const AWS_KEYS = { accessKeyId: 'AKIASCRIPTEDPROVIDER', secretAccessKey: 'scripted/secret+access/key' }

const LISTED_MODELS = [
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'gpt-5',
  'gpt-4o',
  'gemini-3.5-pro',
  'gemini-2.5-flash',
]

export interface ProviderOptions {
  /** 0, a free one, unless told. */
  port?: number
  /** Validate requests as the real provider does; true unless told. */
  strict?: boolean
  /** The models it has. Without a list it lists a few and serves every id its protocol's real provider could have. */
  models?: string[]
  /** Provider keys that it accepts, in whatever header the protocol uses; any unless told. */
  keys?: Pick<readonly string[], 'includes'>
  /** Whose signatures Bedrock takes: those of `AWS_KEYS`, unless told. */
  aws?: AwsAccounts
  /** A file for the ledger, synced before each chunk. */
  ledgerPath?: string
  /** Finish and bill an answer whose client has left, as some clouds do. */
  finishesWithoutClient?: boolean
  /** Called when a request has its status, for a log. */
  onAnswer?: (request: RecordedRequest) => void
}

export interface Provider {
  /** Where it listens, without a trailing slash. Any path prefix may follow, such as `/anthropic`. */
  url: string
  /** Every request so far, in order of arrival. */
  requests: RecordedRequest[]
  /** What it produced, whoever read it. */
  ledger: LedgerEntry[]
  /** Requests that carried a directive with this nonce (or one that starts with it, as a sub-agent's does). */
  requestsOf(nonce: string): RecordedRequest[]
  /** Answers the next matching request with exact bytes, instead of the scripted model. */
  reply(reply: Reply | ((request: RecordedRequest) => Reply | undefined), options?: ReplyOptions): void
  /** Answers the next requests with these replies, in order. */
  script(replies: Reply[]): void
  /** Sets a fault for the next generations, whatever their text. */
  fault(fault: Fault, path?: RegExp): void
  close(): Promise<void>
}

/** Starts a scripted model provider on the loopback interface. */
export async function startProvider(options: ProviderOptions = {}): Promise<Provider> {
  const ledger = new Ledger(options.ledgerPath)
  const faults = new FaultBook()
  const replies = new ReplyQueue()
  const requests: RecordedRequest[] = []
  const { keys, aws = new AwsAccounts() } = options
  if (!options.aws) aws.add(AWS_KEYS)
  const access: Access = { accepts: (key) => keys === undefined || keys.includes(key), aws }

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const recorded = await record(request, requests.length + 1)
    requests.push(recorded)
    const exchange = new Exchange(response, recorded, ledger)
    const reply = replies.take(recorded)
    if (reply) await sendReply(reply, exchange)
    else
      await answer(exchange, options, access, {
        faults,
        ledger,
        finishes: options.finishesWithoutClient === true,
      })
    options.onAnswer?.(recorded)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error) => response.destroy(error))
  })
  // A pool keeps its connections open between tests; the provider must not be the one to close them.
  server.keepAliveTimeout = 60_000
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    ledger: ledger.entries,
    requestsOf: (nonce) => requests.filter((request) => request.nonce?.startsWith(nonce)),
    reply: (reply, replyOptions) => replies.add(reply, replyOptions),
    script: (list) => list.forEach((reply) => replies.add(reply)),
    fault: (fault, path) => faults.add(fault, path),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      ledger.close()
    },
  }
}

/** The order of an answer: who is asked, may they ask, is it well-formed, is there such a model, then the script. */
async function answer(
  exchange: Exchange,
  options: ProviderOptions,
  access: Access,
  context: Context,
): Promise<void> {
  const { record: request } = exchange
  if (request.method === 'HEAD' || request.url === '/') return exchange.send(200, {}, '')
  for (const protocol of PROTOCOLS) {
    const operation = protocol.operation(request)
    if (!operation) continue
    request.protocol = protocol.name
    const refuse = (refusal: Refusal) => {
      request.refusal = refusal.message
      sendJson(
        exchange,
        protocol,
        refusal.status,
        protocol.error(refusal, operation),
        protocol.errorHeaders?.(refusal),
      )
    }
    const denied = protocol.authenticate(request, access)
    if (denied) return refuse(denied)
    if (operation.kind === 'models') {
      const ids = options.models ?? LISTED_MODELS
      return sendJson(exchange, protocol, 200, protocol.models(ids, operation.model))
    }
    const strict = options.strict !== false
    if (operation.service) {
      const invalid = strict && operation.service.check?.(request, operation)
      return invalid ? refuse(invalid) : serve(exchange, protocol, operation, operation.service, context)
    }
    const invalid = strict && protocol.check(request.body, request.headers, operation)
    if (invalid) return refuse(invalid)
    const { model } = protocol.read(request.body, operation)
    if (strict && !(options.models?.includes(model) ?? protocol.serves(model))) {
      return refuse(protocol.unknownModel(model, operation))
    }
    if (operation.kind === 'count_tokens') {
      return sendJson(exchange, protocol, 200, protocol.tokenCount(Math.ceil(request.bodyBytes.length / 4)))
    }
    return generate(exchange, protocol, operation, context)
  }
  const message = `The scripted provider has no ${request.method} ${request.path}`
  exchange.send(404, { 'content-type': 'application/json' }, JSON.stringify({ error: { message } }))
}

function sendJson(
  exchange: Exchange,
  protocol: ProviderProtocol,
  status: number,
  body: unknown,
  more?: Record<string, string>,
): void {
  const headers = { 'content-type': 'application/json', ...protocol.responseHeaders(), ...more }
  exchange.send(status, headers, JSON.stringify(body))
}
