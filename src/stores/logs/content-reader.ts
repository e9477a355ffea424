import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { joinBody } from './blocks.ts'
import { unpack } from './codec.ts'
import type { LogEntry, StoredContent } from './port.ts'

/** What `contents` knows of a call's bodies: the places where they are. */
export interface ContentRow {
  frame: number
  /** Ends of the lists, one a slot of the frame. */
  lists: number[]
  responseIsStream: boolean
  responseTruncatedBytes: number
  response: () => Buffer
}

/** The reading end of the tables `contents`, `blocks` and `lists`. */
export class ContentReader {
  readonly #content: StatementSync
  readonly #block: StatementSync
  readonly #list: StatementSync

  constructor(database: DatabaseSync) {
    this.#content = database.prepare(
      `SELECT shed, frame, lists, response_is_stream, response_truncated_bytes, response_codec, response
         FROM contents WHERE id = ?`,
    )
    this.#block = database.prepare('SELECT codec, data FROM blocks WHERE id = ?')
    this.#list = database.prepare('SELECT parent, block FROM lists WHERE id = ?')
  }

  /** The bodies of a call, put together again. */
  load(id: string): Pick<LogEntry, 'contentState' | 'content'> {
    const found = this.find(id)
    if (found === undefined || found === 'shed') return { contentState: found ?? 'none', content: undefined }
    try {
      return { contentState: 'kept', content: this.#restore(found) }
    } catch {
      return { contentState: 'unreadable', content: undefined }
    }
  }

  #restore(found: ContentRow): StoredContent {
    const lists = found.lists.map((end) => this.#blocksOf(end).map((block) => this.block(block)))
    return {
      request: joinBody(this.block(found.frame), lists),
      response: found.response(),
      responseIsStream: found.responseIsStream,
      responseTruncatedBytes: found.responseTruncatedBytes,
    }
  }

  find(id: string): ContentRow | 'shed' | undefined {
    const row = this.#content.get(id)
    if (row === undefined) return undefined
    if (row['shed'] === 1) return 'shed'
    return {
      frame: Number(row['frame']),
      lists: JSON.parse(String(row['lists'])) as number[],
      responseIsStream: row['response_is_stream'] === 1,
      responseTruncatedBytes: Number(row['response_truncated_bytes']),
      response: () =>
        row['response'] === null
          ? Buffer.alloc(0)
          : unpack(Number(row['response_codec']), row['response'] as Uint8Array),
    }
  }

  block(id: number): Buffer {
    const row = this.#block.get(id)
    if (row === undefined) throw new Error(`the log database lacks block ${id}`)
    return unpack(Number(row['codec']), row['data'] as Uint8Array)
  }

  /** The list that ends here, as the one before it and its last block. */
  listEnd(id: number): { parent: number; block: number } {
    const row = this.#list.get(id)
    if (row === undefined) throw new Error(`the log database lacks list ${id}`)
    return { parent: Number(row['parent']), block: Number(row['block']) }
  }

  #blocksOf(end: number): number[] {
    const blocks: number[] = []
    for (let at = end; at !== 0;) {
      const { parent, block } = this.listEnd(at)
      blocks.push(block)
      at = parent
    }
    return blocks.toReversed()
  }
}
