import { GatewayError } from '../../message/error.ts'
import { isOperation } from '../../operations/operation.ts'
import type { Session } from '../../rules/affinity.ts'
import { requestClass } from '../../rules/request-class.ts'
import { mayFallBack } from '../../rules/retry.ts'
import type { ExplainedRules } from '../../rules/routing-rules.ts'
import type { Configuration } from '../../stores/config/configuration.ts'
import type { VirtualKey } from '../../stores/config/governance.ts'
import { authenticate, authenticateAs } from '../authenticate.ts'
import type { Caller } from '../authenticate.ts'
import type { Call } from '../call.ts'
import { isCountedThere } from '../count-tokens.ts'
import { explainTarget } from './target.ts'
import type { ExplainedTarget, ExplainSources } from './target.ts'
import { readCall, wayOf } from './way.ts'
import { Witness } from './witness.ts'
import type { ExplainedWeights } from './witness.ts'
import type { InboundRequest } from '../read-request.ts'
import { signsOf } from '../request-signs.ts'

/** Why a call goes where it goes, and whether it would go at all. Holds objects of the configuration: not for printing as it is. */
export interface Explanation {
  readonly call: Call
  /** Undefined: it is refused before it is known. */
  readonly caller: Caller | undefined
  readonly request: InboundRequest | undefined
  readonly requestClass: string | undefined
  /** Undefined: no rule is asked of such a call, or it is refused before. */
  readonly rules: ExplainedRules | undefined
  /** Undefined: the weights of the virtual key do not decide. */
  readonly weights: ExplainedWeights | undefined
  /** Undefined: the call goes where it would go alone. */
  readonly affinity: ExplainedAffinity | undefined
  /** In the order in which they are tried. */
  readonly plan: readonly ExplainedTarget[]
  /** Places that the request or a rule names and that the call cannot go to. */
  readonly leftOut: readonly { readonly place: string; readonly why: GatewayError }[]
  readonly outcome: Outcome
}

export interface ExplainedAffinity {
  readonly session: Session
  /** As `provider/model`, where it went on when that where it belongs had failed. */
  readonly boundTo: string | undefined
}

/** What happens to the call, as far as it can be said before a provider is asked. */
export type Outcome =
  | { readonly type: 'sent'; readonly target: ExplainedTarget }
  /** No provider is asked: the gateway counts tokens itself. */
  | { readonly type: 'answered-here' }
  | { readonly type: 'refused'; readonly error: GatewayError }

/** Equal draws for all: the likeliest choice is shown where no session decides, and the same each time. */
const LIKELIEST = () => 0.5

/**
 * What `handle` does with a call, up to where it would be sent, by the same functions and in the same order. Nothing is
 * sent, held or remembered. `virtualKey`: whose call it is, where no value of the key is at hand.
 *
 * Throws `unsupported` for what has no plan: lists of models, probes, stored files, passthrough.
 */
export async function explain(
  call: Call,
  virtualKey: VirtualKey | undefined,
  configuration: Configuration,
  { ledger, resilience }: ExplainSources,
): Promise<Explanation> {
  checkExplainable(call)
  const witness = new Witness()
  let found: Partial<Pick<Explanation, 'caller' | 'request' | 'requestClass'>> = {}
  let affinity: ExplainedAffinity | undefined
  let explained: readonly ExplainedTarget[] = []
  let outcome: Outcome
  try {
    const caller =
      virtualKey === undefined
        ? authenticate(call, configuration)
        : authenticateAs(virtualKey, call, configuration)
    found = { caller }
    const { request, operation } = await readCall(call, configuration)
    found = { caller, request, requestClass: requestClass(signsOf(call, request)) }
    const on = { ledger, resilience, random: LIKELIEST }
    const way = wayOf({ call, request, caller, configuration, on, witness }, operation)
    const { question } = way
    affinity = question.session && { session: question.session, boundTo: way.boundTo }
    if (call.operation === 'count-tokens' && !isCountedThere(way.first)) {
      call.protocol.request.decode(request.parsed(), 'count-tokens')
      outcome = { type: 'answered-here' }
    } else {
      const ground = { call, request, caller, configuration, question, ...on }
      explained = way.targets.map((target) => explainTarget(target, ground))
      outcome = outcomeOf(explained)
    }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    outcome = { type: 'refused', error }
  }
  const { rules, weights, leftOut } = witness
  return { call, ...NOTHING_FOUND, ...found, rules, weights, affinity, plan: explained, leftOut, outcome }
}

const NOTHING_FOUND = { caller: undefined, request: undefined, requestClass: undefined }

function checkExplainable({ endpoint, passthrough, operation, path }: Call): void {
  const isPlanned = isOperation(endpoint)
    ? endpoint.below === undefined
    : passthrough === undefined && (operation === 'generate' || operation === 'count-tokens')
  if (isPlanned) return
  const message = `path: ${path} is no request of a model that is routed, so there is nothing to explain.`
  throw new GatewayError('unsupported', message, { field: 'path' })
}

/** As `attempt` goes through a plan where every provider answers. */
function outcomeOf(targets: readonly ExplainedTarget[]): Outcome {
  let first: GatewayError | undefined
  for (const target of targets) {
    if (target.refusal === undefined) return { type: 'sent', target }
    first ??= target.refusal
    if (!mayFallBack(target.refusal)) break
  }
  return { type: 'refused', error: first! }
}
