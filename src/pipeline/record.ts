import { ByteBudget } from '../lib/byte-budget.ts'
import { GatewayError } from '../message/error.ts'
import type { Warning } from '../message/request.ts'
import type { Usage } from '../message/usage.ts'
import { CODECS } from '../operations/index.ts'
import type { Operation } from '../protocols/endpoint.ts'
import { requestClass } from '../rules/request-class.ts'
import type { Configuration, ProviderKey } from '../stores/config/configuration.ts'
import type { AttemptRow, CallRow, LogWriter } from '../stores/logs/port.ts'
import type { Caller } from './authenticate.ts'
import { ByteKeeper } from './byte-keeper.ts'
import { billFor, callCost, fullUsage, isUsed, oweFor, reportedUsage } from './call-cost.ts'
import type { CostContext, Held, Meter, MeteredAttempt } from './call-cost.ts'
import { callRow, clipped, milliseconds } from './call-row.ts'
import type { Call } from './call.ts'
import { BYTES_PER_TOKEN, estimateUsage } from './estimate-usage.ts'
import type { Target } from './plan.ts'
import type { InboundRequest } from './read-request.ts'
import { signsOf } from './request-signs.ts'
import type { RoutingFacts } from './routing-facts.ts'

/** An attempt under way. */
export interface OpenAttempt {
  /** `status`: of the upstream's answer, where it gave one. */
  ended(status: number | undefined, error?: GatewayError): void
}

/** How much of an answer is kept for the log. */
const ANSWER_MAX_BYTES = 8 * 1024 * 1024
/** And of all that are under way: a hundred clients that do not read made 500 MB of copies for the log. */
const keepBudget = new ByteBudget(16 * 1024 * 1024)

/** What waits for it comes behind what is under way; Node's own function for that costs twice as much. */
const SOON = Promise.resolve()

/** So much of an answer is owed at its first byte, so that short ones need no second note. */
const OWED_MIN_BYTES = 8 * 1024

/** Asked by every agent at its start, and answered without a provider. */
const UNLOGGED_OPERATIONS = new Set(['probe', 'list-models', 'get-model'])

/**
 * What is learned of one call, and the one place where it is written down. Every call of a model ends here:
 * refused, failed, left by its client, answered. The row is durable before the client gets its last bytes.
 */
export class CallRecord {
  readonly #call: Call
  readonly #configuration: Configuration
  readonly #logs: LogWriter
  readonly #attempts: MeteredAttempt[] = []
  readonly #warnings: Warning[] = []
  readonly #isLogged: boolean
  /** The answer so far, for the log and for an estimate where it is cut. */
  #kept: ByteKeeper | undefined
  #keepsContents: boolean
  #caller: Caller | undefined
  #request: InboundRequest | undefined
  #target: Target | undefined
  #primary: Target | undefined
  #operation: Operation
  #requestClass: string
  #openAttempt: OpenAttempt | undefined
  /** The store took the request's body; undefined: it was not offered yet. */
  #requestIsKept: boolean | undefined
  #firstPartAt: number | undefined
  #onFirstPart: (() => void) | undefined
  #answerBytes = 0
  /** Of the answer, what would be charged if the gateway died. */
  #owedBytes = 0
  #written = false

  constructor(call: Call, configuration: Configuration, logs: LogWriter) {
    this.#call = call
    this.#configuration = configuration
    this.#logs = logs
    const { enableLogging, disableContentLogging } = configuration.client
    this.#isLogged = enableLogging && !UNLOGGED_OPERATIONS.has(call.operation)
    this.#keepsContents = this.#isLogged && !disableContentLogging
    this.#kept = this.#isLogged ? new ByteKeeper(ANSWER_MAX_BYTES, keepBudget) : undefined
    this.#operation = call.operation
    this.#requestClass = call.operation
  }

  caller(caller: Caller): void {
    this.#caller = caller
    const isDisabled = caller.virtualKey?.disableContentLogging
    if (isDisabled !== undefined) this.#keepsContents = this.#isLogged && !isDisabled
  }

  request(request: InboundRequest): void {
    this.#request = request
    // Its body may be gone when the row is written.
    if (this.#isLogged) this.#requestClass = requestClass(signsOf(this.#call, request))
  }

  /** What the call asks, where its path alone does not say it. */
  operation(operation: Operation): void {
    this.#operation = operation
    if (operation !== 'generate') this.#requestClass = operation
  }

  /** Where the call goes; of several, the one that its outcome is of. */
  target(target: Target): void {
    this.#primary ??= target
    this.#target = target
  }

  /** The client's bytes went to an upstream of its own protocol and host, whose errors it understands. */
  get isNative(): boolean {
    const hosts = [this.#call.endpoint.dialect, this.#target?.surface.dialect]
    return this.#target?.mode === 'native' && this.#attempts.length > 0 && hosts[0]?.id === hosts[1]?.id
  }

  /** For the client: where its call went. */
  routing(): RoutingFacts {
    return {
      target: this.#target,
      primary: this.#primary,
      requestedModel: this.#request?.model,
      stream: this.#request?.stream ?? false,
      latencyMs: performance.now() - this.#call.startedAt,
      budgetWarning: this.#attempts.at(-1)?.held?.budgetWarning,
      warnings: this.#warnings,
    }
  }

  warn(warnings: readonly Warning[]): void {
    this.#warnings.push(...warnings)
  }

  /** Begins an attempt; what it returned is told by `ended`. `onFirstPart`: its answer has begun. */
  attempt(target: Target, key: ProviderKey, held?: Held, onFirstPart?: () => void): OpenAttempt {
    this.#onFirstPart = onFirstPart
    const began = performance.now()
    const row: AttemptRow = {
      provider: target.provider.id,
      model: target.model,
      providerKeyName: key.name,
      reason: target.reason,
      status: undefined,
      error: undefined,
      startedAfterMs: milliseconds(began - this.#call.startedAt),
      durationMs: 0,
    }
    this.#target = target
    const attempt: MeteredAttempt = { row, target, key, held, meter: undefined }
    this.#attempts.push(attempt)
    // Where it is cut, what the client got is counted.
    if (held !== undefined) this.#kept ??= new ByteKeeper(ANSWER_MAX_BYTES, keepBudget)
    // Each attempt translates anew; what the answer went through is the last one.
    this.#warnings.length = 0
    this.#openAttempt = {
      ended: (status, error) => {
        row.status = status
        row.error = error === undefined ? undefined : `${error.kind}: ${clipped(error.message)}`
        row.durationMs = milliseconds(performance.now() - began)
        this.#openAttempt = undefined
        // The next attempt may take minutes; what this one held is free at once.
        if (error !== undefined && this.#firstPartAt === undefined)
          billFor(attempt, reportedUsage(attempt), this.costContext)
      },
    }
    return this.#openAttempt
  }

  /** Whose prices an attempt has, as far as it is known now. */
  get costContext(): CostContext {
    return {
      configuration: this.#configuration,
      operation: this.#operation,
      virtualKeyId: this.#caller?.virtualKey?.id,
    }
  }

  /** Where usage and the finish of the attempt's answer are read from. */
  meter(meter: Meter): void {
    this.#attempts.at(-1)!.meter = meter
  }

  /** What the answer costs that has begun cannot be known, and is not nothing. */
  unpriced(reason: string): void {
    this.#attempts.at(-1)!.unpriced = reason
  }

  /** The answer has begun: no other attempt can follow, so nobody needs the request's body any more. */
  firstPart(): void {
    if (this.#firstPartAt !== undefined) return
    this.#firstPartAt = performance.now()
    this.#onFirstPart?.()
    // The client's bytes first.
    void SOON.then(() => this.#keepRequest())
  }

  /** `isRead`: false of sound, images and vectors, which nobody reads in a log. */
  answer(bytes: Buffer | string, isRead = true): void {
    const size = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
    this.#answerBytes += size
    if (this.#answerBytes > this.#owedBytes) this.#owe()
    if (isRead) this.#kept?.add(bytes, size)
  }

  /** Writes the row, once: before the last bytes of the answer, or when there will be none. */
  end(httpStatus: number, error?: GatewayError): void {
    if (this.#written) return
    this.#written = true
    this.#openAttempt?.ended(httpStatus, error)
    // A row is made of a bill, too, and it is made also where there is no row.
    if (!this.#isLogged && !this.#isBound) return
    const row = this.#row(httpStatus, error)
    if (this.#isLogged) this.#logs.record(row)
    for (const { held } of this.#attempts) held?.reservation.logged()
  }

  /** The call is over: hands to the store what it has not got of the bodies. */
  close(): void {
    // Making an error costs 7 µs, its stack, so it is made only for a row: probes and model lists have none.
    if ((this.#isLogged || this.#isBound) && !this.#written)
      this.end(500, new GatewayError('internal', 'The call ended without an outcome.'))
    this.#keepRequest()
    if (this.#kept === undefined) return
    const parts = this.#kept.take()
    if (this.#requestIsKept !== true) return
    this.#logs.keepResponse(this.#call.id, {
      parts,
      isStream: this.#request!.stream,
      truncatedBytes: this.#kept.droppedBytes,
    })
  }

  #keepRequest(): void {
    const request = this.#request
    if (request === undefined || this.#requestIsKept !== undefined) return
    this.#requestIsKept =
      this.#keepsContents && this.#logs.keepRequest(this.#call.id, request.summary ?? request.body)
    request.release()
  }

  /** As the upstream reported it; where it was cut or reported none, what the client got is counted. */
  #usage(meter: Meter | undefined): { usage: Usage | undefined; usageSource: CallRow['usageSource'] } {
    if (meter === undefined) return { usage: undefined, usageSource: 'none' }
    const reported = fullUsage(meter.usage)
    if (meter.complete && isUsed(reported)) return { usage: reported, usageSource: 'reported' }
    // What is no conversation has no tokens to be counted in what the client got.
    if (Object.hasOwn(CODECS, this.#operation))
      return isUsed(reported)
        ? { usage: reported, usageSource: 'estimated' }
        : { usage: undefined, usageSource: 'none' }
    const request = this.#request
    if (request === undefined || this.#kept === undefined || this.#firstPartAt === undefined)
      return { usage: reported, usageSource: 'estimated' }
    const answer = { parts: this.#kept.peek(), keptBytes: this.#kept.length, bytes: this.#answerBytes }
    return { usage: estimateUsage(this.#call, request, answer, reported), usageSource: 'estimated' }
  }

  /** Some attempt holds something of a budget or a rate limit. */
  get #isBound(): boolean {
    return this.#attempts.some(({ held }) => held !== undefined)
  }

  #owe(): void {
    const attempt = this.#attempts.at(-1)
    const request = this.#request
    if (attempt?.held === undefined || request === undefined || !request.stream) return
    this.#owedBytes = Math.max(OWED_MIN_BYTES, this.#answerBytes * 2)
    const inputTokens = Math.ceil(request.bodyBytes / BYTES_PER_TOKEN)
    const outputTokens = Math.ceil(this.#owedBytes / BYTES_PER_TOKEN)
    oweFor(attempt, { inputTokens, outputTokens }, this.costContext)
  }

  #row(httpStatus: number, error: GatewayError | undefined): CallRow {
    const last = this.#attempts.at(-1)
    const meter = last?.meter ?? this.#attempts.findLast((attempt) => attempt.meter !== undefined)?.meter
    const { usage, usageSource } = this.#usage(meter)
    return callRow({
      call: this.#call,
      configuration: this.#configuration,
      request: this.#request,
      caller: this.#caller,
      target: this.#target,
      operation: this.#operation,
      requestClass: this.#requestClass,
      httpStatus,
      error,
      usage,
      usageSource,
      cost: callCost(this.#attempts, last?.meter === undefined ? undefined : usage, this.costContext),
      attempts: this.#attempts,
      finish: meter?.finish,
      firstPartAt: this.#firstPartAt,
      warnings: this.#warnings,
      answerBytes: this.#answerBytes,
    })
  }
}
