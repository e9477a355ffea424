/** Steps of a window: what leaves it, leaves a tenth at a time. */
const STEPS = 10

/** How many events there were lately. Holds no timer: the caller tells the time, which never runs backwards. */
export class SlidingCount {
  readonly #stepMs: number
  readonly #steps = new Uint32Array(STEPS)
  #sum = 0
  /** The step that time is in, counted from 0. */
  #now = 0

  constructor(windowMs: number) {
    this.#stepMs = windowMs / STEPS
  }

  add(nowMs: number): void {
    this.#advance(nowMs)
    this.#steps[this.#now % STEPS]!++
    this.#sum++
  }

  /** Events of the window, the step under way included. */
  sum(nowMs: number): number {
    this.#advance(nowMs)
    return this.#sum
  }

  #advance(nowMs: number): void {
    const step = Math.floor(nowMs / this.#stepMs)
    for (let left = Math.min(step - this.#now, STEPS); left > 0; left--) {
      const oldest = (step - left + 1) % STEPS
      this.#sum -= this.#steps[oldest]!
      this.#steps[oldest] = 0
    }
    if (step > this.#now) this.#now = step
  }
}
