import { isOperation } from '../../operations/operation.ts'
import type { OperationEndpoint } from '../../operations/operation.ts'
import type { Operation } from '../../protocols/endpoint.ts'
import type { Configuration } from '../../stores/config/configuration.ts'
import { questionOf } from '../attempt.ts'
import type { Call } from '../call.ts'
import { Itinerary } from '../itinerary.ts'
import type { ItineraryOptions } from '../itinerary.ts'
import { planOperation } from '../operations/plan.ts'
import { invokedOperation, readOperation } from '../operations/request.ts'
import type { AskedOperation } from '../operations/request.ts'
import type { RoutingQuestion } from '../places.ts'
import { plan } from '../plan.ts'
import type { Plan, Target } from '../plan.ts'
import { readRequest } from '../read-request.ts'
import type { InboundRequest } from '../read-request.ts'
import type { Explainable } from './target.ts'

/** A request for something else than an answer. `endpoint`: absent where only the model says what is asked. */
interface ReadOperation {
  readonly asked: AskedOperation
  readonly endpoint: OperationEndpoint | undefined
}

/** Reads a call as `handle` does. */
export async function readCall(
  call: Call,
  configuration: Configuration,
): Promise<{ request: InboundRequest; operation: ReadOperation | undefined }> {
  const { endpoint } = call
  if (isOperation(endpoint)) {
    const asked = await readOperation(call, endpoint, configuration)
    return { request: asked.request, operation: { asked, endpoint } }
  }
  const request = await readRequest(call, configuration)
  const asked = invokedOperation(call, request)
  return { request, operation: asked && { asked, endpoint: undefined } }
}

/** The targets of a call, in the order in which they are tried. */
export interface Way {
  /** Of the plan, whatever has failed. */
  readonly first: Target
  readonly targets: readonly Explainable[]
  readonly boundTo: string | undefined
  readonly question: ItineraryOptions
}

export function wayOf(question: RoutingQuestion, read: ReadOperation | undefined): Way {
  if (read === undefined)
    return wayThrough(plan(question), question.call.operation, question, (target) => {
      return { target, operation: undefined }
    })
  const { asked, endpoint } = read
  return wayThrough(planOperation(asked, endpoint, question), asked.operation, question, (target) => {
    return { target, operation: { asked, target } }
  })
}

function wayThrough<To extends Target>(
  targets: Plan<To>,
  operation: Operation,
  { request, caller, configuration, on }: RoutingQuestion,
  explainable: (target: To) => Explainable,
): Way {
  const context = { configuration, operation, virtualKeyId: caller.virtualKey?.id }
  const question = questionOf(request, context, on)
  const { order, boundTo } = new Itinerary(targets, question)
  return { first: targets[0], targets: order.map(explainable), boundTo, question }
}
