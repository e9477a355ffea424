/** A stream whose silence matters. Times are `performance.now()`. */
export interface Watched {
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
  readonly #streams = new Set<Watched>()
  #timer: NodeJS.Timeout | undefined

  add(stream: Watched): void {
    this.#streams.add(stream)
    this.#timer ??= setInterval(() => this.sweep(performance.now()), SWEEP_INTERVAL_MS).unref()
  }

  delete(stream: Watched): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0 || this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  sweep(now: number): void {
    for (const stream of this.#streams) {
      if (now - stream.lastUpstreamAt >= stream.idleTimeoutMs) stream.onIdle()
      else if (now - stream.lastClientAt >= PING_AFTER_MS) stream.onQuiet()
    }
  }
}
