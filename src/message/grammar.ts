import type { BlockStart, Delta, Emit, Event } from './event.ts'

const DELTAS: Readonly<Record<BlockStart['type'], readonly Delta['type'][]>> = {
  text: ['text', 'citation', 'opaque'],
  thinking: ['thinking', 'signature', 'opaque'],
  'redacted-thinking': [],
  'tool-call': ['arguments', 'opaque'],
  opaque: ['opaque'],
}

/**
 * Checks a whole sequence of events against the grammar in `event.ts`; the tests put it behind every decoder and
 * before every encoder. Throws an Error that names the place and the rule.
 */
export function checkGrammar(events: readonly Event[]): void {
  const grammar = new Grammar()
  for (const event of events) grammar.push(event)
  grammar.end()
}

/** `emit` behind a check of every event: for the edge between a decoder and an encoder under test. */
export function checked(emit: Emit): Emit {
  const grammar = new Grammar()
  return (event) => {
    grammar.push(event)
    emit(event)
  }
}

class Grammar {
  #count = 0
  #blocks = 0
  #started = false
  #open: BlockStart | undefined
  #ended: 'finish' | 'error' | undefined

  push(event: Event): void {
    this.#demand(this.#ended === undefined, event, `nothing may follow ${this.#ended}`)
    this.#demand(
      this.#started || event.type === 'start' || event.type === 'error',
      event,
      'start must come first',
    )
    this.#apply(event)
    this.#count++
  }

  end(): void {
    if (this.#ended === undefined)
      throw new Error(`after ${this.#count} events: finish or error must come last`)
  }

  #apply(event: Event): void {
    switch (event.type) {
      case 'start':
        this.#demand(!this.#started, event, 'start may come only once')
        this.#started = true
        break
      case 'block-start':
        this.#demand(this.#open === undefined, event, 'one block is open at a time')
        this.#demand(event.index === this.#blocks, event, `the next index is ${this.#blocks}`)
        this.#open = event.block
        this.#blocks++
        break
      case 'delta':
        this.#demand(
          event.index === this.#blocks - 1 && this.#open !== undefined,
          event,
          'its block must be open',
        )
        this.#demand(
          DELTAS[this.#open!.type].includes(event.delta.type),
          event,
          `${this.#open!.type} takes no ${event.delta.type}`,
        )
        break
      case 'block-end':
        this.#demand(
          event.index === this.#blocks - 1 && this.#open !== undefined,
          event,
          'its block must be open',
        )
        this.#open = undefined
        break
      case 'usage':
      case 'ping':
        break
      case 'finish':
        this.#demand(this.#open === undefined, event, 'every block must be closed')
        this.#ended = 'finish'
        break
      case 'error':
        this.#ended = 'error'
        break
    }
  }

  #demand(holds: boolean, event: Event, rule: string): void {
    if (!holds) throw new Error(`event ${this.#count}, ${JSON.stringify(event)}: ${rule}`)
  }
}
