import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { answerDecoder } from './admin/decode-answer.ts'
import type { LocalSources } from './cli/explain.ts'
import { cursor } from './http/cursor.ts'
import { CATALOGUE_FILE, preferCatalogue } from './models/catalogue.ts'
import { newResilience } from './pipeline/resilience.ts'
import { PROTOCOLS } from './protocols/index.ts'
import { readSettings } from './settings.ts'
import { appDirOf, load, SOURCES } from './start.ts'
import { Egress } from './wire/egress.ts'

/** `signalbox logs`: reads the database of the app dir that the flag or the default names. */
export async function showLogs(args: readonly string[]): Promise<void> {
  const { logs } = await import('./cli/logs.ts')
  const { SqliteReader } = await import('./stores/logs/sqlite-reader.ts')
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  endWhenUnread()
  await logs(args, {
    locate: async (flag) => {
      const { configuration } = await load(appDirOf(flag))
      return configuration.logs.path
    },
    open: (path) => new SqliteReader(path),
    decodeAnswer: answerDecoder([...PROTOCOLS, cursor]),
    write: (text) => void process.stdout.write(text),
    terminal: process.stdout.isTTY ? { columns: process.stdout.columns } : undefined,
    environment: process.env,
    signal: interrupted.signal,
  })
}

/** `head` closes its end when it has enough. */
function endWhenUnread(): void {
  process.stdout.once('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))
}

/** `signalbox catalogue`: the catalogue of the app dir, or the packaged one; what it fetches goes through the dialler. */
export async function runCatalogue(args: readonly string[]): Promise<void> {
  const { catalogue } = await import('./cli/catalogue.ts')
  const { fetchText } = await import('./wire/fetch-text.ts')
  endWhenUnread()
  const egress = new Egress()
  try {
    await catalogue(args, {
      locate: appDirWithCatalogue,
      configuredAddress: async (appDir) => (await load(appDir)).configuration.pricesAddress,
      fetchText: (url) => fetchText(egress, url),
      today: () => new Date().toISOString().slice(0, 10),
      write: (text) => void process.stdout.write(text),
    })
  } finally {
    await egress.close()
  }
}

/** `signalbox check`: compiles the file as a start would, and looks for what it says in vain. */
export async function runCheck(args: readonly string[]): Promise<void> {
  const { check } = await import('./cli/check.ts')
  const isFine = await check(args, {
    options: (flag) => ({ ...SOURCES, appDir: appDirWithCatalogue(flag), version: 1, nowMs: Date.now() }),
    write: (text) => void process.stdout.write(text),
  })
  if (!isFine) process.exitCode = 1
}

/** `signalbox explain`: reads what a gateway has left on the disk, or asks one that runs. */
export async function runExplain(args: readonly string[]): Promise<void> {
  const { explain } = await import('./cli/explain.ts')
  const { postJson } = await import('./wire/post-json.ts')
  endWhenUnread()
  const egress = new Egress()
  const token = process.env['SIGNALBOX_ADMIN_TOKEN']
  try {
    await explain(args, {
      open: openForExplaining,
      post: (url, body) => postJson(egress, url, body, token),
      read: (path) => (path === '-' ? standardInput() : readFile(path)),
      write: (text) => void process.stdout.write(text),
    })
  } finally {
    await egress.close()
  }
}

async function openForExplaining(flag: string | undefined): Promise<LocalSources> {
  const { readLedger } = await import('./stores/ledger/reading.ts')
  const { SqliteReader } = await import('./stores/logs/sqlite-reader.ts')
  const appDir = appDirWithCatalogue(flag)
  const configuration = await readSettings(appDir)
  const { budgets, rateLimits } = configuration.governance
  const file = new SqliteReader(configuration.logs.path)
  return {
    configuration: () => configuration,
    ledger: readLedger(join(appDir, 'ledger.db'), [...budgets.values(), ...rateLimits.values()]),
    resilience: newResilience(() => performance.now()),
    logs: { get: async (id) => file.get(id) },
    close: () => file.close(),
  }
}

async function standardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The app dir for a command that looks models up. */
function appDirWithCatalogue(flag: string | undefined): string {
  const appDir = appDirOf(flag)
  preferCatalogue(join(appDir, CATALOGUE_FILE), (problem) => console.error(`signalbox: ${problem}`))
  return appDir
}
