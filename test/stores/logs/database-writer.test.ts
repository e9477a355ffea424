/** Each journalled row comes into the database exactly once, whatever happens to the database meanwhile. */
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { BodyRing } from '../../../src/stores/logs/body-ring.ts'
import { listSegments } from '../../../src/lib/segments.ts'
import { DatabaseWriter } from '../../../src/stores/logs/database-writer.ts'
import { Journal } from '../../../src/stores/logs/journal.ts'
import { rowLine } from '../../../src/stores/logs/journal-lines.ts'
import { SqliteReader } from '../../../src/stores/logs/sqlite-reader.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { callContent, callRow, logQuery } from './rows.ts'
import { handed } from './support.ts'

/** A journal and a database, without the threads. */
class Store {
  readonly path = join(temporaryDirectory(), 'logs.db')
  readonly directory = `${this.path}.journal`
  readonly reports: string[] = []
  readonly ring = new BodyRing(1024 * 1024)
  dropped = 0
  journal = this.openJournal()
  writer = this.openWriter()

  openJournal(): Journal {
    return new Journal(this.directory, () => {})
  }

  openWriter(): DatabaseWriter {
    return new DatabaseWriter({
      path: this.path,
      journalDirectory: this.directory,
      report: (message) => this.reports.push(message),
      memory: this.ring.memory,
      onDone: (_taken, dropped) => (this.dropped += dropped),
    })
  }

  record(...ids: string[]): void {
    for (const id of ids) this.journal.append(rowLine(callRow({ id })))
  }

  drain(): void {
    while (this.writer.drain());
  }

  /** As after a crash: nothing is closed, and a new process finds what there is. */
  restart(): void {
    this.writer = this.openWriter()
    this.journal = this.openJournal()
  }

  ids(): string[] {
    const reader = new SqliteReader(this.path)
    const { rows } = reader.list(logQuery({ limit: 1000, order: 'asc' }))
    reader.close()
    return rows.map((row) => row.id)
  }
}

describe('F3 rows come in once', () => {
  it('as they are journalled, and the segment stays while it is being written', () => {
    const store = new Store()
    store.record('1', '2')
    store.drain()
    store.record('3')
    store.drain()
    store.drain()
    expect(store.ids()).toEqual(['1', '2', '3'])
    expect(listSegments(store.directory)).toHaveLength(1)
  })

  it('after a crash before, between and after batches', () => {
    const store = new Store()
    store.record('1')
    store.restart()
    store.record('2')
    store.drain()
    store.restart()
    store.record('3')
    store.restart()
    store.drain()
    expect(store.ids()).toEqual(['1', '2', '3'])
  })

  it('after a crash between the commit and the removal of the segment', () => {
    const store = new Store()
    store.record('1')
    store.drain()
    const [name] = listSegments(store.directory)
    store.restart()
    expect(listSegments(store.directory)).toContain(name)
    store.record('2')
    store.drain()
    expect(listSegments(store.directory)).not.toContain(name)
    expect(store.ids()).toEqual(['1', '2'])
  })

  it('without the line in which the process died', () => {
    const store = new Store()
    store.record('1')
    const [name] = listSegments(store.directory)
    appendFileSync(join(store.directory, name!), rowLine(callRow({ id: 'torn' })).slice(0, 60))
    store.drain()
    expect(store.ids()).toEqual(['1'])
    store.restart()
    store.record('2')
    store.drain()
    expect(store.ids()).toEqual(['1', '2'])
    expect(store.reports).toEqual([`1 damaged lines of the log journal ${name} were skipped`])
  })

  it.each([
    ['no JSON', '{"row":{"id":'],
    ['no record', '"text"'],
    ['no row', '{"row":null}'],
    ['a row without its fields', '{"row":{"id":"x"}}'],
    ['a row with a wrong type', JSON.stringify({ row: { ...callRow({ id: 'x' }), latencyMs: 'soon' } })],
    ['bytes that are no text', '\0\u{fffd}\u{fffd}'],
  ])('without a line in the middle that is %s', (_name, line) => {
    const store = new Store()
    store.record('1')
    store.journal.append(line)
    store.record('2')
    store.drain()
    expect(store.ids()).toEqual(['1', '2'])
    expect(store.reports).toHaveLength(1)
  })

  it('and finished segments are deleted', () => {
    const store = new Store()
    store.record('1')
    store.drain()
    store.journal.close()
    store.writer.journalIsClosed()
    store.drain()
    expect(readdirSync(store.directory)).toEqual([])
    store.restart()
    store.record('2')
    store.drain()
    expect(store.ids()).toEqual(['1', '2'])
  })

  it('also into a database that was put back from an older copy', () => {
    const store = new Store()
    store.record('1')
    store.drain()
    store.writer.close()
    copyFileSync(store.path, `${store.path}.backup`)
    store.writer = store.openWriter()
    store.record('2')
    store.drain()
    store.writer.close()
    copyFileSync(`${store.path}.backup`, store.path)
    store.restart()
    store.drain()
    expect(store.ids()).toEqual(['1', '2'])
  })

  it('E7 with NUL, lone surrogates and hostile names in every text', () => {
    const store = new Store()
    const text = 'a\0b\ud800</script>\u001b]0;x\u0007'
    const metadata = JSON.parse('{"__proto__":"p","a\\u0000b":"\\ud800"}') as Record<string, string>
    const row = callRow({
      id: text,
      model: text,
      sessionId: text,
      error: { kind: text, message: text },
      metadata,
    })
    store.journal.append(rowLine(row))
    store.drain()
    const reader = new SqliteReader(store.path)
    expect(reader.list(logQuery({ models: [text], sessionId: text })).rows).toEqual([
      JSON.parse(JSON.stringify(row)),
    ])
    expect(reader.get(text)?.row.error).toEqual({ kind: text, message: text })
    reader.close()
  })
})

describe('F5 a database that cannot be used is moved aside, and the journal goes into a new one', () => {
  const damages: [name: string, damage: (path: string) => void][] = [
    [
      'no database at all',
      (path) => writeFileSync(path, 'this is a text file, and not a short one'.repeat(200)),
    ],
    ['a header of zeros', (path) => overwrite(path, 0, Buffer.alloc(100))],
    ['pages of zeros', (path) => overwrite(path, 4096, Buffer.alloc(4096 * 30))],
    ['pages of noise', (path) => overwrite(path, 4096, Buffer.alloc(4096 * 30, 'noise'))],
    ['cut in the middle', (path) => truncateSync(path, 4096 * 3 + 100)],
    ['of a newer version', (path) => edit(path, 'PRAGMA user_version = 99')],
  ]
  it.each(damages)('%s', (_name, damage) => {
    const store = new Store()
    store.record('old 1', 'old 2')
    store.drain()
    store.writer.close()
    damage(store.path)
    store.restart()
    store.record('new')
    store.drain()
    // The rows of segments that are still there come again; those of deleted ones are in the file set aside.
    expect(store.ids()).toEqual(['old 1', 'old 2', 'new'])
    expect(store.reports).toEqual([
      expect.stringMatching(/cannot be used; it is now .*\.unusable-.*, and a new one is begun/),
    ])
    expect(readdirSync(join(store.path, '..')).filter((name) => name.includes('unusable'))).not.toEqual([])
  })

  it('0 bytes are a database without tables', () => {
    const store = new Store()
    store.record('1')
    writeFileSync(store.path, '')
    store.drain()
    expect([store.ids(), store.reports]).toEqual([['1'], []])
  })

  it('while it is open', () => {
    const store = new Store()
    store.record('1')
    store.writer.give(handed(store.ring, callContent('1', '{"model":"m"}')))
    store.drain()
    // The write-ahead log would heal the pages: it is folded into the database first.
    edit(store.path, 'PRAGMA wal_checkpoint(TRUNCATE)')
    overwrite(store.path, 4096, Buffer.alloc(4096 * 60, 'noise'))
    for (let n = 2; n < 40; n++) store.record(String(n))
    store.drain()
    expect(store.ids()).toEqual(Array.from({ length: 39 }, (_, n) => String(n + 1)))
  })
})

describe('what hinders for now', () => {
  it('F8 a lock: nothing is lost, and it goes on when the lock is gone', () => {
    const store = new Store()
    store.record('1')
    store.drain()
    const other = new DatabaseSync(store.path)
    other.exec('BEGIN IMMEDIATE')
    store.record('2')
    store.writer.give(handed(store.ring, callContent('2', '{}')))
    expect(() => store.writer.drain()).toThrow('database is locked')
    other.exec('ROLLBACK')
    other.close()
    store.drain()
    const reader = new SqliteReader(store.path)
    expect([store.ids(), reader.get('2')?.contentState]).toEqual([['1', '2'], 'kept'])
    reader.close()
  })

  it('a place where no file can be made', () => {
    const store = new Store()
    store.record('1')
    rmSync(store.path, { force: true })
    const blocked = new DatabaseWriter({
      path: join(store.directory, listSegments(store.directory)[0]!, 'logs.db'),
      journalDirectory: store.directory,
      memory: store.ring.memory,
      report: () => {},
      onDone: () => {},
    })
    expect(() => blocked.drain()).toThrow(/ENOTDIR|EEXIST/)
    store.drain()
    expect(store.ids()).toEqual(['1'])
  })
})

function overwrite(path: string, offset: number, bytes: Buffer): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, offset)
  closeSync(file)
}

function edit(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}
