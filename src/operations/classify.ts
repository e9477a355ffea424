import { isObject } from '../protocols/shared/object.ts'
import { listOf } from './body.ts'
import type { Body, FamilyId, OperationEndpoint, OperationId } from './operation.ts'

/** Paths that two operations share are told apart by what is asked for. */

interface Asked {
  readonly operation: OperationId
  readonly family: FamilyId
}

/** `predict` draws prompts, and embeds contents. */
export function classifyPredict(endpoint: OperationEndpoint, body: Body): Asked {
  if (endpoint.family !== 'predict' || body.kind !== 'json' || !isObject(body.value)) return endpoint
  const first = listOf(body.value.instances)[0]
  const embeds = isObject(first) && first.content !== undefined && first.prompt === undefined
  return embeds ? { operation: 'embeddings', family: 'predict' } : endpoint
}

/** Models on Bedrock that `InvokeModel` asks for something else than an answer, by their ids there. */
const INVOKED: readonly (readonly [RegExp, Asked])[] = [
  [/titan-embed/, { operation: 'embeddings', family: 'titan' }],
  [/cohere\.embed/, { operation: 'embeddings', family: 'bedrock-cohere' }],
  [/(?:cohere|amazon)\.rerank/, { operation: 'rerank', family: 'bedrock-cohere' }],
  [/nova-canvas|titan-image/, { operation: 'image-generation', family: 'nova-canvas' }],
  [/stability\./, { operation: 'image-generation', family: 'stability' }],
]

/** What a model is invoked for; undefined for those that talk. */
export function classifyInvoke(model: string): Asked | undefined {
  return INVOKED.find(([pattern]) => pattern.test(model))?.[1]
}
