import { issuedKeys } from './cli/banner.ts'
import type { Log } from './lib/log.ts'
import { exposed } from './rules/exposure.ts'
import { load, SOURCES } from './start.ts'
import type { Configuration } from './stores/config/configuration.ts'
import { KeyKeeper } from './stores/config/key-keeper.ts'
import { readKeyMemory } from './stores/config/key-memory.ts'
import type { Loaded } from './stores/config/load.ts'
import { configStorePath } from './stores/config-store/location.ts'
import { ManagedSettings } from './stores/config-store/managed-settings.ts'
import type { ConfigStore } from './stores/config-store/port.ts'
import { openConfigStore, readConfigStore } from './stores/config-store/sqlite.ts'

interface SettingsOptions {
  readonly host: string
  readonly appDir: string
  readonly log: Log
  readonly report: (message: string, error?: unknown) => void
  /** Other settings run, because of the API or because a time has come. */
  readonly onChange: (configuration: Configuration) => void
}

interface OpenedSettings {
  readonly settings: ManagedSettings
  /** Where the API keeps what it makes. */
  readonly configStore: ConfigStore
  readonly loaded: Loaded
}

/** What the file and the API make together. Rejects where it cannot be used, or must not be listened with. */
export async function openSettings(options: SettingsOptions): Promise<OpenedSettings> {
  const { host, appDir, log, report, onChange } = options
  const keys = new KeyKeeper(appDir, (problem) => log.warn(problem))
  const read = await load(appDir, keys.open)
  const configStore = openConfigStore(await configStorePath(read, process.env, appDir))
  const { settings, loaded } = await ManagedSettings.open(read, {
    ...SOURCES,
    appDir,
    store: configStore,
    keys,
    mayRun: (configuration) => exposure(host, configuration),
    onChange: (configuration, notices) => {
      onChange(configuration)
      for (const notice of notices) log.warn(notice.message)
    },
    report,
  })
  announce(loaded, log)
  return { settings, configStore, loaded }
}

/** The same for commands that only look. Nothing is written. */
export async function readSettings(appDir: string): Promise<Configuration> {
  const memory = await readKeyMemory(appDir)
  const keys = { open: async () => memory, keep: async () => undefined }
  const read = await load(appDir, keys.open)
  const store = readConfigStore(await configStorePath(read, process.env, appDir))
  const ignore = () => undefined
  const options = { ...SOURCES, appDir, store, keys, mayRun: ignore, onChange: ignore, report: ignore }
  const { settings } = await ManagedSettings.open(read, options)
  settings.close()
  return settings.running.configuration
}

/** Says what there is to say of settings that count, and shows the values that were made up for virtual keys. */
export function announce({ notices, issued }: Loaded, log: Log): void {
  for (const notice of notices) log.warn(notice.message)
  if (issued.length > 0) console.log(issuedKeys(issued))
}

/** Why the gateway may not listen there with this configuration; undefined: it may. */
function exposure(host: string, { client, governance }: Configuration): string | undefined {
  return exposed({
    host,
    enforceAuthOnInference: client.enforceAuthOnInference,
    virtualKeys: governance.acceptsKeys ? governance.virtualKeys.size : 0,
  })
}
