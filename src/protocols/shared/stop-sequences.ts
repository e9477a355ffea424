import type { Emit, Event } from '../../message/event.ts'

/**
 * Cuts an answer at the first of the client's stop sequences, for an upstream that does not obey them. What comes
 * after the cut is not passed on, but the end is awaited: only there does the upstream say what the answer cost.
 * The text holds back no more than could be the beginning of a sequence. Without sequences it is `emit` itself.
 */
export function stopAt(sequences: readonly string[] | undefined, emit: Emit): Emit {
  if (sequences === undefined || sequences.length === 0) return emit
  const cutter = new Cutter(
    sequences.filter((sequence) => sequence !== ''),
    emit,
  )
  return (event) => cutter.push(event)
}

class Cutter {
  readonly #sequences: readonly string[]
  readonly #emit: Emit
  /** The start of a text block of which nothing was passed on: an answer that is cut at once has no empty block. */
  #start: Event | undefined
  #index = 0
  #held = ''
  #cut: string | undefined

  constructor(sequences: readonly string[], emit: Emit) {
    this.#sequences = sequences
    this.#emit = emit
  }

  push(event: Event): void {
    if (this.#cut !== undefined) return this.#afterCut(event, this.#cut)
    switch (event.type) {
      case 'block-start':
        if (event.block.type !== 'text') return this.#emit(event)
        this.#start = event
        this.#index = event.index
        return
      case 'delta':
        if (event.delta.type === 'text') return this.#onText(event.delta.text)
        this.#open()
        return this.#emit(event)
      case 'block-end':
      case 'error':
        this.#say(this.#held)
        this.#held = ''
        if (event.type === 'block-end') this.#open()
        return this.#emit(event)
      default:
        return this.#emit(event)
    }
  }

  #afterCut(event: Event, stopSequence: string): void {
    if (event.type === 'finish') {
      return this.#emit({
        ...event,
        reason: { unified: 'stop-sequence', raw: event.reason.raw },
        stopSequence,
      })
    }
    if (event.type === 'usage' || event.type === 'ping' || event.type === 'error') this.#emit(event)
  }

  #onText(text: string): void {
    this.#held += text
    const found = firstOf(this.#sequences, this.#held)
    if (found !== undefined) {
      this.#say(this.#held.slice(0, found.at))
      if (this.#start === undefined) this.#emit({ type: 'block-end', index: this.#index })
      this.#cut = found.sequence
      return
    }
    const sayable = this.#held.length - beginningAtEnd(this.#sequences, this.#held)
    this.#say(this.#held.slice(0, sayable))
    this.#held = this.#held.slice(sayable)
  }

  #say(text: string): void {
    if (text === '') return
    this.#open()
    this.#emit({ type: 'delta', index: this.#index, delta: { type: 'text', text } })
  }

  #open(): void {
    if (this.#start !== undefined) this.#emit(this.#start)
    this.#start = undefined
  }
}

/** The sequence that is complete first, as a model that obeys them would stop; of two that end together, the longer. */
function firstOf(sequences: readonly string[], text: string): { sequence: string; at: number } | undefined {
  let first: { sequence: string; at: number } | undefined
  let firstEnd = Infinity
  for (const sequence of sequences) {
    const at = text.indexOf(sequence)
    const end = at + sequence.length
    if (at < 0 || end > firstEnd || (end === firstEnd && at > first!.at)) continue
    first = { sequence, at }
    firstEnd = end
  }
  return first
}

/** How many characters at the text's end could be the beginning of a sequence. */
function beginningAtEnd(sequences: readonly string[], text: string): number {
  let longest = 0
  for (const sequence of sequences) {
    for (let length = Math.min(sequence.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(sequence.slice(0, length))) longest = length
    }
  }
  return longest
}
