import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CONFIG_FILES, findConfigFile, readConfigFile } from './load.ts'
import type { Loaded } from './load.ts'
import { ConfigurationError } from './problem.ts'

export interface WatchOptions {
  readonly appDir: string
  /** What runs now. */
  readonly loaded: Loaded
  /** Makes settings of the text that is there now. Rejects where it cannot be used. */
  readonly read: (text: string, file: string) => Promise<Loaded>
  /** A changed file was accepted; called before the next one is looked at. */
  readonly onChange: (loaded: Loaded) => void
  /** The file cannot be used as it is now, and what ran goes on running. Once for each state of the file. */
  readonly onRefused: (message: string) => void
  readonly intervalMs?: number
}

export interface ConfigWatcher {
  /** Looks at the file now instead of at the next interval. */
  poll(): Promise<void>
  close(): void
}

const INTERVAL_MS = 1000

/**
 * Follows the configuration file by asking for its state once a second. A watch on the folder would be woken by every
 * write to the log databases that lie beside it (9 µs each, measured, several for every call), and sees neither
 * the swapped links of a mounted ConfigMap nor changes on network and shared folders.
 */
export function watchConfiguration(options: WatchOptions): ConfigWatcher {
  const { appDir, onChange, onRefused } = options
  let { text: running, file } = options.loaded
  let state: string | undefined
  let refused: string | undefined
  let polling: Promise<void> | undefined
  let closed = false

  const timer = setInterval(() => void poll(), options.intervalMs ?? INTERVAL_MS)
  timer.unref()
  return {
    poll,
    close() {
      closed = true
      clearInterval(timer)
    },
  }

  function poll(): Promise<void> {
    polling ??= look().finally(() => (polling = undefined))
    return polling
  }

  async function look(): Promise<void> {
    const states = await Promise.all(CONFIG_FILES.map((name) => stateOf(join(appDir, name))))
    const current = states.join()
    if (closed || current === state) return
    state = current
    try {
      await reload()
    } catch (error) {
      const { message } = error as Error
      refuse(error instanceof ConfigurationError ? message : `${file}: ${message}`)
    }
  }

  async function reload(): Promise<void> {
    const found = await findConfigFile(appDir)
    const text = await readConfigFile(found)
    if (text === running && (found === file || text === undefined)) refused = undefined
    else if (text === undefined) refuse(`${file} is gone`)
    // Editors empty a file before they write it; the rest comes within the second.
    else if (text.trim() !== '') {
      const next = await options.read(text, found)
      if (closed) return
      running = text
      file = found
      refused = undefined
      onChange(next)
    }
  }

  function refuse(message: string): void {
    if (closed || message === refused) return
    refused = message
    onRefused(message)
  }
}

const ABSENT = 'absent'

/** Changes with every write, replacement and change of permissions. */
async function stateOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch {
    return ABSENT
  }
}
