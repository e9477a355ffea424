/** Bodies come back byte for byte, are stored once however often they are sent, and are deleted when due. */
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { ContentReader } from '../../../src/stores/logs/content-reader.ts'
import { inTransaction } from '../../../src/lib/sqlite.ts'
import { openForWriting } from '../../../src/stores/logs/database.ts'
import { epochOf, retain } from '../../../src/stores/logs/retention.ts'
import { RowTable } from '../../../src/stores/logs/row-table.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { agentSession } from './agent-session.ts'
import { callContent, callRow } from './rows.ts'
import { TestContents } from './support.ts'

const captures = new URL('../../data/claude/', import.meta.url)
const DAY_MS = 86_400_000
const UNLIMITED = { rowDays: 10_000, contentDays: 10_000, maxBytes: Infinity }

function openContents() {
  const path = join(temporaryDirectory(), 'logs.db')
  const database = openForWriting(path)
  return { path, database, table: new TestContents(database), reader: new ContentReader(database) }
}

function count(
  database: DatabaseSync,
  table: 'blocks' | 'lists' | 'contents' | 'calls' | 'details' | 'metadata',
): number {
  return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()!['n'])
}

function retainAll(database: DatabaseSync, limits: typeof UNLIMITED, nowMs: number): void {
  while (retain(database, limits, nowMs));
}

it('a 200-turn session is stored in a fiftieth of the bytes that it sent, and comes back whole', () => {
  const { path, database, table, reader } = openContents()
  const turns = agentSession(200)
  for (const [index, { request, response }] of turns.entries()) {
    const content = { ...callContent(`call-${index}`, request, response), responseIsStream: true }
    inTransaction(database, () => table.put(content, 1))
  }
  for (const [index, { request, response }] of turns.entries()) {
    const { content } = reader.load(`call-${index}`)
    expect(Buffer.compare(content!.request, request)).toBe(0)
    expect(Buffer.compare(content!.response, response)).toBe(0)
  }
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const sent = turns.reduce((sum, { request, response }) => sum + request.length + response.length, 0)
  const ratio = sent / statSync(path).size
  console.info(`sent ${sent} bytes, stored ${statSync(path).size}: ${ratio.toFixed(0)} to 1`)
  expect(ratio).toBeGreaterThan(50)
  database.close()
})

describe('bodies come back as they were', () => {
  const bodies: [name: string, body: Buffer][] = [
    ...readdirSync(captures).map((name): [string, Buffer] => [name, readFileSync(new URL(name, captures))]),
    ['empty', Buffer.alloc(0)],
    ['not JSON', Buffer.from('hello')],
    ['E6 not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22])],
    ['E6 with a lone surrogate', Buffer.from(`{"messages":["\\ud800","${'x y'.repeat(200)}"]}`)],
    [
      'E4 with __proto__',
      Buffer.from(`{"__proto__":["${'x y'.repeat(200)}",{"constructor":{"prototype":1}}]}`),
    ],
  ]
  it.each(bodies)('%s', (_name, body) => {
    const { database, table, reader } = openContents()
    table.put(callContent('a', body, body), 1)
    const loaded = reader.load('a')
    expect(loaded.contentState).toBe('kept')
    expect(Buffer.compare(loaded.content!.request, body)).toBe(0)
    expect(Buffer.compare(loaded.content!.response, body)).toBe(0)
    database.close()
  })

  it('after a restart, the next turn still shares the blocks', () => {
    const { database, table, reader } = openContents()
    const [first, second] = agentSession(2)
    table.put(callContent('1', first!.request), 1)
    const before = count(database, 'blocks')
    new TestContents(database).put(callContent('2', second!.request), 1)
    // The answer, the tool's result, and the first message without its cache mark.
    expect(count(database, 'blocks') - before).toBe(3)
    expect(Buffer.compare(reader.load('2').content!.request, second!.request)).toBe(0)
    database.close()
  })

  it('a transaction that failed leaves no trace in memory', () => {
    const { database, table, reader } = openContents()
    const [turn] = agentSession(1)
    const failing = () =>
      inTransaction(database, () => {
        table.put(callContent('1', turn!.request), 1)
        throw new Error('no')
      })
    expect(failing).toThrow('no')
    table.forget()
    table.put(callContent('2', turn!.request), 1)
    expect(reader.load('1').contentState).toBe('none')
    expect(Buffer.compare(reader.load('2').content!.request, turn!.request)).toBe(0)
    database.close()
  })

  it('a shed call says so, and one id used twice has the newer bodies', () => {
    const { database, table, reader } = openContents()
    table.putShed('a', 1)
    expect(reader.load('a')).toEqual({ contentState: 'shed', content: undefined })
    table.put(callContent('a', '{"n":1}'), 1)
    table.put(callContent('a', '{"n":2}'), 1)
    expect(reader.load('a').content!.request.toString()).toBe('{"n":2}')
    database.close()
  })

  it('damage is told, and hides no other call', () => {
    const { database, table, reader } = openContents()
    table.put(callContent('a', `{"system":"${'words '.repeat(500)}"}`), 1)
    table.put(callContent('b', '{}'), 1)
    database.exec("UPDATE blocks SET codec = 1, data = x'00' WHERE id = 2")
    expect([reader.load('a').contentState, reader.load('b').contentState]).toEqual(['unreadable', 'kept'])
    database.close()
  })
})

describe('F7 retention', () => {
  it('deletes bodies by age, with the blocks that no younger one uses', () => {
    const { database, table, reader } = openContents()
    const [first, second] = agentSession(2)
    const now = 1_763_700_000_000
    table.put(callContent('old', first!.request), epochOf(now - 10 * DAY_MS))
    table.put(
      callContent('alone', agentSession(1)[0]!.request.toString().replaceAll('Lorem', 'Dolor')),
      epochOf(now - 9 * DAY_MS),
    )
    table.put(callContent('young', second!.request), epochOf(now))
    const blocksOfAll = count(database, 'blocks')
    retainAll(database, { ...UNLIMITED, contentDays: 7 }, now)
    expect(['old', 'alone', 'young'].map((id) => reader.load(id).contentState)).toEqual([
      'none',
      'none',
      'kept',
    ])
    expect(Buffer.compare(reader.load('young').content!.request, second!.request)).toBe(0)
    const blocksOfYoung = count(database, 'blocks')
    expect(blocksOfYoung).toBeLessThan(blocksOfAll)

    const fresh = openContents()
    fresh.table.put(callContent('young', second!.request), 1)
    expect([blocksOfYoung, count(database, 'lists')]).toEqual([
      count(fresh.database, 'blocks'),
      count(fresh.database, 'lists'),
    ])
    fresh.database.close()
    database.close()
  })

  it('never deletes what a younger call uses, in any order of sessions and epochs', () => {
    const { database, table, reader } = openContents()
    const turns = agentSession(30)
    let epoch = 1000
    for (const [index, turn] of turns.entries()) {
      if (index % 3 === 0) epoch++
      table.put(callContent(`call-${index}`, turn.request), epoch)
      const tenMinutes = epoch * 600_000
      while (retain(database, { ...UNLIMITED, contentDays: 3 / 144 }, tenMinutes)) table.forget()
    }
    const kept = turns.flatMap((turn, index) => {
      const { contentState, content } = reader.load(`call-${index}`)
      return contentState === 'kept' ? [Buffer.compare(content!.request, turn.request)] : []
    })
    expect(kept).toEqual(Array.from({ length: 12 }, () => 0))
    database.close()
  })

  it('deletes rows by age in batches, with their details and metadata', () => {
    const { database } = openContents()
    const rows = new RowTable(database)
    const now = 1_763_700_000_000
    inTransaction(database, () => {
      for (let n = 0; n < 1200; n++) {
        const row = callRow({ id: `${n}`, timestampMs: now - n * DAY_MS, metadata: { n: `${n}` } })
        rows.insert(row, JSON.stringify(row))
      }
    })
    const left = [1200]
    while (retain(database, { ...UNLIMITED, rowDays: 100 }, now)) left.push(count(database, 'calls'))
    expect(left.slice(0, 4)).toEqual([1200, 700, 200, 101])
    expect(['calls', 'details', 'metadata'].map((table) => count(database, table as 'calls'))).toEqual([
      101, 101, 101,
    ])
    database.close()
  })

  it('keeps the database below its limit: oldest bodies first, then rows, and gives the space back', () => {
    const { path, database, table, reader } = openContents()
    const rows = new RowTable(database)
    inTransaction(database, () => {
      for (let n = 0; n < 40; n++) {
        const row = callRow({ id: `${n}`, timestampMs: n })
        rows.insert(row, JSON.stringify(row))
        table.put(callContent(`${n}`, '{}', Buffer.alloc(200_000, noise(n))), n)
      }
    })
    retainAll(database, { ...UNLIMITED, maxBytes: 5_000_000 }, 0)
    table.forget()
    const kept = Array.from({ length: 40 }, (_, n) => reader.load(`${n}`).contentState)
    expect(kept.indexOf('kept')).toBeGreaterThan(10)
    expect(kept.slice(kept.indexOf('kept'))).not.toContain('none')
    expect(count(database, 'calls')).toBe(40)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    expect(statSync(path).size).toBeLessThan(6_000_000)

    retainAll(database, { ...UNLIMITED, maxBytes: 60_000 }, 0)
    expect([count(database, 'contents'), count(database, 'blocks'), count(database, 'calls')]).toEqual([
      0, 0, 0,
    ])
    database.close()
  })
})

/** Bytes that do not deflate, different for each seed. */
function noise(seed: number): Buffer {
  let state = seed + 1
  return Buffer.from(
    Array.from(
      { length: 50_000 },
      () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24,
    ),
  )
}
