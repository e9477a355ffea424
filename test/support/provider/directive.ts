import { randomUUID } from 'node:crypto'

import type { Fault } from './faults.ts'
import type { Json } from './json.ts'
import type { Tokens } from './protocol.ts'

/** One thing the scripted model does, with whatever tool the request offers for it. */
export type Step =
  | { do: 'write'; path: string; text: string; rel?: string }
  | { do: 'bash'; cmd: string }
  | { do: 'read'; path: string }
  /** `tool` is a name or `/pattern/`, `text` what a custom tool gets; `force` calls one that was not offered. */
  | { do: 'call'; tool: string; input?: Json; text?: string; force?: boolean; raw?: boolean }
  /** Starts a sub-agent; `prompt` may hold a directive of its own. */
  | { do: 'task'; prompt: string; description?: string; subagent_type?: string; input?: Json }
  | { do: 'parallel'; steps: Step[] }

/** The script of one conversation. It rides in the user's text, so the provider needs no memory of it. */
export interface Directive {
  nonce?: string
  steps?: Step[]
  /** The last text; the nonce is added to it. */
  say?: string
  /** Thinking before each turn. */
  think?: string
  /** Text before each tool call. */
  pre?: string
  fault?: Fault
  /** Code points a delta. */
  chunk?: number
  /** Pause between stream events. */
  delay_ms?: number
  /** Bytes a socket write. */
  split?: number
  ping?: boolean
  /** The stop reason of the last turn, in place of the natural one. */
  stop?: string
  /** Token counts, each physical token in exactly one bucket. */
  usage?: Partial<Tokens>
  /** The grade (0 to 100) that Claude Code's own safety check receives. */
  severity?: number
  /** The verdict on the turn's tool calls, for a request that asks for one. */
  safeguard?: 'unsupported' | 'unavailable' | 'not_flagged' | 'flagged'
}

const OPENING = '[[stub '

/** Marks the requests of one conversation. */
export const newNonce = (): string => `n${randomUUID().slice(0, 8)}`

/** Writes a directive the way `findDirective` reads it. */
export const directiveText = (directive: Directive): string => `${OPENING}${JSON.stringify(directive)}]]`

/**
 * Finds the directive in a text. Clients that quote their argument escape its quotation marks, and JSON that
 * ends in `]` makes the closing marks three, so each candidate end is tried both ways.
 */
export function findDirective(text: string): Directive | undefined {
  const start = text.indexOf(OPENING)
  if (start < 0) return undefined
  for (let end = text.indexOf(']]', start); end >= 0; end = text.indexOf(']]', end + 1)) {
    for (const stop of [end, end + 1]) {
      const found = parseDirective(text.slice(start + OPENING.length, stop))
      if (found) return found
    }
  }
  return undefined
}

function parseDirective(source: string): Directive | undefined {
  for (const candidate of [source, source.replace(/\\(["\\])/g, '$1')]) {
    try {
      return JSON.parse(candidate)
    } catch {
      // Not the end of the directive yet, or an escaped one.
    }
  }
  return undefined
}
