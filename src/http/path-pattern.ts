/** The one name whose value may hold slashes: ids of models have them. */
const TAKES_SLASHES = 'model'

/**
 * A path with names in it (`/v1beta/models/{model}:countTokens`), as text and names by turns. A path is read once, from
 * left to right: nothing is tried twice, whatever a client sends, as a regular expression would.
 */
export class PathPattern {
  /** Text before the first name; it ends with a slash. */
  readonly beginning: string
  readonly names: readonly string[]
  /** What follows each name. */
  readonly #texts: readonly string[]

  constructor(path: string) {
    const parts = path.split(/\{(\w+)\}/)
    this.beginning = parts[0]!
    this.names = parts.filter((_part, index) => index % 2 === 1)
    this.#texts = parts.filter((_part, index) => index % 2 === 0).slice(1)
    if (!this.beginning.endsWith('/')) throw new Error(`${path}: a name has to begin a segment`)
    if (this.names.some((name, index) => name === TAKES_SLASHES && this.names.indexOf(name) !== index))
      throw new Error(`${path}: two models`)
  }

  /** What stands at each name, escaped as it came; undefined where the path is another. */
  read(path: string): string[] | undefined {
    if (!path.startsWith(this.beginning)) return undefined
    const values: string[] = []
    let at = this.beginning.length
    for (const [index, name] of this.names.entries()) {
      const text = this.#texts[index]!
      const end = this.#endOf(path, at, index)
      if (end <= at || !path.startsWith(text, end)) return undefined
      const value = path.slice(at, end)
      if (name !== TAKES_SLASHES && value.includes('/')) return undefined
      values.push(value)
      at = end + text.length
    }
    return values
  }

  /** The last name ends where the path does, but for the text behind it. A model ends as late as it can. */
  #endOf(path: string, from: number, index: number): number {
    const text = this.#texts[index]!
    if (index === this.names.length - 1) return path.length - text.length
    return this.names[index] === TAKES_SLASHES ? path.lastIndexOf(text) : path.indexOf(text, from)
  }
}
