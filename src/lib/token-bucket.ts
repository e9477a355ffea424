/** Lets a burst of events through, and then so many a second. Holds no timer: the caller tells the time. */
export class TokenBucket {
  readonly #burst: number
  readonly #perSecond: number
  #tokens: number
  #lastMs: number

  constructor({ burst, perSecond }: { burst: number; perSecond: number }, nowMs: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#tokens = burst
    this.#lastMs = nowMs
  }

  /** false: there have been too many. `nowMs` never runs backwards. */
  take(nowMs: number): boolean {
    const gained = ((nowMs - this.#lastMs) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + gained)
    this.#lastMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
