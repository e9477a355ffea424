import { hash } from 'node:crypto'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { RecentMap } from '../../lib/recent-map.ts'
import { cutBody } from './blocks.ts'
import { pack } from './codec.ts'
import type { Place } from './body-ring.ts'
import type { HandedBody } from './messages.ts'

/** Longer bodies, which are few, get a buffer of their own. */
const MAX_TAKEN_BYTES = 1024 * 1024

/**
 * The writing end of the tables `contents`, `blocks` and `lists`.
 *
 * blocks holds each block once, found by its hash. lists is a tree of list ends: a row is "the list `parent`,
 * then `block`", so a turn that adds two messages to two hundred adds two rows, and a content names only the
 * end of each of its lists. Without it the 200 lists of such a session would be as large as its text.
 *
 * Every row has the last epoch in which a content used it, and that of a content is never later than that of
 * anything it is made of. So retention deletes by epoch, and needs no reference counts.
 */
export class ContentTable {
  readonly #blocks: Interned
  readonly #lists: Interned
  readonly #insertRequest: StatementSync
  readonly #addResponse: StatementSync
  readonly #insertShed: StatementSync
  readonly #ring: Uint8Array
  /** Holds one body at a time: a buffer for each would be work for the collector. */
  readonly #taken = Buffer.allocUnsafeSlow(MAX_TAKEN_BYTES)
  #epoch = 0

  /** `memory` is that of the ring in which the bodies are. */
  constructor(database: DatabaseSync, memory: SharedArrayBuffer) {
    this.#ring = new Uint8Array(memory)
    this.#blocks = new Interned(
      database.prepare('SELECT id, epoch FROM blocks WHERE hash = ?'),
      database.prepare('UPDATE blocks SET epoch = ? WHERE id = ?'),
      database.prepare('INSERT INTO blocks (hash, epoch, codec, data) VALUES (?, ?, ?, ?)'),
    )
    this.#lists = new Interned(
      database.prepare('SELECT id, epoch FROM lists WHERE parent = ? AND block = ?'),
      database.prepare('UPDATE lists SET epoch = ? WHERE id = ?'),
      database.prepare('INSERT INTO lists (parent, block, epoch) VALUES (?, ?, ?)'),
    )
    this.#insertRequest = database.prepare(
      'INSERT OR REPLACE INTO contents (id, epoch, shed, frame, lists) VALUES (?, ?, 0, ?, ?)',
    )
    this.#addResponse = database.prepare(
      `UPDATE contents SET response_is_stream = ?, response_truncated_bytes = ?, response_codec = ?, response = ?
         WHERE id = ?`,
    )
    this.#insertShed = database.prepare('INSERT OR REPLACE INTO contents (id, epoch, shed) VALUES (?, ?, 1)')
  }

  /** Stores a body. Call {@link forget} when the transaction around it fails. */
  put(body: HandedBody, epoch: number): void {
    this.#turnTo(epoch)
    if (body.type === 'shed') return this.putShed(body.id, epoch)
    if (body.type === 'request') return this.#putRequest(body.id, this.#take(body.place), epoch)
    const { codec, data } = pack(this.#take(body.place))
    this.#addResponse.run(Number(body.isStream), body.truncatedBytes, codec, data, body.id)
  }

  /** Notes that the bodies of a call were given up. */
  putShed(id: string, epoch: number): void {
    this.#insertShed.run(id, epoch)
  }

  /** Forgets which rows are there: some have been deleted, or were never committed. */
  forget(): void {
    this.#blocks.forget()
    this.#lists.forget()
  }

  /** A new epoch marks everything that is used again, so nothing may be taken from memory. */
  #turnTo(epoch: number): void {
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.forget()
  }

  /** A copy, good until the next is taken: SQLite and zlib take no memory that another thread can write to. */
  #take({ offset, length }: Place): Buffer {
    const body = this.#ring.subarray(offset, offset + length)
    if (length > MAX_TAKEN_BYTES) return Buffer.from(body)
    this.#taken.set(body)
    return this.#taken.subarray(0, length)
  }

  #putRequest(id: string, body: Buffer, epoch: number): void {
    const { frame, lists } = cutBody(body)
    const frameId = this.#block(frame)
    const ends = lists.map((list) => list.reduce((end, block) => this.#listEnd(end, this.#block(block)), 0))
    this.#insertRequest.run(id, epoch, frameId, JSON.stringify(ends))
  }

  #block(bytes: Buffer): number {
    // 16 bytes of SHA-256: no two blocks will meet by chance, nor at a price that anyone would pay.
    const name = hash('sha256', bytes, 'binary').slice(0, 16)
    const known = this.#blocks.known(name)
    if (known !== undefined) return known
    const key = Buffer.from(name, 'latin1')
    return this.#blocks.intern(name, [key], this.#epoch, () => {
      const { codec, data } = pack(bytes)
      return [key, this.#epoch, codec, data]
    })
  }

  #listEnd(parent: number, block: number): number {
    const name = `${parent}+${block}`
    const known = this.#lists.known(name)
    if (known !== undefined) return known
    return this.#lists.intern(name, [parent, block], this.#epoch, () => [parent, block, this.#epoch])
  }
}

type Value = number | Uint8Array

/** A table whose rows are found by their content, with a memory of those of this epoch. */
class Interned {
  readonly #find: StatementSync
  readonly #touch: StatementSync
  readonly #insert: StatementSync
  /** About 10 MB when full: the histories of some hundred sessions at once. */
  readonly #known = new RecentMap<string, number>(40_000)

  constructor(find: StatementSync, touch: StatementSync, insert: StatementSync) {
    this.#find = find
    this.#touch = touch
    this.#insert = insert
  }

  known(name: string): number | undefined {
    return this.#known.get(name)
  }

  intern(name: string, key: Value[], epoch: number, row: () => Value[]): number {
    const found = this.#find.get(...key)
    const id = Number(found === undefined ? this.#insert.run(...row()).lastInsertRowid : found['id'])
    if (found !== undefined && Number(found['epoch']) < epoch) this.#touch.run(epoch, id)
    this.#known.set(name, id)
    return id
  }

  forget(): void {
    this.#known.clear()
  }
}
