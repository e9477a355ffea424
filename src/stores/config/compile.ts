import { join, resolve as resolvePath } from 'node:path'
import { flatText } from '../../lib/flat-text.ts'
import { PriceBook } from '../../models/price-book.ts'
import { RoutingRules } from '../../rules/routing-rules.ts'
import { lengthMs, parseDuration } from '../../rules/windows.ts'
import { anonymousAccount, expandAccounts } from './accounts.ts'
import type { AdminSettings, ClientSettings, Configuration, LogsSettings } from './configuration.ts'
import { compileLedger } from './compile-ledger.ts'
import { compileGovernance } from './compile-governance.ts'
import type { IssuedKey } from './compile-virtual-keys.ts'
import { compileProviders } from './compile-providers.ts'
import { CLIENT_DEFAULTS, LOGS_FILE } from './defaults.ts'
import { detectProviders } from './detect.ts'
import { resolve } from './environment.ts'
import type { Origin } from './governance.ts'
import { forgetfulMemory, type KeyMemory } from './key-memory.ts'
import type { Notice } from './notice.ts'
import { compilePriceOverride } from './price-overrides.ts'
import type { Environment, Registry } from './registry.ts'
import type { Settings } from './schema.ts'
import type { Tools } from './tools.ts'

export interface CompileOptions {
  readonly registry: Registry
  readonly environment: Environment
  /** Absolute. */
  readonly appDir: string
  readonly version: number
  /** Milliseconds since 1970; absent: now. */
  readonly nowMs?: number
  /** Absent: one that is forgotten with the configuration, so that made-up values are good for nothing. */
  readonly memory?: KeyMemory
  /** Where objects of the settings came from that are not the file's. */
  readonly origins?: { get(settings: object): Origin | undefined }
  /** Of the file; see `survey.ts`. */
  readonly unserved?: readonly string[]
  readonly tools?: Tools
}

export interface Compiled {
  readonly configuration: Configuration
  readonly notices: readonly Notice[]
  /** Values that were made up for virtual keys without one. */
  readonly issued: readonly IssuedKey[]
  /** What to remember once the configuration counts; the same object where nothing has changed. */
  readonly memory: KeyMemory
}

/**
 * Settings that passed the schema, as the gateway runs them: references resolved, defaults filled in, what cannot
 * work left out and told in a notice. Never throws: what is wrong with a file was said before. Expressions of routing rules are
 * compiled by `load.ts`, because their compiler takes long to load.
 */
export function compile(written: Settings, options: CompileOptions): Compiled {
  const { registry, environment, version, unserved = [] } = options
  const notices: Notice[] = []
  const { settings, origins } = expandAccounts(written)
  const listed = settings.providers ?? {}
  const providers =
    Object.keys(listed).length > 0
      ? compileProviders(listed, { registry, environment, notices })
      : detectProviders(registry, environment)
  const client = compileClient(written, notices)
  noteConfigStore(written.config_store ?? {}, notices)
  const { governance, issued, memory } = compileGovernance(settings, {
    environment,
    providers,
    notices,
    memory: options.memory ?? forgetfulMemory(),
    graceMs: client.rotationGraceMs,
    nowMs: options.nowMs ?? Date.now(),
    originOf: (object, place) =>
      options.origins?.get(object) ?? origins.get(object) ?? { source: 'file', place: flatText(place) },
    compilePattern: options.tools?.compilePattern,
    anonymousId: anonymousAccount(written),
  })
  const configuration: Configuration = {
    version,
    client,
    providers,
    governance,
    routing: new RoutingRules([]),
    admin: compileAdmin(settings, environment, notices),
    ledger: compileLedger(settings.ledger_store, environment, notices),
    logs: compileLogs(settings.logs_store ?? {}, options, notices),
    unserved,
    prices: compilePrices(settings, notices),
    pricesAddress: settings.framework?.pricing?.pricing_url || undefined,
  }
  return { configuration, notices, issued, memory }
}

function compilePrices(settings: Settings, notices: Notice[]): PriceBook {
  const listed = Object.entries(settings.providers ?? {}).flatMap(
    ([name, { pricing_overrides: entries = [] }]) =>
      entries.map((entry, index) => {
        return compilePriceOverride(
          entry,
          `providers.${name}.pricing_overrides[${index}]`,
          name.toLowerCase(),
        )
      }),
  )
  const everywhere = (settings.governance?.pricing_overrides ?? []).map((entry, index) =>
    compilePriceOverride(entry, `governance.pricing_overrides[${index}]`),
  )
  const compiled = [...everywhere, ...listed]
  for (const { override, unserved } of compiled) {
    if (unserved.length === 0) continue
    const message = `The prices "${override.name}" have fields that this version does not serve: ${unserved.join(', ')}.`
    notices.push({ kind: 'prices', message })
  }
  return new PriceBook(compiled.map(({ override }) => override))
}

const BYTES_PER_MB = 1024 * 1024

function compileClient(settings: Settings, notices: Notice[]): ClientSettings {
  const { client = {} } = settings
  const allowedOrigins = (client.allowed_origins ?? []).map((origin) =>
    origin.toLowerCase().replace(/\/$/, ''),
  )
  if (allowedOrigins.includes('*')) {
    const message =
      'client.allowed_origins "*" lets every web page call for inference; the admin API still answers its own pages only.'
    notices.push({ kind: 'client', message })
  }
  return {
    enableLogging: client.enable_logging ?? CLIENT_DEFAULTS.enable_logging,
    disableContentLogging: client.disable_content_logging ?? CLIENT_DEFAULTS.disable_content_logging,
    logRetentionDays: client.log_retention_days ?? CLIENT_DEFAULTS.log_retention_days,
    enforceAuthOnInference: enforcesAuth(settings),
    maxRequestBodyBytes:
      (client.max_request_body_size_mb ?? CLIENT_DEFAULTS.max_request_body_size_mb) * BYTES_PER_MB,
    allowedOrigins,
    allowedHosts: (client.allowed_hosts ?? []).map((host) => host.toLowerCase()),
    loggingHeaders: lowerCase(client.logging_headers),
    headerFilter: {
      allowed: lowerCase(client.header_filter_config?.allowlist),
      denied: lowerCase(client.header_filter_config?.denylist),
    },
    dropExcessRequests: client.drop_excess_requests ?? CLIENT_DEFAULTS.drop_excess_requests,
    rotationGraceMs: milliseconds(client.vk_rotation_cooldown),
  }
}

/** Either spelling can ask for keys; a leftover of the other must not open the gateway. */
function enforcesAuth(settings: Settings): boolean {
  const { client = {}, accounts = [] } = settings
  if (client.enforce_governance_header === true) return true
  const { is_enabled, disable_auth_on_inference } = authOf(settings)
  const isProtected = is_enabled === true && disable_auth_on_inference !== true
  return client.enforce_auth_on_inference ?? (accounts.length > 1 || isProtected)
}

function lowerCase(names: readonly string[] = []): string[] {
  return names.map((name) => name.toLowerCase())
}

function milliseconds(length: number | string = 0): number {
  if (typeof length === 'number') return length * 1000
  const duration = parseDuration(length)
  return duration === undefined ? 0 : lengthMs(duration)
}

/** The older place counts where the newer one is absent. */
function authOf({ governance, auth_config }: Settings): NonNullable<Settings['auth_config']> {
  return governance?.auth_config ?? auth_config ?? {}
}

function compileAdmin(settings: Settings, environment: Environment, notices: Notice[]): AdminSettings {
  const auth = authOf(settings)
  const enabled = auth.is_enabled ?? false
  const username = resolve(auth.admin_username, environment).value || undefined
  const password = resolve(auth.admin_password, environment).value || undefined
  if (enabled && (username === undefined || password === undefined)) {
    const message =
      'The admin API asks for a password that nobody has: auth_config needs admin_username and admin_password.'
    notices.push({ kind: 'governance', message })
  }
  const openPaths = settings.client?.whitelisted_routes ?? []
  return { enabled, username, password, openPaths }
}

function noteConfigStore(
  { enabled = true, type = 'sqlite' }: NonNullable<Settings['config_store']>,
  notices: Notice[],
): void {
  if (!enabled || type === 'sqlite') return
  const message = `config_store: this version does not write to ${type}; what the admin API changes goes to a SQLite file.`
  notices.push({ kind: 'governance', message })
}

function compileLogs(
  logs: NonNullable<Settings['logs_store']>,
  { appDir, environment }: CompileOptions,
  notices: Notice[],
): LogsSettings {
  const enabled = logs.enabled ?? true
  const { value, reference } = resolve(logs.config?.path, environment)
  const path = value === undefined || value === '' ? join(appDir, LOGS_FILE) : resolvePath(appDir, value)
  const tell = (reason: string) =>
    notices.push({ kind: 'logs', message: `logs_store: ${reason}; the log goes to ${path}.` })
  if (enabled && (logs.type ?? 'sqlite') !== 'sqlite') tell(`this version does not write to ${logs.type}`)
  if (enabled && value === undefined) tell(`the environment has no ${reference!.replace(/^env\./, '')}`)
  return { enabled, path }
}
