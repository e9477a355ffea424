/** `signalbox logs` over a real database: what it shows, what it follows, and what it never lets through. */
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { answerDecoder } from '../../src/admin/decode-answer.ts'
import { FlagError } from '../../src/cli/flags.ts'
import { callLine } from '../../src/cli/log-lines.ts'
import { LOGS_HELP, logs } from '../../src/cli/logs.ts'
import type { LogsSurroundings } from '../../src/cli/logs.ts'
import { printable, printableJson } from '../../src/cli/printable.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { SqliteReader } from '../../src/stores/logs/sqlite-reader.ts'
import type { CallRow } from '../../src/stores/logs/port.ts'
import { callContent, callRow } from '../stores/logs/rows.ts'
import { databaseOf, openTestStore } from '../stores/logs/support.ts'

/** What the command would print; `until` ends -follow as soon as it fits. */
async function run(
  path: string,
  args: string[],
  on: Partial<LogsSurroundings> = {},
  until?: RegExp,
): Promise<string> {
  let printed = ''
  const abort = new AbortController()
  onTestFinished(() => abort.abort())
  const write = (text: string) => {
    printed += text
    if (until?.test(printed)) abort.abort()
  }
  await logs(args, {
    locate: () => Promise.resolve(path),
    open: (file) => new SqliteReader(file),
    decodeAnswer: answerDecoder([anthropic]),
    write,
    terminal: undefined,
    environment: {},
    signal: abort.signal,
    ...on,
  })
  return printed
}

/** The cells of the lines, without the time, which is local. */
const cells = (printed: string) =>
  printed
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(16).split(/ {2,}/))

describe('the lines', () => {
  const attempt = callRow({ id: '' }).attempts[0]!
  const tokens = ['23.3k', '23.0k', '288', '$0.0124']
  const times = ['822', '311', 'session-']
  const huge = {
    inputTokens: 1_234_567,
    cacheReadTokens: 0,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: 0,
    outputTokens: 9_999,
  }
  const rows: [name: string, changes: Partial<CallRow>, line: string[]][] = [
    [
      'native',
      { requestedModel: 'anthropic/claude-sonnet-4-5' },
      ['200', 'anthropic/claude-sonnet-4-5', ...tokens, ...times],
    ],
    [
      'served by something else',
      { requestedModel: 'fast', provider: 'groq', model: 'llama' },
      ['200', 'fast → groq/llama', ...tokens, ...times],
    ],
    [
      'refused',
      {
        status: 'error',
        httpStatus: 404,
        provider: undefined,
        model: undefined,
        usage: undefined,
        cost: { nanodollars: 0 },
        timeToFirstTokenMs: undefined,
        requestedModel: 'x',
        sessionId: undefined,
        error: { kind: 'model_not_found', message: 'No provider serves x.' },
      },
      ['404', 'x', '$0', '822', 'model_not_found: No provider serves x.'],
    ],
    [
      'left by its client',
      { status: 'cancelled', requestedModel: 'm', model: 'm', provider: 'p' },
      ['left', 'm → p/m', ...tokens, ...times],
    ],
    [
      'with attempts and warnings',
      {
        attempts: [attempt, attempt],
        warnings: [{ kind: 'dropped', field: 'top_k', reason: '' }],
        requestedModel: 'p/m',
        model: 'm',
        provider: 'p',
      },
      ['200', 'p/m', ...tokens, ...times, '2 attempts; dropped top_k'],
    ],
    [
      'of a huge context and a long name',
      {
        requestedModel: 'm'.repeat(60),
        provider: undefined,
        usage: huge,
        cost: { nanodollars: 12_345_678_901 },
      },
      ['200', `${'m'.repeat(47)}…`, '1.2M', '0', '9999', '$12.35', ...times],
    ],
    [
      'of unknown price',
      {
        requestedModel: 'p/m',
        provider: 'p',
        model: 'm',
        cost: { nanodollars: null, reason: 'p/m: no price is known' },
      },
      ['200', 'p/m', '23.3k', '23.0k', '288', '?', ...times, 'p/m: no price is known'],
    ],
    [
      'cheaper than can be shown',
      { requestedModel: 'p/m', provider: 'p', model: 'm', cost: { nanodollars: 12 } },
      ['200', 'p/m', '23.3k', '23.0k', '288', '<$0.0001', ...times],
    ],
    [
      'of a version without prices',
      { requestedModel: 'p/m', provider: 'p', model: 'm', cost: undefined },
      ['200', 'p/m', '23.3k', '23.0k', '288', ...times],
    ],
  ]
  it.each(rows)('%s', async (_name, changes, line) => {
    const { path } = databaseOf([callRow({ id: 'a', ...changes })])
    expect(cells(await run(path, []))).toEqual([
      ['STATUS', 'MODEL', 'IN', 'CACHED', 'OUT', 'COST', 'MS', 'FIRST', 'SESSION', 'NOTE'],
      line,
    ])
  })

  it('stand in columns', async () => {
    const { path } = databaseOf([
      callRow({ id: 'a', warnings: [{ kind: 'changed', field: 'x', reason: '' }] }),
    ])
    const [header, line] = (await run(path, [])).split('\n')
    const left = (title: string, text: string) => expect(line!.indexOf(text)).toBe(header!.indexOf(title))
    left('STATUS', '200')
    left('MODEL', 'claude-sonnet-4-5 → anthropic')
    left('SESSION', 'session-')
    left('NOTE', 'changed x')
    expect(line!.indexOf('288') + 3).toBe(header!.indexOf('OUT') + 3)
  })

  it('fit the terminal, and have colours only there and without NO_COLOR', async () => {
    const { path } = databaseOf([
      callRow({ id: 'a' }),
      callRow({ id: 'b', status: 'error', timestampMs: 1_763_700_000_001 }),
    ])
    const terminal = { columns: 40 }
    const coloured = (await run(path, [], { terminal })).trimEnd().split('\n')
    expect([coloured[2]!.slice(0, 5), coloured[2]!.length, coloured[2]!.slice(-5)]).toEqual([
      '\u001b[31m',
      49,
      '…\u001b[0m',
    ])
    expect(coloured[1]).toMatch(/^.{39}…$/)
    expect(await run(path, [], { terminal, environment: { NO_COLOR: '1' } })).not.toContain('\u001b')
    expect(await run(path, [], { terminal, environment: { NO_COLOR: '' } })).toContain('\u001b')
    expect(await run(path, [])).not.toContain('\u001b')
  })
})

describe('which calls', () => {
  const calls = Array.from({ length: 30 }, (_, n) =>
    callRow({
      id: `call-${n}`,
      timestampMs: n,
      sessionId: `${n % 3}-session`,
      status: n % 5 === 0 ? 'error' : 'success',
    }),
  )
  const rows: [args: string[], ids: number[]][] = [
    [
      ['-limit', '3'],
      [27, 28, 29],
    ],
    [
      ['--limit=2', '-status', 'error'],
      [20, 25],
    ],
    [
      ['-session', '1-session', '-limit', '2'],
      [25, 28],
    ],
    [
      ['-session', '1-', '-limit', '2'],
      [25, 28],
    ],
    [
      ['-session', '1-', '-status', 'error', '-limit', '10'],
      [10, 25],
    ],
    [['-session', 'nobody'], []],
  ]
  it.each(rows)('%j', async (args, ids) => {
    const { path } = databaseOf(calls)
    const printed = await run(path, ['-json', ...args])
    const shown = printed
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { id: string }).id)
    expect(shown).toEqual(ids.map((id) => `call-${id}`))
  })

  it('20 without a limit, and none without a database', async () => {
    const { path } = databaseOf(calls)
    expect((await run(path, ['-json'])).split('\n')).toHaveLength(21)
    expect(await run(`${path}.none`, ['-json'])).toBe('')
  })

  const wrong: [args: string[], message: string][] = [
    [['-limit', '0'], '-limit: found "0", expected a number from 1 to 1000'],
    [['-limit', 'all'], '-limit: found "all", expected a number from 1 to 1000'],
    [['-status', 'bad'], '-status: found "bad", expected one of success, error, cancelled'],
    [['-x'], 'found "-x", expected one of -limit, -session, -status, -id, -app-dir, -follow, -json, -help'],
  ]
  it.each(wrong)('%j is refused', async (args, message) => {
    await expect(run('none', args)).rejects.toThrow(new FlagError(message))
  })

  it('-help says what there is, and -app-dir where to look', async () => {
    expect(await run('none', ['-help'])).toBe(LOGS_HELP)
    const asked: (string | undefined)[] = []
    const locate = (appDir: string | undefined) => {
      asked.push(appDir)
      return Promise.resolve('none')
    }
    await run('', [], { locate })
    await run('', ['--app-dir=/data'], { locate })
    expect(asked).toEqual([undefined, '/data'])
  })
})

describe('-follow', () => {
  it('goes on with calls as they end, in that order, with the same filters', async () => {
    const store = openTestStore()
    store.writer.record(callRow({ id: 'first', timestampMs: 100 }))
    await store.writer.flush()
    const follow = run(store.path, ['-follow', '-json', '-status', 'success'], {}, /"second"[^]*"fourth"/)
    const later = async (id: string, changes: Partial<CallRow>) => {
      store.writer.record(callRow({ id, ...changes }))
      await store.writer.flush()
    }
    // It began before the first, and ended after it.
    await later('second', { timestampMs: 50 })
    await later('third', { status: 'error' })
    await later('fourth', { timestampMs: 60 })
    const ids = (await follow)
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { id: string }).id)
    expect(ids).toEqual(['first', 'second', 'fourth'].filter((id) => ids.includes(id)))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('begins before there is a database', async () => {
    const store = openTestStore()
    const follow = run(store.path, ['-follow', '-json'], {}, /"late"/)
    store.writer.record(callRow({ id: 'late' }))
    expect(await follow).toContain('"late"')
  })
})

describe('-id', () => {
  it('shows one call with its answer, and with -json its bodies', async () => {
    const { path } = databaseOf(
      [callRow({ id: 'a', error: { kind: 'internal', message: 'one\ntwo' } })],
      [
        callContent(
          'a',
          '{"messages":[{"role":"user","content":"question"}]}',
          '{"type":"message","content":[{"type":"text","text":"the answer"}],"stop_reason":"end_turn"}',
        ),
      ],
    )
    const text = await run(path, ['-id', 'a'])
    expect(text).toMatch(/^id {21}a\n/)
    expect(text).toContain('"text": "the answer"')
    expect(text).not.toContain('question')
    const json = JSON.parse(await run(path, ['-id', 'a', '-json'])) as { raw_request: string }
    expect(json.raw_request).toContain('question')
    await expect(run(path, ['-id', 'b'])).rejects.toThrow('No call with the id "b" is in the log.')
  })
})

describe('E11 text from outside never acts on the terminal', () => {
  // Line ends are the command's own.
  const acts = new RegExp(
    `[${String.raw`\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff`}]`,
  )
  const corpus = [
    '\u001b[2J',
    '\u001b]0;title\u0007',
    '\u001b]52;c;cHduZWQ=\u0007',
    '\u009b31m',
    '\u0008\u0008',
    '\r\nfake line',
    '\u202Egnp.exe',
    '\u200b',
    '\0',
    '\ud800',
    '\u2028',
  ]

  it.each(corpus)('%j in every field', async (text) => {
    const row = callRow({
      id: `a${text}`,
      requestedModel: text,
      model: text,
      provider: text,
      sessionId: text,
      userAgent: text,
      finishReason: text,
      status: 'error',
      error: { kind: text, message: text },
      warnings: [{ kind: 'dropped', field: text, reason: text }],
      metadata: { [text]: text },
    })
    const { path } = databaseOf(
      [row],
      [
        callContent(
          row.id,
          JSON.stringify({ messages: text }),
          JSON.stringify({ type: 'message', content: [{ type: 'text', text }] }),
        ),
      ],
    )
    for (const args of [
      [],
      ['-json'],
      ['-id', row.id.toWellFormed()],
      ['-json', '-id', row.id.toWellFormed()],
    ]) {
      const printed = await run(path, args)
      expect(printed).not.toMatch(acts)
      expect(printed.split('\n').some((line) => line.startsWith('fake line'))).toBe(false)
    }
  })

  it('any text, in a line and in JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(acts)
        expect(printable(text)).not.toContain('\n')
        expect(printableJson({ [text]: text })).not.toMatch(acts)
        expect(JSON.parse(printableJson({ [text]: text }))).toEqual({ [text]: text })
        expect(callLine(callRow({ id: '', model: text }), { colours: false, width: undefined })).not.toMatch(
          acts,
        )
      }),
    )
  })
})
