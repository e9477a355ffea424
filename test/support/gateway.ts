import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { signalGroup } from './agent/process.ts'

export interface GatewayOptions {
  /** The contents of `config.json`. */
  config: unknown
  /** Environment beside PATH and HOME; nothing is inherited. */
  env?: Record<string, string>
  /** Further flags. */
  args?: string[]
  /** An application folder that outlives it; a fresh one of its own unless told. */
  appDir?: string
  /** A command with its arguments that runs the program, given behind them. Its process must become the program's. */
  within?: readonly string[]
}

export interface Gateway {
  /** Its address, without a trailing slash. */
  url: string
  appDir: string
  pid: number
  stdout(): string
  stderr(): string
  /** The exit code once it has ended; null while it runs. */
  exitCode(): number | null
  /** Stops it with SIGTERM, or SIGKILL when it does not end, and removes its folder. */
  close(): Promise<void>
}

const PROGRAM = join(import.meta.dirname, '../../bin/signalbox.cjs')
const START_MS = 30_000
const STOP_MS = 10_000

/** The keys that `providersConfig` gives the gateway. A client must never see them, nor a provider another's. */
export const ANTHROPIC_KEY = 'sk-ant-test'
export const OPENAI_KEY = 'sk-openai-test'

/** A `config.json` whose Anthropic and OpenAI providers are the scripted provider at `url`. */
export function providersConfig(url: string): { providers: Record<string, unknown> } {
  const provider = (name: string, value: string) => ({
    keys: [{ name, value, models: ['*'], weight: 1 }],
    network_config: { base_url: url },
  })
  return { providers: { anthropic: provider('a1', ANTHROPIC_KEY), openai: provider('o1', OPENAI_KEY) } }
}

export async function newAppDir(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'signalbox-gateway-')))
}

export function removeAppDir(appDir: string): Promise<void> {
  return rm(appDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/**
 * Starts the real program on a free port.
 * @throws with what it printed when it ends or prints no address in time
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, env = {}, args = [], within = [] } = options
  const appDir = options.appDir ?? (await newAppDir())
  await writeFile(join(appDir, 'config.json'), JSON.stringify(config))
  const program = [process.execPath, PROGRAM, '-port', '0', '-app-dir', appDir, ...args]
  const [command = '', ...rest] = [...within, ...program]
  const child = spawn(command, rest, {
    cwd: appDir,
    env: { PATH: process.env.PATH, HOME: appDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The program may start another Node: one group, so that nothing outlives a test.
    detached: true,
  })
  const closed = once(child, 'close')
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const address = new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const url = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(stdout)?.[0]
      if (url) resolve(url)
    })
  })
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      const giveUp = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), STOP_MS)
      await closed
      clearTimeout(giveUp)
    }
    signalGroup(child.pid, 'SIGKILL')
    if (options.appDir === undefined) await removeAppDir(appDir)
  }
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), START_MS)
  const url = await Promise.race([
    address,
    closed.then(() => undefined),
    once(late.signal, 'abort').then(() => undefined),
  ])
  clearTimeout(timer)
  if (url === undefined) {
    await close()
    const why = late.signal.aborted
      ? `printed no address in ${START_MS / 1000} s`
      : `ended with code ${child.exitCode}`
    throw new Error(`The gateway ${why}.\n${stdout}${stderr}`)
  }
  return {
    url,
    appDir,
    pid: child.pid!,
    stdout: () => stdout,
    stderr: () => stderr,
    exitCode: () => child.exitCode,
    close,
  }
}
