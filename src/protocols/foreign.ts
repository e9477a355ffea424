import type { GatewayError } from '../message/error.ts'
import type { JsonObject } from '../message/request.ts'

/**
 * Blocks that an answer of another protocol left in a conversation, and that this protocol's own service refuses.
 * The bytes around them stay as they are.
 */
export interface ForeignBlocks {
  /** The top-level list whose elements they are. Absent: they are elements of `messages[].content`. */
  readonly list?: string
  /** Text that stands in every body that has such a block: looking for it is all that other bodies cost. */
  readonly needle: string
  /** `model`: its id at the provider. */
  isForeign(block: JsonObject, model: string): boolean
  /** JSON text for a list that would be left empty. */
  readonly placeholder: string
}

/**
 * Reasoning that looks like the upstream's own and that it does not take all the same: of another account, or behind
 * a beginning that has changed.
 */
export interface RefusedReasoning {
  /** Is this how the upstream says so? */
  isRefusal(error: GatewayError): boolean
  /** All of it. */
  readonly blocks: ForeignBlocks
}

/**
 * Texts that an answer of another protocol left in a conversation, under a mark of ours, and that this protocol's
 * own service refuses. What they stand on stays: a call without its id or its signature is refused, too.
 */
export interface ForeignStrings {
  /** Stands in every such string. Strings with an escape in them are none. */
  readonly needle: string
  /** They begin with it. */
  readonly isBeginning?: true
  /** The fields that may hold one. */
  readonly fields: readonly string[]
  /** What to say instead; the same for a string that may stay. */
  mend(value: string): string
}

/** What an upstream refuses about the fields of `messages` in which other upstreams answer. */
export interface ForeignFields {
  /** Stands in every body that may have to change. */
  readonly needle: string
  isRefused(name: string): boolean
  /** JSON text of the members that a message of these fields lacks. */
  missing(fields: ReadonlyMap<string, unknown>): readonly string[]
}

/**
 * What an upstream demands of a loop of tools: where thinking on a budget is asked for, the answer that waits for its
 * tools has to begin with thinking. One that another model began has none, or none that may be shown.
 */
export interface ThinkingFirst {
  /** The top-level fields that speak of thinking. */
  readonly fields: readonly string[]
  /** Those of them that have to change for thinking to be off; undefined where none on a budget is asked for. */
  without(settings: JsonObject): JsonObject | undefined
  isThinking(block: JsonObject): boolean
  isCall(block: JsonObject): boolean
  /** May the upstream's own model have made the call? What it made it takes back as it is. */
  isOwnCall(block: JsonObject): boolean
}
