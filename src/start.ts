import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from './providers/index.ts'
import { defaultAppDir } from './stores/config/app-dir.ts'
import type { KeyMemory } from './stores/config/key-memory.ts'
import { loadConfiguration } from './stores/config/load.ts'
import type { Loaded } from './stores/config/load.ts'

/** What a configuration is compiled with. */
export const SOURCES = {
  registry: { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES },
  environment: process.env,
}

export function appDirOf(flag: string | undefined): string {
  return resolve(flag ?? defaultAppDir(process.env, process.platform, process.cwd()))
}

export function load(appDir: string, openMemory?: () => Promise<KeyMemory>): Promise<Loaded> {
  const from = { ...SOURCES, appDir, version: 1 }
  return loadConfiguration(openMemory === undefined ? from : { ...from, openMemory })
}

export function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}
