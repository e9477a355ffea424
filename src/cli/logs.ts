import { setTimeout } from 'node:timers/promises'
import type { DecodeAnswer } from '../admin/decode-answer.ts'
import { logEntry } from '../admin/log-entry.ts'
import { getLog } from '../admin/logs.ts'
import type { CallRow, LogFile } from '../stores/logs/port.ts'
import { FlagError, readFlags } from './flags.ts'
import { callLine, headerLine } from './log-lines.ts'
import type { LineStyle } from './log-lines.ts'
import { printable, printableJson } from './printable.ts'

/** What the command reaches outside itself through. */
export interface LogsSurroundings {
  /** The path of the log database, from the flag `-app-dir` where it is given. */
  locate: (appDir: string | undefined) => Promise<string>
  open: (path: string) => LogFile
  decodeAnswer: DecodeAnswer
  write: (text: string) => void
  /** undefined: the output is no terminal. */
  terminal: { columns: number } | undefined
  environment: Readonly<Record<string, string | undefined>>
  /** Ends `-follow`. */
  signal: AbortSignal
}

export const LOGS_HELP = `Shows the calls that the gateway handled, newest last. Works while it runs and when it does not.

Usage: signalbox logs [flags]

  -follow       go on with each call that ends
  -limit        how many calls to show, 1 to 1000        (default 20)
  -session      only this session: its id, or the beginning of it
  -status       only success, error or cancelled
  -id           one call, with its answer; with -json also its bodies
  -json         one JSON object a call, in the shape of GET /api/logs
  -app-dir      where the gateway's log is               (default as for the gateway)
`

interface LogsFlags {
  follow: boolean
  json: boolean
  limit: number
  session: string | undefined
  status: string | undefined
  id: string | undefined
  appDir: string | undefined
}

const NAMES = ['limit', 'session', 'status', 'id', 'app-dir']
const SWITCHES = ['follow', 'json', 'help']
const STATUSES = ['success', 'error', 'cancelled']
const FOLLOW_INTERVAL_MS = 250
const FOLLOW_BATCH = 1000

/**
 * `signalbox logs`: reads the log database itself, so that it needs no gateway and no credentials.
 * Throws {@link FlagError}, and `not_found` for an id that is not there.
 */
export async function logs(args: readonly string[], on: LogsSurroundings): Promise<void> {
  const given = readFlags(args, NAMES, SWITCHES)
  if (given.has('help')) return on.write(LOGS_HELP)
  const flags = parseFlags(given)
  const file = on.open(await on.locate(flags.appDir))
  try {
    if (flags.id !== undefined) await showCall(flags.id, flags, file, on)
    else await showCalls(flags, file, on)
  } finally {
    file.close()
  }
}

async function showCalls(flags: LogsFlags, file: LogFile, on: LogsSurroundings): Promise<void> {
  const style = styleOf(on)
  const show = (row: CallRow) =>
    on.write(`${flags.json ? printableJson(logEntry(row)) : callLine(row, style)}\n`)
  if (!flags.json) on.write(`${headerLine(style)}\n`)
  let seq = file.lastSeq()
  const sessionId = flags.session && fullSessionId(flags.session, file)
  const { rows } = file.list({
    sessionId,
    status: flags.status === undefined ? undefined : [flags.status],
    limit: flags.limit,
    offset: 0,
    sortBy: 'timestamp',
    order: 'desc',
  })
  for (const row of rows.toReversed()) show(row)

  const shown = new Set(rows.map((row) => row.id))
  while (flags.follow && !on.signal.aborted) {
    // A database that was damaged has been replaced by a new one, which counts from the beginning.
    if (file.lastSeq() < seq) seq = 0
    for (const next of file.after(seq, FOLLOW_BATCH)) {
      seq = next.seq
      if (fits(next.row, flags) && !shown.has(next.row.id)) show(next.row)
    }
    await setTimeout(FOLLOW_INTERVAL_MS, undefined, { signal: on.signal }).catch(() => {})
  }
}

async function showCall(id: string, flags: LogsFlags, file: LogFile, on: LogsSurroundings): Promise<void> {
  const sources = { logs: { get: async () => file.get(id) }, decodeAnswer: on.decodeAnswer }
  const { body } = await getLog(id, sources)
  if (flags.json) return on.write(`${printableJson(body, 2)}\n`)
  const {
    raw_request: _request,
    raw_response: _response,
    input_history: _history,
    ...rest
  } = body as Record<string, unknown>
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined || value === null || value === '') continue
    const text =
      typeof value === 'object'
        ? printableJson(value, 2)
        : printable(typeof value === 'string' ? value : JSON.stringify(value))
    on.write(`${name.padEnd(22)} ${text.replaceAll('\n', `\n${' '.repeat(23)}`)}\n`)
  }
}

/** The lines show the first letters of a session; those are enough for one among the last thousand calls. */
function fullSessionId(given: string, file: LogFile): string {
  const { rows } = file.list({ limit: 1000, offset: 0, sortBy: 'timestamp', order: 'desc' })
  return rows.find((row) => row.sessionId?.startsWith(given))?.sessionId ?? given
}

function fits(row: CallRow, { status, session }: LogsFlags): boolean {
  if (status !== undefined && row.status !== status) return false
  return session === undefined || (row.sessionId?.startsWith(session) ?? false)
}

function styleOf({ terminal, environment }: LogsSurroundings): LineStyle {
  // https://no-color.org: present and not empty.
  return { colours: terminal !== undefined && !environment['NO_COLOR'], width: terminal?.columns }
}

function parseFlags(given: ReadonlyMap<string, string>): LogsFlags {
  const limit = given.get('limit') ?? '20'
  if (!/^\d+$/.test(limit) || Number(limit) < 1 || Number(limit) > 1000) {
    throw new FlagError(`-limit: found "${limit}", expected a number from 1 to 1000`)
  }
  const status = given.get('status')
  if (status !== undefined && !STATUSES.includes(status)) {
    throw new FlagError(`-status: found "${status}", expected one of ${STATUSES.join(', ')}`)
  }
  return {
    follow: isOn(given, 'follow'),
    json: isOn(given, 'json'),
    limit: Number(limit),
    session: given.get('session') || undefined,
    status,
    id: given.get('id') || undefined,
    appDir: given.get('app-dir') || undefined,
  }
}

function isOn(given: ReadonlyMap<string, string>, name: string): boolean {
  return given.has(name) && given.get(name) !== 'false'
}
