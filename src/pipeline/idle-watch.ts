import { Roster } from '../lib/roster.ts'
import type { Enrolled } from '../lib/roster.ts'

/** A stream whose silence matters. Times are `performance.now()`. */
export interface Watched extends Enrolled {
  /** When the upstream last gave bytes. */
  lastUpstreamAt: number
  /** When the client last got bytes. */
  lastClientAt: number
  readonly idleTimeoutMs: number
  /** The client has heard nothing for {@link PING_AFTER_MS}. */
  onQuiet(): void
  /** The upstream has said nothing for `idleTimeoutMs`. */
  onIdle(): void
}

/** Claude Code gives up a stream that is silent for 300 s; proxies on the way often do after 30 or 60. */
export const PING_AFTER_MS = 15_000
/** How late a ping or a cut may come. */
const SWEEP_INTERVAL_MS = 1_000

/** Watches every open stream with one timer, so that a chunk costs two assignments and no timer of its own. */
export class IdleWatch {
  readonly #streams = new Roster<Watched>()
  #timer: NodeJS.Timeout | undefined

  add(stream: Watched): void {
    this.#streams.add(stream)
    this.#timer ??= setInterval(() => this.sweep(performance.now()), SWEEP_INTERVAL_MS).unref()
  }

  delete(stream: Watched): void {
    this.#streams.delete(stream)
  }

  sweep(now: number): void {
    if (this.#streams.size === 0) this.#rest()
    for (const stream of this.#streams.all()) {
      if (now - stream.lastUpstreamAt >= stream.idleTimeoutMs) stream.onIdle()
      else if (now - stream.lastClientAt >= PING_AFTER_MS) stream.onQuiet()
    }
  }

  #rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
