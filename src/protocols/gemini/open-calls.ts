interface OpenCall {
  id: string
  name: string
  isAnswered: boolean
}

/** Calls of the last turn that called, for the results that name them, which are as many. */
export class OpenCalls {
  #all = new Waiting()
  readonly #byId = new Map<string, OpenCall>()
  readonly #byName = new Map<string, Waiting>()

  get size(): number {
    return this.#all.size
  }

  add(id: string, name: string): void {
    const call = { id, name, isAnswered: false }
    this.#all.add(call)
    if (!this.#byId.has(id)) this.#byId.set(id, call)
    const namesakes = this.#byName.get(name) ?? new Waiting()
    namesakes.add(call)
    this.#byName.set(name, namesakes)
  }

  /** The id of the call that is answered: by its id, else the next of its name; with neither, the next of all. */
  answer(id: string, name: string): string | undefined {
    const call =
      (id === '' ? undefined : this.#byId.get(id)) ??
      this.#byName.get(name)?.next() ??
      (name === '' ? this.#all.next() : undefined)
    if (call !== undefined) call.isAnswered = true
    return call?.id
  }

  clear(): void {
    this.#all = new Waiting()
    this.#byId.clear()
    this.#byName.clear()
  }
}

/** Calls in their order. */
class Waiting {
  readonly #calls: OpenCall[] = []
  /** All before it are answered. */
  #first = 0

  get size(): number {
    return this.#calls.length
  }

  add(call: OpenCall): void {
    this.#calls.push(call)
  }

  next(): OpenCall | undefined {
    while (this.#calls[this.#first]?.isAnswered === true) this.#first++
    return this.#calls[this.#first]
  }
}
