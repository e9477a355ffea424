import type { Generation, ProviderProtocol, StreamEvent } from './protocol.ts'
import type { Answer } from './script.ts'

/** What goes wrong, and how often. In a directive, or set in code with `provider.fault`. */
export interface Fault {
  kind:
    | 'status'
    | 'error_event'
    | 'truncate'
    | 'reset'
    | 'hang'
    | 'drop'
    | 'empty_stream'
    | 'empty_input'
    | 'empty_delta'
    | 'bad_json'
    | 'no_deltas'
    | 'unknown_event'
    | 'unknown_block'
    | 'null_stop'
    | 'no_usage'
    | 'html'
    | 'json_for_stream'
    | 'slow_headers'
  /** How many requests of the same nonce it hits; 1 unless told. */
  times?: number
  /** The step it hits; 0 unless told. */
  at?: number
  /** Hit every step, and side requests too. */
  any?: boolean
  /** Events sent before it strikes; half of them unless told. */
  after?: number
  /** `status` and `error_event`: what the error says. `raw` replaces the body of a status. */
  status?: number
  type?: string
  message?: string
  retry_after?: number
  headers?: Record<string, string>
  raw?: string
  /** `hang`: silence, or keep-alives every `ping_ms`, then the end, or with `resume` the rest. */
  hang_ms?: number
  ping_ms?: number
  ping?: 'event' | 'comment'
  resume?: boolean
  /** `drop`: a pattern for the names of the events left out. */
  events?: string
  /** `slow_headers`: the wait before the status line. */
  ms?: number
}

/** Hands out faults: those set in code first, then the directive's own, each at most `times` times. */
export class FaultBook {
  #used = new Map<string, number>()
  #pending: { fault: Fault; path: RegExp | undefined; left: number }[] = []

  /** Sets a fault for the next requests, whatever their text. */
  add(fault: Fault, path?: RegExp): void {
    this.#pending.push({ fault, path, left: fault.times ?? 1 })
  }

  /** The fault of a request. What is no conversation has no answer, and so none of a script. */
  take(answer: Answer | undefined, path: string): Fault | undefined {
    const pending = this.#pending.find((one) => one.left > 0 && (one.path?.test(path) ?? true))
    if (pending) {
      pending.left -= 1
      return pending.fault
    }
    return answer && this.#takeScripted(answer)
  }

  #takeScripted({ directive, side, step }: Answer): Fault | undefined {
    const fault = directive?.fault
    if (!fault || (!fault.any && (side || step !== (fault.at ?? 0)))) return undefined
    const key = `${directive.nonce}|${JSON.stringify(fault)}`
    const used = this.#used.get(key) ?? 0
    if (used >= (fault.times ?? 1)) return undefined
    this.#used.set(key, used + 1)
    return fault
  }
}

/** A stream after a fault: what is sent, how it ends, and what is left for a hang that resumes. */
export interface StreamPlan {
  events: StreamEvent[]
  ending: 'end' | 'reset' | 'hang'
  rest: StreamEvent[]
}

/** Applies the faults that act on a stream as a whole; those inside its events are the protocol's own work. */
export function planStream(
  events: StreamEvent[],
  generation: Generation,
  protocol: ProviderProtocol,
): StreamPlan {
  const { fault } = generation
  const after = Math.min(fault?.after ?? Math.max(1, Math.floor(events.length / 2)), events.length)
  const first = events.slice(0, after)
  switch (fault?.kind) {
    case 'error_event':
      return { events: [...first, protocol.errorEvent(generation, after)], ending: 'end', rest: [] }
    case 'truncate':
      return { events: first, ending: 'end', rest: [] }
    case 'reset':
      return { events: first, ending: 'reset', rest: [] }
    case 'hang':
      return { events: first, ending: 'hang', rest: events.slice(after) }
    case 'empty_stream':
      return { events: [], ending: 'end', rest: [] }
    case 'drop': {
      const dropped = new RegExp(fault.events ?? '^$')
      return { events: events.filter((event) => !dropped.test(event.name)), ending: 'end', rest: [] }
    }
    default:
      return { events, ending: 'end', rest: [] }
  }
}
