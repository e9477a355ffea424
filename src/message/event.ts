import type { GatewayError } from './error.ts'
import type { JsonObject } from './request.ts'
import type { Usage } from './usage.ts'

/**
 * One step of a canonical answer. Streamed and whole answers are the same sequence of events, so metering,
 * logging and caching exist once.
 *
 * Grammar (checked by `checkGrammar` in the tests, at decoder output and at encoder input):
 *
 *     start  ( block-start delta* block-end )*  ( finish | error )
 *
 * One block is open at a time; indexes count up from 0; `finish` or `error` comes once, last; an `error` may
 * come anywhere, also first, and leaves blocks open. `usage` and `ping` may come anywhere after `start`, also
 * inside a block. `usage` is cumulative: a later one replaces an earlier one, field by field.
 */
export type Event =
  | { type: 'start'; id?: string; model?: string; usage?: Partial<Usage>; extra?: JsonObject }
  | { type: 'block-start'; index: number; block: BlockStart }
  | { type: 'delta'; index: number; delta: Delta }
  | { type: 'block-end'; index: number }
  | { type: 'usage'; usage: Partial<Usage>; extra?: JsonObject }
  | { type: 'ping' }
  | { type: 'finish'; reason: FinishReason; stopSequence?: string; extra?: JsonObject }
  | { type: 'error'; error: GatewayError }

export type BlockStart =
  | { type: 'text' }
  | { type: 'thinking' }
  | { type: 'redacted-thinking'; data: string }
  | { type: 'tool-call'; id: string; name: string }
  /** A block of one protocol, whole (`raw`) where it comes in one piece. */
  | { type: 'opaque'; protocol: string; kind: string; raw: JsonObject }

export type Delta =
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  | { type: 'signature'; signature: string }
  /** A piece of the call's arguments, JSON text, in order. */
  | { type: 'arguments'; json: string }
  | { type: 'citation'; citation: JsonObject }
  | { type: 'opaque'; raw: JsonObject }

export interface FinishReason {
  unified:
    | 'end'
    | 'max-tokens'
    | 'stop-sequence'
    | 'tool-calls'
    | 'refusal'
    | 'pause'
    | 'context-window'
    | 'other'
  /** The word on the upstream's wire; null when it sent none. */
  raw: string | null
}

export type Emit = (event: Event) => void

/**
 * Does this event carry part of the answer? Until the first such event a failed attempt may be repeated
 * elsewhere; after it never: providers send `start` and pings before they know that they can answer.
 */
export function isSemantic(event: Event): boolean {
  return event.type === 'block-start' || event.type === 'delta' || event.type === 'finish'
}
