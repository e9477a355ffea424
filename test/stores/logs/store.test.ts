/** The store as the gateway opens it: threads, back-pressure, and what is told when it cannot keep up. */
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { free } from '../../../src/lib/free.ts'
import { LONE_MAX_BYTES, UNDER_WAY_MAX_BYTES } from '../../../src/stores/logs/writer.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { callContent, callRow, keep, logQuery } from './rows.ts'
import { idsOf, openTestStore } from './support.ts'

const MEGABYTE = 1024 * 1024

/** Somebody else's lock on the database, which makes it as slow as it can be. */
function lockDatabase(path: string): () => void {
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  return () => other.close()
}

describe('F8 a database slower than the calls', () => {
  it('sheds no row, sheds bodies beyond the limit, and counts and marks exactly those', async () => {
    const store = openTestStore()
    await store.writer.flush()
    const unlock = lockDatabase(store.path)
    const ids = Array.from({ length: 100 }, (_, n) => `call-${n}`)
    for (const id of ids) {
      store.writer.record(callRow({ id }))
      keep(store.writer, callContent(id, Buffer.alloc(MEGABYTE, 'words ')))
    }
    const shed = store.writer.shedContents
    expect(shed).toBeGreaterThan(0)
    expect((ids.length - shed) * MEGABYTE).toBeLessThanOrEqual(UNDER_WAY_MAX_BYTES)
    unlock()
    await store.writer.flush()
    expect(await idsOf(store, { order: 'asc' })).toEqual(ids)
    const states = await Promise.all(ids.map(async (id) => (await store.reader.get(id))?.contentState))
    expect(states.filter((state) => state === 'shed')).toHaveLength(shed)
    expect(states.filter((state) => state === 'kept')).toHaveLength(ids.length - shed)
    expect([store.writer.shedContents, store.writer.lostRows]).toEqual([shed, 0])

    keep(store.writer, callContent('call-99', '{"late":true}'))
    await store.writer.flush()
    expect((await store.reader.get('call-99'))?.contentState).toBe('kept')
  })

  it('keeps rows on the disk, not in memory', async () => {
    const store = openTestStore()
    await store.writer.flush()
    const unlock = lockDatabase(store.path)
    const message = 'words '.repeat(1000)
    for (let n = 0; n < 4000; n++) {
      store.writer.record(callRow({ id: `${n}`, error: { kind: 'upstream_error', message } }))
    }
    const segments = readdirSync(`${store.path}.journal`).filter((name) => name.endsWith('.ndjson'))
    expect(segments.length).toBeGreaterThan(2)
    unlock()
    await store.writer.flush()
    expect((await store.reader.list(logQuery())).totalCount).toBe(4000)
    expect(readdirSync(`${store.path}.journal`).filter((name) => name.endsWith('.ndjson'))).toHaveLength(1)
  }, 20_000)

  it('closes in time, and the next start has the rows', async () => {
    const store = openTestStore()
    await store.writer.flush()
    const unlock = lockDatabase(store.path)
    store.writer.record(callRow({ id: 'a' }))
    await store.close()
    unlock()
    const next = openTestStore({ path: store.path })
    await next.writer.flush()
    expect(await idsOf(next)).toEqual(['a'])
  })
})

describe('bodies handed over', () => {
  it('stay with the caller, who may overwrite them', async () => {
    const store = openTestStore()
    const request = Buffer.from('{"model":"m"}')
    const parts = [Buffer.alloc(1000, 'x'), 'é', new Uint8Array(3).fill(0x79)]
    store.writer.record(callRow({ id: 'a' }))
    store.writer.keepRequest('a', request)
    store.writer.keepResponse('a', { parts, isStream: true, truncatedBytes: 7 })
    request.fill(0x20)
    for (const part of parts) if (typeof part !== 'string') part.fill(0x20)
    await store.writer.flush()
    const { content } = (await store.reader.get('a'))!
    expect(Buffer.from(content!.request).toString()).toBe('{"model":"m"}')
    expect(Buffer.from(content!.response).toString()).toBe(`${'x'.repeat(1000)}éyyy`)
    expect([content!.responseIsStream, content!.responseTruncatedBytes]).toEqual([true, 7])
  })

  it('may be a request whose answer has not come', async () => {
    const store = openTestStore()
    store.writer.record(callRow({ id: 'a' }))
    store.writer.keepRequest('a', Buffer.from('{"model":"m"}'))
    await store.writer.flush()
    const { contentState, content } = (await store.reader.get('a'))!
    expect([contentState, content!.response.length]).toEqual(['kept', 0])
  })

  it('are shed where they cannot be read', async () => {
    const store = openTestStore()
    const body = Buffer.allocUnsafeSlow(100_000)
    free(body)
    store.writer.record(callRow({ id: 'a' }))
    expect(store.writer.keepRequest('a', body)).toBe(false)
    await store.writer.flush()
    expect((await store.reader.get('a'))?.contentState).toBe('shed')
    expect(store.reports).toEqual([
      expect.stringMatching(/^A body could not be copied for the log: .*detached/),
    ])
  })

  it('are both shed where the answer finds no room', async () => {
    const store = openTestStore()
    store.writer.record(callRow({ id: 'a' }))
    store.writer.keepRequest('a', Buffer.from('{"model":"m"}'))
    const parts = [Buffer.alloc(LONE_MAX_BYTES)]
    store.writer.keepResponse('a', { parts, isStream: false, truncatedBytes: 0 })
    await store.writer.flush()
    expect((await store.reader.get('a'))?.contentState).toBe('shed')
    expect(store.writer.shedContents).toBe(1)
  })
})

describe('trouble never stops traffic (I1)', () => {
  it('a writer that dies is started again: its bodies are counted as shed, and no row is missing', async () => {
    const posted = vi.spyOn(Worker.prototype, 'postMessage')
    onTestFinished(() => posted.mockRestore())
    const store = openTestStore()
    await store.writer.flush()
    const unlock = lockDatabase(store.path)
    for (const id of ['a', 'b']) {
      store.writer.record(callRow({ id }))
      keep(store.writer, callContent(id, '{}'))
    }
    const flushed = store.writer.flush()
    await (posted.mock.contexts.at(-1) as Worker).terminate()
    store.writer.record(callRow({ id: 'c' }))
    keep(store.writer, callContent('c', '{}'))
    unlock()
    await flushed
    expect(store.writer.shedContents).toBe(2)
    expect(await idsOf(store, { order: 'asc' })).toEqual(['a', 'b', 'c'])
    const states = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => (await store.reader.get(id))?.contentState),
    )
    expect(states).toEqual(['none', 'none', 'kept'])
  })

  it('a place where nothing can be written: rows are lost, counted and reported', async () => {
    const file = join(temporaryDirectory(), 'file')
    writeFileSync(file, '')
    const store = openTestStore({ path: join(file, 'logs.db') })
    store.writer.record(callRow({ id: 'a' }))
    store.writer.record(callRow({ id: 'b' }))
    keep(store.writer, callContent('a', '{}'))
    expect(store.writer.lostRows).toBe(2)
    expect(store.reports.filter((report) => report.startsWith('The log journal'))).toHaveLength(2)
    expect(await idsOf(store)).toEqual([])
    await store.close()
  })

  it('F5 a file that is no database is moved aside while calls go on', async () => {
    const path = join(temporaryDirectory(), 'logs.db')
    writeFileSync(path, 'not a database, but long enough to be taken for one'.repeat(100))
    const store = openTestStore({ path })
    store.writer.record(callRow({ id: 'a' }))
    await store.writer.flush()
    expect(await idsOf(store)).toEqual(['a'])
    expect(store.reports).toEqual([expect.stringContaining('The log database cannot be used; it is now')])
  })

  it.each<[what: string, files: (path: string) => string[], reports: number]>([
    ['the database', (path) => [path, `${path}-wal`, `${path}-shm`], 1],
    ['the database without its write-ahead log', (path) => [path], 1],
    ['everything', (path) => [path, `${path}-wal`, `${path}-shm`, `${path}.journal`], 2],
    ['the journal', (path) => [`${path}.journal`], 1],
  ])('H14 %s is deleted while calls go on: what comes after is logged', async (_what, files, reports) => {
    const store = openTestStore()
    store.writer.record(callRow({ id: 'before' }))
    await store.writer.flush()
    for (const file of files(store.path)) rmSync(file, { recursive: true })
    store.writer.record(callRow({ id: 'after' }))
    keep(store.writer, callContent('after', '{"a":1}'))
    await store.writer.flush()
    expect(await idsOf(store)).toContain('after')
    expect((await store.reader.get('after'))?.contentState).toBe('kept')
    expect(store.reports.filter((report) => report.includes('while it was in use'))).toHaveLength(reports)
  })

  it('the files are for their owner alone', async () => {
    const store = openTestStore()
    store.writer.record(callRow({ id: 'a' }))
    await store.writer.flush()
    const mode = (path: string) => statSync(path).mode & 0o077
    const segment = readdirSync(`${store.path}.journal`).find((name) => name.endsWith('.ndjson'))!
    const paths = [
      store.path,
      `${store.path}-wal`,
      `${store.path}.journal`,
      join(`${store.path}.journal`, segment),
    ]
    expect(paths.map(mode)).toEqual([0, 0, 0, 0])
  })
})
