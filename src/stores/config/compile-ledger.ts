import type { LedgerSettings } from './configuration.ts'
import { LEDGER_DEFAULTS } from './defaults.ts'
import { resolve } from './environment.ts'
import type { EnvironmentText } from './fields.ts'
import type { Notice } from './notice.ts'
import type { Environment } from './registry.ts'
import type { Settings } from './schema.ts'

/** Where what is spent of budgets and rate limits is kept. */
export function compileLedger(
  written: Settings['ledger_store'],
  environment: Environment,
  notices: Notice[],
): LedgerSettings {
  const settings = locate(written ?? {}, environment)
  if (settings.store === 'unknown')
    notices.push({ kind: 'ledger', message: `ledger_store: ${settings.reason}; the gateway does not start.` })
  return settings
}

function locate(written: NonNullable<Settings['ledger_store']>, environment: Environment): LedgerSettings {
  if ((written.type ?? LEDGER_DEFAULTS.type) === 'sqlite') return { store: 'sqlite' }
  const { config } = written
  if (config === undefined) return { store: 'unknown', reason: 'ledger_store.config is missing' }
  const problems: string[] = []
  const text = (setting: string, value: EnvironmentText | undefined): string => {
    const resolved = resolve(value, environment)
    if (resolved.value === undefined)
      problems.push(`the environment has no ${resolved.reference!.replace(/^env\./, '')}`)
    else if (resolved.value === '') problems.push(`ledger_store.config.${setting} is empty`)
    return resolved.value ?? ''
  }
  const access = {
    host: text('host', config.host),
    port: portOf(text('port', portText(config.port)), problems),
    user: text('user', config.user),
    password: config.password === undefined ? undefined : text('password', config.password),
    database: text('db_name', config.db_name),
    sslMode: config.ssl_mode ?? LEDGER_DEFAULTS.ssl_mode,
    connectionsMax: config.max_open_conns ?? LEDGER_DEFAULTS.max_open_conns,
  }
  if (problems.length > 0) return { store: 'unknown', reason: problems.join(', and ') }
  return { store: 'postgres', access }
}

function portText(port: number | EnvironmentText = LEDGER_DEFAULTS.port): EnvironmentText {
  return typeof port === 'number' ? String(port) : port
}

function portOf(text: string, problems: string[]): number {
  const port = Number(text)
  if (text !== '' && !(Number.isInteger(port) && port > 0 && port < 65_536))
    problems.push('ledger_store.config.port is no port')
  return port
}
