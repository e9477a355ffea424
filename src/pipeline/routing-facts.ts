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
}

/** On every answer: a client's own log can say who served it, and that its budget comes to its end. */
export function routingHeaders({ target, budgetWarning }: RoutingFacts): Record<string, string> {
  if (target === undefined) return {}
  const provider = {
    'x-signalbox-provider': target.provider.id,
    ...(budgetWarning !== undefined && { 'x-signalbox-budget-warning': budgetWarning }),
  }
  return HEADER_TEXT.test(target.model) ? { ...provider, 'x-signalbox-model': target.model } : provider
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
  status: number,
  body: Buffer | string,
): Buffer | string {
  const text = typeof body === 'string' ? body : body.toString('utf8')
  const end = text.lastIndexOf('}')
  if (end === -1 || !text.trimStart().startsWith('{')) return body
  const separator = /\{\s*$/.test(text.slice(0, end)) ? '' : ','
  const members = JSON.stringify(
    status < 400 ? extraFields(call, facts) : errorFields(call, facts, status),
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

function errorFields(call: Call, facts: RoutingFacts, status: number): object {
  return {
    is_bifrost_error: facts.target === undefined,
    status_code: status,
    extra_fields: {
      provider: facts.target?.provider.id,
      model_requested: facts.requestedModel,
      request_type: requestType(call, facts),
    },
  }
}

function requestType(call: Call, { stream }: RoutingFacts): string {
  return `${requestKind(call)}${stream ? '_stream' : ''}`
}
