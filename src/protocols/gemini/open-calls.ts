import type { Message, ToolCallBlock } from '../../message/request.ts'

/** Calls of the last turn that called, for the results that name them, which are as many. */
export class OpenCalls {
  readonly #turn: Message
  /** Among the turn's blocks; all calls before it are answered. */
  #first = 0
  /** For results that come in another order than the calls. */
  #index: CallIndex | undefined

  constructor(turn: Message) {
    this.#turn = turn
  }

  /** The id of the call that is answered: by its id, else the next of its name; with neither, the next of all. */
  answer(id: string, name: string): string | undefined {
    const next = this.#next()
    const isNext = id === '' ? name === '' || name === next?.name : id === next?.id
    const call = isNext ? next : this.#find(id, name)
    if (call === undefined) return undefined
    if (call === next) this.#first++
    this.#index?.answered.add(call)
    return call.id
  }

  #next(): ToolCallBlock | undefined {
    const { content } = this.#turn
    for (; this.#first < content.length; this.#first++) {
      const block = content[this.#first]!
      if (block.type === 'tool-call' && this.#index?.answered.has(block) !== true) return block
    }
    return undefined
  }

  #find(id: string, name: string): ToolCallBlock | undefined {
    this.#index ??= new CallIndex(this.#turn, this.#first)
    const call = this.#index.find(id, name)
    return call ?? (name === '' ? this.#next() : undefined)
  }
}

class CallIndex {
  readonly answered = new Set<ToolCallBlock>()
  readonly #byId = new Map<string, ToolCallBlock>()
  /** The next one last. */
  readonly #byName = new Map<string, ToolCallBlock[]>()

  /** Calls before `first` are answered. */
  constructor({ content }: Message, first: number) {
    for (let at = content.length - 1; at >= 0; at--) {
      const call = content[at]!
      if (call.type !== 'tool-call') continue
      this.#byId.set(call.id, call)
      if (at >= first) this.#await(call)
    }
  }

  find(id: string, name: string): ToolCallBlock | undefined {
    return (id === '' ? undefined : this.#byId.get(id)) ?? this.#nextOf(name)
  }

  #await(call: ToolCallBlock): void {
    const namesakes = this.#byName.get(call.name)
    if (namesakes === undefined) this.#byName.set(call.name, [call])
    else namesakes.push(call)
  }

  #nextOf(name: string): ToolCallBlock | undefined {
    const calls = this.#byName.get(name) ?? []
    while (calls.length > 0 && this.answered.has(calls.at(-1)!)) calls.pop()
    return calls.at(-1)
  }
}
