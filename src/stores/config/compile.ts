import { join, resolve as resolvePath } from 'node:path'
import { PriceBook } from '../../models/price-book.ts'
import type { ClientSettings, Configuration, LogsSettings, VirtualKey } from './configuration.ts'
import { compileProviders } from './compile-providers.ts'
import { CLIENT_DEFAULTS, LOGS_FILE } from './defaults.ts'
import { detectProviders } from './detect.ts'
import { resolve } from './environment.ts'
import type { Notice } from './notice.ts'
import { compilePriceOverride } from './price-overrides.ts'
import type { Environment, Registry } from './registry.ts'
import type { Settings } from './schema.ts'

export interface CompileOptions {
  readonly registry: Registry
  readonly environment: Environment
  /** Absolute. */
  readonly appDir: string
  readonly version: number
  /** Of the file; see `survey.ts`. */
  readonly unserved?: readonly string[]
}

export interface Compiled {
  readonly configuration: Configuration
  readonly notices: readonly Notice[]
}

/**
 * Settings that passed the schema, as the gateway runs them: references resolved, defaults filled in, what cannot
 * work left out and told in a notice. Never throws: what is wrong with a file was said before.
 */
export function compile(settings: Settings, options: CompileOptions): Compiled {
  const { registry, environment, version, unserved = [] } = options
  const notices: Notice[] = []
  const listed = settings.providers ?? {}
  const providers =
    Object.keys(listed).length > 0
      ? compileProviders(listed, { registry, environment, notices })
      : detectProviders(registry, environment)
  const configuration: Configuration = {
    version,
    client: compileClient(settings.client ?? {}, notices),
    providers,
    virtualKeys: compileVirtualKeys(settings, environment, notices),
    logs: compileLogs(settings.logs_store ?? {}, options, notices),
    unserved,
    prices: compilePrices(settings, notices),
    pricesAddress: settings.framework?.pricing?.pricing_url || undefined,
  }
  return { configuration, notices }
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

function compileClient(client: NonNullable<Settings['client']>, notices: Notice[]): ClientSettings {
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
    // Either spelling can ask for keys; a leftover of the other must not open the gateway.
    enforceAuthOnInference:
      client.enforce_auth_on_inference === true || client.enforce_governance_header === true,
    maxRequestBodyBytes:
      (client.max_request_body_size_mb ?? CLIENT_DEFAULTS.max_request_body_size_mb) * BYTES_PER_MB,
    allowedOrigins,
    allowedHosts: (client.allowed_hosts ?? []).map((host) => host.toLowerCase()),
    loggingHeaders: (client.logging_headers ?? []).map((header) => header.toLowerCase()),
  }
}

function compileVirtualKeys(settings: Settings, environment: Environment, notices: Notice[]): VirtualKey[] {
  const compiled = new Map<string, VirtualKey>()
  const refuse = (name: string, reason: string) =>
    notices.push({ kind: 'virtual-key', message: `The virtual key "${name}" cannot be used: ${reason}.` })
  for (const key of settings.governance?.virtual_keys ?? []) {
    const { value, reference } = resolve(key.value, environment)
    if (value === undefined) refuse(key.name, `the environment has no ${reference!.replace(/^env\./, '')}`)
    else if (value === '') refuse(key.name, 'it has no value, and this version makes none up')
    else if (compiled.has(value)) refuse(key.name, `it has the same value as "${compiled.get(value)!.name}"`)
    else compiled.set(value, { id: key.id, name: key.name, value, active: key.is_active ?? true })
    // In the headers of provider keys, only the prefix tells a virtual key from an agent's placeholder.
    if (value !== undefined && value !== '' && !/^sk-bf-/i.test(value)) {
      const message = `The virtual key "${key.name}" does not begin with sk-bf-: callers can send it in x-bf-vk only.`
      notices.push({ kind: 'virtual-key', message })
    }
  }
  return [...compiled.values()]
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
