import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { ContentReader } from './content-reader.ts'
import { streamedText, textFinder } from './search-text.ts'

/**
 * Finds calls in which a text stands: in the row, in the request or in the answer.
 *
 * There is no text index: it would be as large again as all that the blocks save. Instead each distinct block
 * is read once per search, however many calls hold it, and the caller stops when time is up.
 */
export class ContentSearch {
  readonly #contents: ContentReader
  readonly #details: StatementSync
  readonly #holds: (text: string) => boolean
  readonly #blocks = new Map<number, boolean>()
  readonly #lists = new Map<number, boolean>()

  constructor(database: DatabaseSync, text: string) {
    this.#contents = new ContentReader(database)
    this.#details = database.prepare('SELECT row FROM details WHERE seq = ?')
    this.#holds = textFinder(text)
  }

  matches(seq: number, id: string): boolean {
    const row = this.#details.get(seq)
    if (row !== undefined && this.#holds(String(row['row']))) return true
    try {
      return this.#inContent(id)
    } catch {
      // Bodies that cannot be read hide their own call, not all the others.
      return false
    }
  }

  #inContent(id: string): boolean {
    const content = this.#contents.find(id)
    if (content === undefined || content === 'shed') return false
    if (this.#inBlock(content.frame) || content.lists.some((end) => this.#inList(end))) return true
    const answer = content.response().toString('utf8')
    return this.#holds(answer) || (content.responseIsStream && this.#holds(streamedText(answer)))
  }

  #inBlock(id: number): boolean {
    const known = this.#blocks.get(id)
    if (known !== undefined) return known
    const found = this.#holds(this.#contents.block(id).toString('utf8'))
    this.#blocks.set(id, found)
    return found
  }

  /** Walks back until a list that is known, then notes the verdict for all that were passed. */
  #inList(end: number): boolean {
    const passed: number[] = []
    let found = false
    for (let at = end; at !== 0 && !found;) {
      const known = this.#lists.get(at)
      if (known !== undefined) {
        found = known
        break
      }
      passed.push(at)
      const { parent, block } = this.#contents.listEnd(at)
      found = this.#inBlock(block)
      at = parent
    }
    for (const id of passed) this.#lists.set(id, found)
    return found
  }
}
