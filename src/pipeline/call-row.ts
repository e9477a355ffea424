import type { GatewayError } from '../message/error.ts'
import type { Configuration } from '../stores/config/configuration.ts'
import type { CallRow } from '../stores/logs/port.ts'
import type { Caller } from './authenticate.ts'
import type { Call } from './call.ts'
import type { Meter, MeteredAttempt } from './call-cost.ts'
import type { Target } from './plan.ts'
import type { InboundRequest } from './read-request.ts'

/** What was learned of a call that is over. */
export interface Outcome extends Pick<
  CallRow,
  'operation' | 'httpStatus' | 'usage' | 'usageSource' | 'cost' | 'warnings'
> {
  readonly call: Call
  readonly configuration: Configuration
  readonly request: InboundRequest | undefined
  readonly caller: Caller | undefined
  /** Which served it, or whose failure was told. */
  readonly target: Target | undefined
  readonly requestClass: string
  readonly error: GatewayError | undefined
  readonly attempts: readonly MeteredAttempt[]
  readonly finish: Meter['finish']
  /** By the clock of `call.startedAt`. */
  readonly firstPartAt: number | undefined
  readonly answerBytes: number
}

/** A call that is over as its row in the log. */
export function callRow(outcome: Outcome): CallRow {
  const { call, request, caller, target, error, attempts, firstPartAt, finish, usage, usageSource, cost } =
    outcome
  const { operation, requestClass, httpStatus, warnings, answerBytes, configuration } = outcome
  const { headers, startedAt } = call
  // After fallbacks that failed, too, the row is of the place whose failure was told.
  const key = attempts.findLast((attempt) => attempt.target.provider === target?.provider)?.key
  return {
    id: call.id,
    timestampMs: call.receivedAtMs,
    protocol: call.protocol.id,
    operation,
    requestClass,
    path: call.path,
    stream: request?.stream ?? false,
    status: error === undefined ? 'success' : error.kind === 'client_closed' ? 'cancelled' : 'error',
    httpStatus,
    requestedModel: request?.model,
    provider: target?.provider.id,
    model: target?.model,
    providerKeyId: key?.id,
    providerKeyName: key?.name,
    virtualKeyId: caller?.virtualKey?.id,
    virtualKeyName: caller?.virtualKey?.name,
    sessionId: request?.sessionId,
    agentId: headers['x-claude-code-agent-id'],
    userAgent: headers['user-agent'],
    mode: attempts.length === 0 || target === undefined ? 'none' : target.mode,
    usage,
    usageSource,
    cost,
    attempts: attempts.map(({ row }) => row),
    latencyMs: milliseconds(performance.now() - startedAt),
    timeToFirstTokenMs: firstPartAt === undefined ? undefined : milliseconds(firstPartAt - startedAt),
    finishReason: clipped(finish?.raw ?? finish?.unified),
    error: error === undefined ? undefined : { kind: error.kind, message: clipped(error.message) },
    warnings,
    requestBytes: request?.bodyBytes ?? 0,
    responseBytes: answerBytes,
    metadata: metadata(headers, configuration),
  }
}

function metadata(headers: Call['headers'], configuration: Configuration): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of configuration.client.loggingHeaders) {
    const value = headers[name]
    if (value !== undefined) found[name] = value
  }
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && name.startsWith('x-bf-lh-')) found[name.slice('x-bf-lh-'.length)] = value
  }
  return found
}

/** An upstream's error may be a page of a megabyte; a list of the log has up to a thousand rows. */
const TEXT_MAX_LENGTH = 4096

export function clipped<Text extends string | undefined>(text: Text): Text {
  return text !== undefined && text.length > TEXT_MAX_LENGTH
    ? (`${text.slice(0, TEXT_MAX_LENGTH)}…` as Text)
    : text
}

/** Milliseconds to the microsecond. */
export function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000
}
