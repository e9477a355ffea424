import { basename, join } from 'node:path'
import { parseServeFlags, type ServeFlags } from './cli/flags.ts'
import { banner } from './cli/banner.ts'
import { answerDecoder } from './admin/decode-answer.ts'
import type { LogSources } from './admin/logs.ts'
import { createAdmin, ownRoutes } from './admin/routes.ts'
import { cursor } from './http/cursor.ts'
import { MOUNTS } from './http/mounts.ts'
import { Router } from './http/router.ts'
import { startServer } from './http/server.ts'
import { createLog } from './lib/log.ts'
import type { Log } from './lib/log.ts'
import { handle } from './pipeline/handle.ts'
import { CATALOGUE_FILE, edition, preferCatalogue } from './models/catalogue.ts'
import { interruptedRow, logInterrupted } from './pipeline/interrupted.ts'
import { IdleWatch } from './pipeline/idle-watch.ts'
import type { Dependencies } from './pipeline/dependencies.ts'
import type { HealthChange } from './pipeline/health.ts'
import { healthLine } from './pipeline/health-line.ts'
import { newResilience } from './pipeline/resilience.ts'
import { PROTOCOLS } from './protocols/index.ts'
import { CachedCredentials } from './providers/credentials/cached-credentials.ts'
import type { Account } from './rules/limits.ts'
import { announce, openSettings } from './settings.ts'
import { appDirOf, version } from './start.ts'
import { createAppDir } from './stores/config/app-dir.ts'
import type { Configuration, LedgerSettings } from './stores/config/configuration.ts'
import { watchConfiguration } from './stores/config/watch.ts'
import type { Interrupted, Ledger } from './stores/ledger/port.ts'
import { openLedger } from './stores/ledger/sqlite.ts'
import { openMemoryLogStore } from './stores/logs/memory.ts'
import type { LogStore } from './stores/logs/port.ts'
import { openLogStore } from './stores/logs/sqlite.ts'
import { Egress } from './wire/egress.ts'
import type { Upstream } from './wire/egress.ts'

type Report = (message: string, error?: unknown) => void

/** How long open answers may go on after the signal to stop. */
const DRAIN_MS = 30_000

/** The gateway: reads the configuration, opens the stores, builds what the pipeline needs, and listens. */
export async function serve(args: readonly string[]): Promise<void> {
  const flags = parseServeFlags(args, process.env)
  const log = openLog(flags)
  const report: Report = (message, error) => log.error(message, detailsOf(error))
  const appDir = await openAppDir(flags.appDir, log)

  const { settings, configStore, loaded } = await openSettings({
    host: flags.host,
    appDir,
    log,
    report,
    onChange: (configuration) => tell(configuration, dependencies, logStore),
  })
  const logStore = openLogs(loaded.configuration, report)
  const ledger = await openAccounts(appDir, loaded.configuration, logStore, report)
  const stores = { logs: logStore.writer, ledger }
  const dependencies = connect(() => settings.running.configuration, stores, log, report)
  const { egress } = dependencies
  const admin = createAdmin({ settings, store: configStore, ledger, now: Date.now })
  const server = await startServer({
    host: flags.host,
    port: flags.port,
    router: new Router(MOUNTS, ownRoutes({ ...dependencies, ...logSources(logStore) }, admin)),
    guards: () => settings.running.configuration.client,
    admit: admin.admit,
    handle: (call) => handle(call, dependencies),
    report,
  })
  const watcher = watchConfiguration({
    appDir,
    loaded,
    read: (text, file) => settings.reload(text, file),
    onChange: (next) => {
      tell(next.configuration, dependencies, logStore)
      log.info(`${basename(next.file)} was read again`, { version: next.configuration.version })
      announce(next, log)
    },
    onRefused: (why) => log.error(`The configuration is not used, what ran goes on:\n${why}`),
  })

  stopOnSignal(async () => {
    watcher.close()
    settings.close()
    // Those whose answers last longer are told why they end, and their rows say so.
    await server.close(DRAIN_MS, () => egress.close())
    await egress.close()
    await ledger.close()
    await logStore.close()
    configStore.close()
  })
  // Who reads this may send the signal at once.
  console.log(banner(version(), server.port, flags.host, loaded.configuration))
  warmUp(egress)
}

/** What a call needs. A change in the health of a provider key is told. */
function connect(
  configuration: () => Configuration,
  stores: Pick<Dependencies, 'logs' | 'ledger'>,
  log: Log,
  report: Report,
): Dependencies & Told {
  const egress = new Egress()
  const credentials = new CachedCredentials({ egress, environment: process.env, report })
  const idleWatch = new IdleWatch()
  const onHealth = (change: HealthChange) => log[change.type === 'back' ? 'info' : 'warn'](healthLine(change))
  const resilience = newResilience(() => performance.now(), onHealth)
  const random = Math.random
  return { configuration, egress, credentials, ...stores, idleWatch, resilience, random, report }
}

/** Rows are kept as long as it says; limits count anew what changed of them; connections and tokens of what is named no longer are closed and forgotten. */
function tell(configuration: Configuration, { ledger, egress, credentials }: Told, logStore: LogStore): void {
  logStore.setRetention(configuration.client.logRetentionDays)
  ledger.configure(accountsOf(configuration))
  egress.keepOnly(upstreamsOf(configuration))
  credentials.keepOnly([...configuration.providers.values()].flatMap(({ keys }) => keys))
}

interface Told {
  readonly ledger: Ledger
  readonly egress: Egress
  readonly credentials: CachedCredentials
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

function logSources({ reader, writer }: LogStore): LogSources {
  return {
    logs: reader,
    shedContents: () => writer.shedContents,
    lostRows: () => writer.lostRows,
    decodeAnswer: answerDecoder([...PROTOCOLS, cursor]),
  }
}

/** What is used of budgets and rate limits; what a crash of the gateway cut off has its row in the log, too. */
async function openAccounts(
  appDir: string,
  configuration: Configuration,
  logStore: LogStore,
  report: Report,
): Promise<Ledger> {
  const ledger = await openChosen(configuration.ledger, { appDir, report, logStore })
  ledger.configure(accountsOf(configuration))
  return ledger
}

interface LedgerContext {
  readonly appDir: string
  readonly report: Report
  readonly logStore: LogStore
}

async function openChosen(
  settings: LedgerSettings,
  { appDir, report, logStore }: LedgerContext,
): Promise<Ledger> {
  if (settings.store === 'unknown')
    throw new Error(`the ledger in Postgres cannot be opened: ${settings.reason}.`)
  if (settings.store === 'postgres') {
    const { openPostgresLedger } = await import('./stores/ledger/postgres/postgres.ts')
    const journalDirectory = join(appDir, 'ledger-postgres.journal')
    const onInterrupted = (attempt: Interrupted) =>
      logStore.writer.record(interruptedRow(attempt.call, [attempt]))
    return openPostgresLedger({ access: settings.access, journalDirectory, report, onInterrupted })
  }
  const { ledger, interrupted, logged } = openLedger({ path: join(appDir, 'ledger.db'), report })
  const late = 'Calls that a crash cut off are not in the log yet; the next start tries again'
  logInterrupted(interrupted, logStore).then(logged, (error: unknown) => report(late, error))
  return ledger
}

function accountsOf({ governance: { budgets, rateLimits } }: Configuration): Account[] {
  return [...budgets.values(), ...rateLimits.values()]
}

function openLogs({ logs, client }: Configuration, report: Report): LogStore {
  if (!logs.enabled) return openMemoryLogStore(0)
  return openLogStore({ path: logs.path, retentionDays: client.logRetentionDays, report })
}

function detailsOf(error: unknown): { reason?: string } {
  return error === undefined ? {} : { reason: reasonOf(error) }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
