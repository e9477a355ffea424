/** The database gives the pages that the model in memory gives, by indexes, and takes every text as text. */
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openMemoryLogStore } from '../../../src/stores/logs/memory.ts'
import type { CallRow, LogQuery } from '../../../src/stores/logs/port.ts'
import { conditionOf, orderOf } from '../../../src/stores/logs/query.ts'
import { SqliteReader } from '../../../src/stores/logs/sqlite-reader.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { agentSession } from './agent-session.ts'
import { callContent, callRow, logQuery } from './rows.ts'
import type { CallContent } from './rows.ts'
import { databaseOf } from './support.ts'

function openReader(rows: readonly CallRow[], contents: readonly CallContent[] = []) {
  const { path, database } = databaseOf(rows, contents)
  const reader = new SqliteReader(path)
  onTestFinished(() => reader.close())
  return { reader, database }
}

const asJson = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

describe('the same pages as the model in memory', () => {
  const few = <Value>(...values: Value[]) => fc.constantFrom(...values)
  const row = fc.record({
    timestampMs: fc.integer({ min: 0, max: 20 }),
    provider: few('anthropic', 'openai', undefined),
    model: few('claude', 'gpt', 'a"b', undefined),
    status: few<CallRow['status']>('success', 'error', 'cancelled'),
    operation: few('generate', 'count-tokens'),
    protocol: few<CallRow['protocol']>('anthropic', 'openai-chat'),
    stream: fc.boolean(),
    providerKeyId: few('k1', 'k2', undefined),
    virtualKeyId: few('v1', undefined),
    sessionId: few('s1', 's2', undefined),
    latencyMs: few(0, 1.5, 20, 300),
    usage: few(undefined, callRow({ id: '' }).usage),
    cost: few<CallRow['cost']>(
      undefined,
      { nanodollars: null, reason: 'no' },
      { nanodollars: 0 },
      { nanodollars: 70 },
    ),
    requestClass: few('main', 'title', undefined),
    metadata: few<Record<string, string>>({}, { team: 'a' }, { team: 'b', 'x y': "'" }),
    error: few(undefined, { kind: 'internal', message: '100% of O_Reilly\'s "errors"' }),
  })
  const someOf = (...values: string[]) => fc.option(fc.subarray(values), { nil: undefined, freq: 2 })
  const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 1 })
  const query: fc.Arbitrary<LogQuery> = fc.record({
    providers: someOf('anthropic', 'openai', ''),
    models: someOf('claude', 'gpt', 'a"b', 'claude-sonnet-4-5'),
    status: someOf('success', 'error', 'cancelled'),
    objects: someOf('responses', 'responses_stream', 'chat_completion', 'count_tokens'),
    selectedKeyIds: someOf('k1', 'k2'),
    virtualKeyIds: someOf('v1', 'v2'),
    sessionId: maybe(few('s1', 's3')),
    startTimeMs: maybe(fc.integer({ min: 0, max: 20 })),
    endTimeMs: maybe(fc.integer({ min: 0, max: 20 })),
    minLatencyMs: maybe(few(0, 1.5, 300)),
    maxLatencyMs: maybe(few(1.5, 20)),
    minTokens: maybe(few(0, 1)),
    maxTokens: maybe(few(0, 30_000)),
    minCostNanodollars: maybe(few(0, 1)),
    maxCostNanodollars: maybe(few(0, 70)),
    unpricedOnly: maybe(few(true, false)),
    requestClasses: someOf('main', 'title', 'other'),
    contentSearch: maybe(few('%', '_', '100%', 'o_reilly', '"errors"', 'claude', 'nowhere', '')),
    metadata: maybe(few<Record<string, string>>({ team: 'a' }, { 'x y': "'" }, { team: 'b', other: '' })),
    limit: fc.integer({ min: 1, max: 5 }),
    offset: fc.integer({ min: 0, max: 3 }),
    sortBy: few<LogQuery['sortBy']>('timestamp', 'latency', 'tokens', 'cost'),
    order: few<LogQuery['order']>('asc', 'desc'),
  })

  it('for any calls and any question', async () => {
    const property = fc.asyncProperty(
      fc.array(row, { maxLength: 12 }),
      fc.array(query, { minLength: 1, maxLength: 8 }),
      async (rows, queries) => {
        const calls = rows.map((each, index) => callRow({ id: `call-${index}`, ...each }))
        const memory = openMemoryLogStore(100)
        for (const call of calls) memory.writer.record(call)
        const { reader, database } = openReader(calls)
        for (const each of queries) {
          expect(reader.list(each)).toEqual(asJson(await memory.reader.list(each)))
        }
        reader.close()
        database.close()
      },
    )
    await fc.assert(property, { numRuns: 30 })
  })

  it('an id used twice gives the newer call; an unknown one gives nothing (I7)', () => {
    const { reader } = openReader([callRow({ id: 'a', latencyMs: 1 }), callRow({ id: 'a', latencyMs: 2 })])
    expect(reader.get('a')?.row.latencyMs).toBe(2)
    expect(['', 'A', 'a ', '%', "a' OR '1'='1"].map((id) => reader.get(id))).toEqual(Array(5).fill(undefined))
  })

  it('before there is a database, there are no logs', () => {
    const reader = new SqliteReader(join(temporaryDirectory(), 'none', 'logs.db'))
    expect(reader.list(logQuery())).toMatchObject({ rows: [], totalCount: 0, hasLogs: false, complete: true })
    expect([reader.get('a'), reader.after(0, 10), reader.lastSeq()]).toEqual([undefined, [], 0])
  })
})

describe('F9 searching bodies', () => {
  const streamed = (...texts: string[]) =>
    texts
      .map(
        (text) =>
          `event: content_block_delta\ndata: ${JSON.stringify({ delta: { type: 'text_delta', text } })}\n\n`,
      )
      .join('')
  const contents: CallContent[] = [
    callContent('percent', '{"messages":"100% of it"}'),
    callContent('underscore', '{"messages":"snake_case"}'),
    callContent('quote', JSON.stringify({ messages: 'she said "hello"\nand left' })),
    callContent('backslash', JSON.stringify({ messages: 'C:\\dir' })),
    callContent('umlaut', '{"messages":"GRÜSSE"}'),
    { ...callContent('stream', '{}', streamed('the ans', 'wer is fo', 'rty-two')), responseIsStream: true },
    callContent('whole', '{}', '{"content":[{"text":"a whole answer"}]}'),
  ]
  const rows = contents.map(({ id }) => callRow({ id }))
  const found: [text: string, ids: string[]][] = [
    ['%', ['percent']],
    ['_case', ['underscore']],
    ['100%', ['percent']],
    ['1%0', []],
    ['she said "hello"', ['quote']],
    ['"hello"\nand', ['quote']],
    ['grüsse', ['umlaut']],
    ['answer is forty', ['stream']],
    ['whole answer', ['whole']],
    ["'; DROP TABLE calls; --", []],
    ['C:\\dir', ['backslash']],
    ['x'.repeat(200_000), []],
  ]
  it.each(found.map(([text, ids]): [string, string, string[]] => [text.slice(0, 40), text, ids]))(
    '%j',
    (_, text, ids) => {
      const { reader } = openReader(rows, contents)
      const page = reader.list(logQuery({ contentSearch: text, order: 'asc' }))
      expect(page.rows.map((row) => row.id)).toEqual(ids)
      expect([page.totalCount, page.complete, page.hasLogs]).toEqual([ids.length, true, true])
    },
  )

  it('finds a message in every call of the session that holds it, and nowhere before', () => {
    const turns = agentSession(12)
    const text = (
      JSON.parse(turns[6]!.request.toString()) as { messages: { content: { content: string }[] }[] }
    ).messages.at(-1)!.content[0]!.content
    const { reader } = openReader(
      turns.map((_, index) => callRow({ id: `${index}`, timestampMs: index })),
      turns.map(({ request }, index) => callContent(`${index}`, request)),
    )
    const page = reader.list(logQuery({ contentSearch: text.slice(10, 60), order: 'asc' }))
    expect(page.rows.map((row) => row.id)).toEqual(['6', '7', '8', '9', '10', '11'])
  })

  it('says so when it ran out of matches', () => {
    const { reader } = openReader(Array.from({ length: 10_050 }, (_, n) => callRow({ id: `${n}` })))
    const page = reader.list(logQuery({ contentSearch: 'claude', limit: 1 }))
    expect([page.complete, page.totalCount, page.rows[0]!.id]).toEqual([false, 10_000, '10049'])
  })
})

describe('F10 hostile text is text', () => {
  const corpus = [
    "'",
    "''",
    "' OR 1=1 --",
    '"; DROP TABLE calls; --',
    '\\',
    '%27',
    '1; ATTACH DATABASE ":memory:" AS x',
    '\0',
    "') UNION SELECT sql FROM sqlite_master --",
  ]
  it.each(corpus)('%j', (text) => {
    const { reader, database } = openReader([
      callRow({ id: 'plain' }),
      callRow({ id: 'own', model: text, sessionId: text, metadata: { [text]: text } }),
    ])
    const fields: Partial<LogQuery>[] = [
      { models: [text] },
      { sessionId: text },
      { metadata: { [text]: text } },
      { contentSearch: text === '\0' ? 'own' : text },
    ]
    for (const field of fields)
      expect(reader.list(logQuery(field)).rows.map((row) => row.id)).toEqual(['own'])
    for (const field of [
      { providers: [text] },
      { status: [text] },
      { objects: [text] },
      { selectedKeyIds: [text] },
      { virtualKeyIds: [text] },
    ]) {
      expect(reader.list(logQuery(field)).totalCount).toBe(0)
    }
    expect(reader.get(text)).toBeUndefined()
    expect(database.prepare('SELECT count(*) AS n FROM calls').get()).toEqual({ n: 2 })
  })

  it('E4 a metadata key named __proto__ is a key', () => {
    const metadata = JSON.parse('{"__proto__":"polluted"}') as Record<string, string>
    const { reader } = openReader([callRow({ id: 'a', metadata }), callRow({ id: 'b' })])
    expect(reader.list(logQuery({ metadata })).rows.map((row) => row.id)).toEqual(['a'])
    expect(({} as { polluted?: string }).polluted).toBeUndefined()
  })
})

describe('F6 what a page reads', () => {
  function plan(database: DatabaseSync, query: LogQuery, matches: number): string {
    const { sql, values } = conditionOf(query)
    const steps = database
      .prepare(
        `EXPLAIN QUERY PLAN SELECT seq FROM calls WHERE ${sql} ORDER BY ${orderOf(query, matches)} LIMIT 50`,
      )
      .all(...values)
    return steps.map((step) => String(step['detail'])).join('; ')
  }

  const plans: [name: string, query: Partial<LogQuery>, matches: number, expected: RegExp][] = [
    [
      'the newest of all: the index of times, no sort',
      {},
      1_000_000,
      /^SCAN calls USING (COVERING )?INDEX calls_timestamp$/,
    ],
    [
      'a filter that many pass: the index of times, no sort',
      { status: ['success'] },
      900_000,
      /calls_timestamp(?!.*B-TREE)/,
    ],
    [
      'a filter that few pass: the narrow table, sorted',
      { status: ['error'] },
      3,
      /^SCAN calls;(?!.*calls_timestamp).*TEMP B-TREE/,
    ],
    [
      'a span of time: its part of the index',
      { startTimeMs: 1, endTimeMs: 2 },
      1_000_000,
      /SEARCH calls USING (COVERING )?INDEX calls_timestamp \(timestamp_ms>\? AND timestamp_ms<\?\)/,
    ],
    ['a session: its index', { sessionId: 's' }, 200, /SEARCH calls USING (COVERING )?INDEX calls_session/],
    [
      'metadata: its index',
      { metadata: { a: 'b' } },
      200,
      /SEARCH metadata USING PRIMARY KEY \(key=\? AND value=\?\)/,
    ],
  ]
  it.each(plans)('%s', (_name, query, matches, expected) => {
    const { database } = openReader([callRow({ id: 'a' })])
    expect(plan(database, logQuery(query), matches)).toMatch(expected)
  })

  it('a call by its id: its index', () => {
    const { database } = openReader([callRow({ id: 'a' })])
    const [step] = database.prepare('EXPLAIN QUERY PLAN SELECT max(seq) FROM calls WHERE id = ?').all('a')
    expect(step!['detail']).toBe('SEARCH calls USING COVERING INDEX calls_id (id=?)')
  })
})
