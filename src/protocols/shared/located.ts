/**
 * A value that knows where it stands in a client's body: in the field `name` of what holds it, and where that is a list,
 * at `index`. The path is put together only for the error that tells it: put together beforehand, paths were a twentieth
 * of what a translated call leaves to the collector.
 */
export class Located {
  readonly #name: string
  readonly #holder: Located | undefined
  readonly #index: number | undefined

  /** `name`: empty for a body. */
  constructor(name: string, holder?: Located, index?: number) {
    this.#name = name
    this.#holder = holder
    this.#index = index
  }

  /** Of the value itself. */
  get place(): string {
    const name = this.#index === undefined ? this.#name : `${this.#name}[${this.#index}]`
    return this.#holder === undefined ? name : this.#holder.path(name)
  }

  /** Of a field inside of it. */
  path(name: string): string {
    const { place } = this
    return place === '' ? name : `${place}.${name}`
  }
}
