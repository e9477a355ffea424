import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'

/** Which documents answer a question best. */
export interface RerankRequest {
  readonly query: string
  readonly documents: readonly RerankDocument[]
  /** How many results are wanted; absent: all. */
  readonly top?: number
  /** Longer documents are cut. */
  readonly maxTokensPerDocument?: number
  /** Of the request, where the provider queues by it. */
  readonly priority?: number
  /** The results have their documents in them. */
  readonly returnsDocuments: boolean
}

export interface RerankDocument {
  readonly text: string
  readonly id?: string
  readonly title?: string
  /** Comes back with the result. */
  readonly meta?: JsonObject
}

export interface RerankAnswer {
  readonly id?: string
  readonly model?: string
  /** Best first. */
  readonly results: readonly RerankResult[]
  readonly usage: Partial<Usage>
}

export interface RerankResult {
  /** Of the document in the request. */
  readonly index: number
  readonly score: number
}
