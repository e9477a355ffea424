import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../../src/providers/index.ts'
import { KeyKeeper } from '../../src/stores/config/key-keeper.ts'
import { loadConfiguration } from '../../src/stores/config/load.ts'
import type { Loaded } from '../../src/stores/config/load.ts'
import { ManagedSettings } from '../../src/stores/config-store/managed-settings.ts'
import type { ManagedOptions } from '../../src/stores/config-store/managed-settings.ts'
import type { ConfigStore } from '../../src/stores/config-store/port.ts'
import { openConfigStore } from '../../src/stores/config-store/sqlite.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }

export interface ManagedSetup {
  /** The contents of `config.json`; undefined: none. */
  readonly file?: unknown
  /** One that there is already. */
  readonly appDir?: string
  readonly environment?: Record<string, string>
  readonly mayRun?: ManagedOptions['mayRun']
  readonly now?: () => number
}

export interface Managed {
  readonly settings: ManagedSettings
  readonly loaded: Loaded
  readonly store: ConfigStore
  readonly appDir: string
  /** What was told as new, the versions of the configuration in front. */
  readonly told: string[]
  /** Writes the file and has it read. */
  reload(file: unknown): Promise<Loaded>
  /** Ends it, so that another can be opened with the same app dir. */
  close(): void
}

/** Settings of file and API as a gateway has them, on disk. */
export async function openManaged(setup: ManagedSetup = {}): Promise<Managed> {
  const { appDir = temporaryDirectory(), environment = {}, mayRun = () => undefined, now } = setup
  const path = join(appDir, 'config.json')
  if (setup.file !== undefined) writeFileSync(path, JSON.stringify(setup.file))
  const told: string[] = []
  const keys = new KeyKeeper(appDir, (problem) => told.push(problem))
  const store = openConfigStore(join(appDir, 'config.db'))
  onTestFinished(() => store.close())
  const common = { registry, environment, appDir }
  const opened = ManagedSettings.open(
    await loadConfiguration({ ...common, version: 1, openMemory: keys.open }),
    {
      ...common,
      store,
      keys,
      mayRun,
      ...(now && { now }),
      report: (message, error) => told.push(`${message}: ${String(error)}`),
      onChange: ({ version }, notices) =>
        told.push([`version ${version}`, ...notices.map(({ message }) => message)].join('; ')),
    },
  )
  opened.catch(() => store.close())
  const { settings, loaded } = await opened
  return {
    settings,
    loaded,
    store,
    appDir,
    told,
    reload: (file) => settings.reload(JSON.stringify(file, undefined, 1), path),
    close: () => {
      settings.close()
      store.close()
    },
  }
}
