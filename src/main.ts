import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseServeFlags, FlagError, type ServeFlags } from './cli/flags.ts'
import { banner, issuedKeys } from './cli/banner.ts'
import { help } from './cli/help.ts'
import { answerDecoder } from './admin/decode-answer.ts'
import type { LogSources } from './admin/logs.ts'
import { ownRoutes } from './admin/routes.ts'
import { cursor } from './http/cursor.ts'
import { MOUNTS } from './http/mounts.ts'
import { Router } from './http/router.ts'
import { startServer } from './http/server.ts'
import { createLog } from './lib/log.ts'
import type { Log } from './lib/log.ts'
import { handle } from './pipeline/handle.ts'
import { CATALOGUE_FILE, edition, preferCatalogue } from './models/catalogue.ts'
import { IdleWatch } from './pipeline/idle-watch.ts'
import { PROTOCOLS } from './protocols/index.ts'
import { CachedCredentials } from './providers/credentials/cached-credentials.ts'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from './providers/index.ts'
import { exposed } from './rules/exposure.ts'
import { createAppDir, defaultAppDir } from './stores/config/app-dir.ts'
import type { Configuration } from './stores/config/configuration.ts'
import { KeyKeeper } from './stores/config/key-keeper.ts'
import type { KeyMemory } from './stores/config/key-memory.ts'
import { loadConfiguration, type Loaded } from './stores/config/load.ts'
import { ConfigurationError } from './stores/config/problem.ts'
import { watchConfiguration } from './stores/config/watch.ts'
import { openMemoryLogStore } from './stores/logs/memory.ts'
import type { LogStore } from './stores/logs/port.ts'
import { openLogStore } from './stores/logs/sqlite.ts'
import { Egress } from './wire/egress.ts'
import type { Upstream } from './wire/egress.ts'

type Report = (message: string, error?: unknown) => void

/** How long open answers may go on after the signal to stop. */
const DRAIN_MS = 30_000

/** What a configuration is compiled with. */
const SOURCES = {
  registry: { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES },
  environment: process.env,
}

const [command, ...rest] = process.argv.slice(2)

if (command === 'logs') await orSay(() => showLogs(rest), 'The flags: signalbox logs -help')
else if (command === 'catalogue') await orSay(() => runCatalogue(rest), 'More: signalbox catalogue -help')
else if (command === 'check') await orSay(() => runCheck(rest), 'More: signalbox check -help')
else if (command === 'help' || command === '-h' || command === '--help') console.log(help())
else if (command === 'version' || command === '--version') console.log(version())
else await orSay(() => serve(command === 'serve' ? rest : process.argv.slice(2)), help())

/** The gateway: reads the configuration, opens the stores, builds what the pipeline needs, and listens. */
async function serve(args: readonly string[]): Promise<void> {
  const flags = parseServeFlags(args, process.env)
  const log = openLog(flags)
  const report: Report = (message, error) => log.error(message, detailsOf(error))
  const appDir = await openAppDir(flags.appDir, log)

  const keys = new KeyKeeper(appDir, (problem) => log.warn(problem))
  const loaded = await begin(flags.host, appDir, keys, log)
  let { configuration } = loaded
  const logStore = openLogs(configuration, report)
  const egress = new Egress()
  const credentials = new CachedCredentials({ egress, environment: process.env, report })
  const dependencies = {
    configuration: () => configuration,
    egress,
    credentials,
    logs: logStore.writer,
    idleWatch: new IdleWatch(),
    random: Math.random,
    report,
  }
  const server = await startServer({
    host: flags.host,
    port: flags.port,
    router: new Router(MOUNTS, ownRoutes(logSources(logStore))),
    guards: () => configuration.client,
    handle: (call) => handle(call, dependencies),
    report,
  })
  console.log(banner(version(), server.port, flags.host, configuration))
  warmUp(egress)

  const refuse = (why: string) => log.error(`The configuration is not used, what ran goes on:\n${why}`)
  const watcher = watchConfiguration({
    ...SOURCES,
    appDir,
    openMemory: keys.open,
    loaded,
    onChange: (next) => {
      const opened = exposure(flags.host, next.configuration)
      if (opened !== undefined) return refuse(opened)
      configuration = next.configuration
      logStore.setRetention(configuration.client.logRetentionDays)
      forgetOthers(configuration, egress, credentials)
      log.info(`${basename(next.file)} was read again`, { version: configuration.version })
      void announce(next, keys, log)
    },
    onRefused: refuse,
  })

  stopOnSignal(async () => {
    watcher.close()
    // Those whose answers last longer are told why they end, and their rows say so.
    await server.close(DRAIN_MS, () => egress.close())
    await egress.close()
    await logStore.close()
  })
}

/** The configuration of the start, unless it must not be listened with. */
async function begin(host: string, appDir: string, keys: KeyKeeper, log: Log): Promise<Loaded> {
  const loaded = await load(appDir, keys.open)
  const refusal = exposure(host, loaded.configuration)
  if (refusal !== undefined) throw new Error(refusal)
  await announce(loaded, keys, log)
  return loaded
}

/** Says what there is to say of a configuration that counts, and shows the values that were made up for virtual keys. */
async function announce({ notices, memory, issued }: Loaded, keys: KeyKeeper, log: Log): Promise<void> {
  for (const notice of notices) log.warn(notice.message)
  try {
    await keys.keep(memory)
  } catch (error) {
    log.error(
      'Virtual keys cannot be remembered; made-up values change with the next start',
      detailsOf(error),
    )
  }
  if (issued.length > 0) console.log(issuedKeys(issued))
}

/** Closes the connections and forgets the tokens of what the configuration names no longer. */
function forgetOthers(configuration: Configuration, egress: Egress, credentials: CachedCredentials): void {
  egress.keepOnly(upstreamsOf(configuration))
  credentials.keepOnly([...configuration.providers.values()].flatMap(({ keys }) => keys))
}

/** Every address that the configuration leads to. */
function upstreamsOf({ providers }: Configuration): Upstream[] {
  const reaches = [...providers.values()].flatMap(({ reach, keys }) => [
    reach,
    ...keys.map((key) => key.reach),
  ])
  return reaches.flatMap((reach) => (reach === undefined ? [] : [reach.upstream]))
}

/** What the first call would wait for. */
function warmUp(egress: Egress): void {
  void egress.warmUp()
  setImmediate(() => edition())
}

/** The second signal means now. */
function stopOnSignal(stop: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().then(() => process.exit(0)))
}

/** Whoever reads our lines may leave (`| head`, a supervisor that restarts); calls go on without a reader. */
function openLog({ logLevel, logStyle }: ServeFlags): Log {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return createLog(logLevel, logStyle, (line) => void process.stderr.write(line))
}

async function openAppDir(flag: string | undefined, log: Log): Promise<string> {
  const appDir = appDirOf(flag)
  await createAppDir(appDir)
  preferCatalogue(join(appDir, CATALOGUE_FILE), (problem) => log.warn(problem))
  return appDir
}

function appDirOf(flag: string | undefined): string {
  return resolve(flag ?? defaultAppDir(process.env, process.platform, process.cwd()))
}

function load(appDir: string, openMemory?: () => Promise<KeyMemory>): Promise<Loaded> {
  const from = { ...SOURCES, appDir, version: 1 }
  return loadConfiguration(openMemory === undefined ? from : { ...from, openMemory })
}

/** Why the gateway may not listen there with this configuration; undefined: it may. */
function exposure(host: string, { client, governance }: Configuration): string | undefined {
  const { enforceAuthOnInference } = client
  return exposed({
    host,
    enforceAuthOnInference,
    virtualKeys: governance.acceptsKeys ? governance.virtualKeys.size : 0,
  })
}

function logSources({ reader, writer }: LogStore): LogSources {
  return {
    logs: reader,
    shedContents: () => writer.shedContents,
    lostRows: () => writer.lostRows,
    decodeAnswer: answerDecoder([...PROTOCOLS, cursor]),
  }
}

/** `signalbox logs`: reads the database of the app dir that the flag or the default names. */
async function showLogs(args: readonly string[]): Promise<void> {
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
async function runCatalogue(args: readonly string[]): Promise<void> {
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
async function runCheck(args: readonly string[]): Promise<void> {
  const { check } = await import('./cli/check.ts')
  const isFine = await check(args, {
    options: (flag) => ({ ...SOURCES, appDir: appDirWithCatalogue(flag), version: 1, nowMs: Date.now() }),
    write: (text) => void process.stdout.write(text),
  })
  if (!isFine) process.exitCode = 1
}

/** The app dir for a command that looks models up. */
function appDirWithCatalogue(flag: string | undefined): string {
  const appDir = appDirOf(flag)
  preferCatalogue(join(appDir, CATALOGUE_FILE), (problem) => console.error(`signalbox: ${problem}`))
  return appDir
}

function openLogs({ logs, client }: Configuration, report: Report): LogStore {
  if (!logs.enabled) return openMemoryLogStore(0)
  return openLogStore({ path: logs.path, retentionDays: client.logRetentionDays, report })
}

/** What the operator can mend is said in its own words, without a stack. */
async function orSay(work: () => Promise<void>, usage: string): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof FlagError) console.error(`signalbox: ${message}\n\n${usage}`)
    else if (error instanceof ConfigurationError)
      console.error(`signalbox: ${basename(error.file)} is not used:\n${message}`)
    else if (code === 'EADDRINUSE')
      console.error(`signalbox: ${message}. Stop what listens there, or choose another -port.`)
    else console.error(`signalbox: ${message}`)
    process.exit(1)
  }
}

function detailsOf(error: unknown): { reason?: string } {
  return error === undefined ? {} : { reason: reasonOf(error) }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}
