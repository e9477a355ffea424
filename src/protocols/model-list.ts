import type { ModelFacts } from '../models/facts.ts'

/** A model on offer. */
export interface ListedModel {
  /** What clients of this protocol call it by. */
  readonly id: string
  readonly provider: string
  /** Its id at the provider. */
  readonly model: string
  /** Undefined for a model that the catalogue does not know. */
  readonly facts: ModelFacts | undefined
}

export interface ForeignPrefix {
  /** The provider whose ids need none. */
  readonly native: string
  readonly prefix: string
  readonly shown: RegExp
}
