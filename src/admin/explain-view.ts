import { agentType } from '../rules/agent-type.ts'
import type { Caller } from '../pipeline/authenticate.ts'
import type { ExplainedAffinity, Explanation } from '../pipeline/explain/explain.ts'
import type { ExplainedWeights } from '../pipeline/explain/witness.ts'
import type { DrawnTarget, ExplainedRules } from '../rules/routing-rules.ts'
import type { TriedRule } from '../rules/rule-explain.ts'
import { errorView, targetView } from './explain-target-view.ts'

/** An explanation as JSON. Of keys and callers it has ids and names, never a value. */
export type ExplanationView = ReturnType<typeof explanationView>

/** `assumed`: what it rests on that nobody said. */
export function explanationView(explanation: Explanation, assumed: readonly string[]) {
  const { call, caller, request, requestClass, rules, weights, affinity, plan, leftOut } = explanation
  return {
    call: {
      path: call.path,
      protocol: call.protocol.id,
      operation: call.operation,
      model: request?.model ?? null,
      stream: request?.stream ?? null,
      session_id: request?.sessionId ?? null,
      agent_type: agentType(call.headers),
      request_class: requestClass ?? null,
      body_bytes: request?.bodyBytes ?? null,
    },
    caller: caller === undefined ? null : callerView(caller),
    rules: rules === undefined ? null : rulesView(rules),
    weights: weights === undefined ? null : weightsView(weights),
    affinity: affinity === undefined ? null : affinityView(affinity),
    plan: plan.map(targetView),
    left_out: leftOut.map(({ place, why }) => ({ place, ...errorView(why) })),
    outcome: outcomeView(explanation),
    assumptions: [...assumed, ...assumptionsOf(explanation)],
  }
}

function callerView({ virtualKey, bearerToken }: Caller) {
  return {
    virtual_key: named(virtualKey),
    team: named(virtualKey?.team),
    customer: named(virtualKey?.customer),
    /** A token that is no virtual key came along: perhaps the client's own login at a provider. */
    has_own_login: bearerToken !== undefined,
  }
}

function named(object: { readonly id: string; readonly name: string } | undefined) {
  return object === undefined ? null : { id: object.id, name: object.name }
}

function rulesView({ decision, tried, targets }: ExplainedRules) {
  return {
    decided_by: decision === undefined ? null : named(decision.rule),
    tried: tried.map(triedView),
    targets: targets.map(drawnView),
  }
}

function triedView({ id, name, scope, scopeId, outcome, conditions }: TriedRule) {
  return { id, name, scope, scope_id: scopeId ?? null, outcome, conditions }
}

function drawnView({ route, share, isUsable }: DrawnTarget) {
  const { provider, model, keyId } = route
  return { provider: provider ?? null, model, key_id: keyId ?? null, share, usable: isUsable }
}

function weightsView({ order, routes, leftOut }: ExplainedWeights) {
  return {
    order,
    grants: [
      ...routes.map(({ provider, model, grant, share }) => ({
        provider,
        model,
        weight: grant.weight ?? null,
        share: share ?? null,
        left_out: null,
      })),
      ...leftOut.map(({ grant, why }) => ({
        provider: grant.provider,
        model: grant.model ?? null,
        weight: grant.weight ?? null,
        share: null,
        left_out: why,
      })),
    ],
  }
}

function affinityView({ session, boundTo }: ExplainedAffinity) {
  return { bound_to: boundTo ?? null, ttl_seconds: session.ttlMs / 1000 }
}

function outcomeView({ outcome, plan }: Explanation) {
  switch (outcome.type) {
    case 'sent':
      return { type: 'sent' as const, target: plan.indexOf(outcome.target) }
    case 'answered-here':
      return { type: 'answered_here' as const }
    case 'refused': {
      const { status, details } = outcome.error
      const retryAfter = details.retryAfterSeconds ?? null
      return { type: 'refused' as const, status, retry_after: retryAfter, error: errorView(outcome.error) }
    }
  }
}

function assumptionsOf({ request, rules, weights, plan }: Explanation): string[] {
  const isDrawn = (shares: readonly (number | undefined)[]) =>
    shares.some((share) => share !== undefined && share > 0 && share < 1)
  const draws =
    isDrawn(rules?.targets.map(({ share }) => share) ?? []) ||
    (weights?.order === 'weighted' && isDrawn(weights.routes.map(({ share }) => share))) ||
    plan.some(({ keys }) => isDrawn(keys.map(({ share }) => share)))
  return [
    ...(draws && request?.session === undefined
      ? ['The request names no session, so each call is drawn by the shares. Shown is the likeliest outcome.']
      : []),
    ...(plan.some(({ cost }) => cost !== undefined)
      ? [
          'Costs are without caches: a token is taken for four bytes of the request, and none is read from a cache.',
        ]
      : []),
  ]
}
