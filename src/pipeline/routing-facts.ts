import type { ErrorKind, GatewayError } from '../message/error.ts'
import type { Warning } from '../message/request.ts'
import type { Call } from './call.ts'
import type { Target } from './plan.ts'
import { requestKind } from './request-kind.ts'

/** Where a call went, for its client. */
export interface RoutingFacts {
  /** Undefined: it went nowhere. */
  readonly target: Target | undefined
  /** The first that it was to go to. */
  readonly primary: Target | undefined
  readonly requestedModel: string | undefined
  readonly stream: boolean
  readonly latencyMs: number
  /** Of a budget that is near its end. */
  readonly budgetWarning: string | undefined
  /** What had to be left out or changed for the attempt that was made ready last. */
  readonly warnings: readonly Warning[]
}

/**
 * On every answer: a client's own log can say who served it, what of its request was left out, and that its budget
 * comes to its end.
 */
export function routingHeaders({ target, budgetWarning, warnings }: RoutingFacts): Record<string, string> {
  if (target === undefined) return {}
  const headers: Record<string, string> = { 'x-signalbox-provider': target.provider.id }
  const leftOut = warnings.length === 0 ? '' : listOf(droppedOf(warnings))
  if (leftOut !== '') headers['x-signalbox-dropped'] = leftOut
  if (budgetWarning !== undefined) headers['x-signalbox-budget-warning'] = budgetWarning
  if (HEADER_TEXT.test(target.model)) headers['x-signalbox-model'] = target.model
  return headers
}

function droppedOf(warnings: readonly Warning[]): string[] {
  return warnings.flatMap(({ kind, field }) => (kind === 'dropped' ? [field] : []))
}

/** Some clients give all headers together 8 KB. */
const LIST_MAX_LENGTH = 512

function listOf(names: readonly string[]): string {
  let list = ''
  for (const name of new Set(names)) {
    const longer = list === '' ? name : `${list}, ${name}`
    if (HEADER_TEXT.test(name) && longer.length <= LIST_MAX_LENGTH) list = longer
  }
  return list
}

/** Names of models come from clients and may hold what no header can. */
const HEADER_TEXT = /^[\x20-\x7e]*$/

/**
 * `extra_fields` of the unified route, put behind the fields of an answer in one piece. Everything else in it keeps
 * its bytes. The names are those of the format that existing clients read.
 */
export function withExtraFields(
  call: Call,
  facts: RoutingFacts,
  { status, body, error }: { status: number; body: Buffer | string; error: GatewayError | undefined },
): Buffer | string {
  const text = typeof body === 'string' ? body : body.toString('utf8')
  const end = text.lastIndexOf('}')
  if (end === -1 || !text.trimStart().startsWith('{')) return body
  const separator = /\{\s*$/.test(text.slice(0, end)) ? '' : ','
  const members = JSON.stringify(
    status < 400 ? extraFields(call, facts) : errorFields(call, facts, status, error),
  ).slice(1, -1)
  return `${text.slice(0, end)}${separator}${members}${text.slice(end)}`
}

function extraFields(call: Call, facts: RoutingFacts): object {
  const { target, primary, requestedModel, latencyMs } = facts
  return {
    extra_fields: {
      request_type: requestType(call, facts),
      provider: target?.provider.id,
      model_requested: requestedModel,
      ...(target !== undefined && target.model !== requestedModel && { model_deployment: target.model }),
      latency: Math.round(latencyMs),
      routing_info: {
        provider: target?.provider.id,
        model: target?.model,
        is_fallback: target !== primary,
        primary_provider: primary?.provider.id,
        primary_model: primary?.model,
      },
    },
  }
}

function errorFields(call: Call, facts: RoutingFacts, status: number, error?: GatewayError): object {
  return {
    ...(error !== undefined && GOVERNANCE.has(error.kind) && { type: typeOf(error.kind) }),
    is_bifrost_error: facts.target === undefined,
    status_code: status,
    extra_fields: {
      provider: facts.target?.provider.id,
      model_requested: facts.requestedModel,
      request_type: requestType(call, facts),
    },
  }
}

/** Of these, existing clients read the kind beside the error. */
const GOVERNANCE: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'virtual_key_required',
  'virtual_key_not_found',
  'virtual_key_blocked',
  'missing_required_headers',
  'provider_blocked',
  'model_blocked',
  'budget_exceeded',
  'token_limited',
  'request_limited',
  'governance_limited',
])

/** Theirs for a limit of both kinds is the word for a provider's limit, too. */
function typeOf(kind: ErrorKind): string {
  return kind === 'governance_limited' ? 'rate_limited' : kind
}

function requestType(call: Call, { stream }: RoutingFacts): string {
  return `${requestKind(call)}${stream ? '_stream' : ''}`
}
