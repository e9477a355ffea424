import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readVariable } from './environment.ts'
import type { Environment } from './registry.ts'

/**
 * Where configuration and databases are when `-app-dir` says nothing: `~/.config/signalbox`, on Windows
 * `%APPDATA%\signalbox`, and below the working directory where there is no home (a container's bare user).
 */
export function defaultAppDir(environment: Environment, platform: string, workingDirectory: string): string {
  const parent = readVariable(platform === 'win32' ? 'APPDATA' : 'HOME', environment)
  if (parent === undefined) return join(workingDirectory, 'signalbox-data')
  return platform === 'win32' ? join(parent, 'signalbox') : join(parent, '.config', 'signalbox')
}

/** Prompts and keys are stored there: nobody else on the machine may look. */
export async function createAppDir(appDir: string): Promise<void> {
  await mkdir(appDir, { recursive: true, mode: 0o700 })
}
