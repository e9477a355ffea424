/** The processes under measurement: the floor and the gateway, alone on core 0, with their processor time. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PROXY_CORE = 0
export const LOAD_CORE = 1

const ROOT = join(import.meta.dirname, '..')
/** The installed command. */
export const PROGRAM = join(ROOT, 'bin/signalbox.cjs')
const RUNTIME = join(import.meta.dirname, 'runtime.cjs')
/** What `npm start` gives to Node; the floor gets it as well. */
const { LAUNCH } = createRequire(import.meta.url)('../bin/runtime.cjs') as {
  LAUNCH: { flags: string[]; environment: Record<string, string> }
}

export interface Proxied {
  url: string
  pid: number
  stderr(): string
  close(): Promise<void>
}

export function startFloor(upstreamUrl: string): Promise<Proxied> {
  return start(['--require', RUNTIME, join(import.meta.dirname, 'floor.ts'), upstreamUrl])
}

/** The gateway as it is installed, with default settings but for where its providers are. */
export async function startGateway(
  upstreamUrl: string,
  nodeArgs: readonly string[] = [],
  config: unknown = configFor(upstreamUrl),
): Promise<Proxied & { appDir: string }> {
  const appDir = makeAppDir(config)
  const gateway = await start([...nodeArgs, '--require', RUNTIME, PROGRAM, '-port', '0', '-app-dir', appDir])
  const close = async () => {
    await gateway.close()
    rmSync(appDir, { recursive: true, force: true })
  }
  return { ...gateway, appDir, close }
}

export function configFor(upstreamUrl: string): unknown {
  const provider = (name: string, value: string) => ({
    keys: [{ name, value }],
    network_config: { base_url: upstreamUrl },
  })
  return { providers: { anthropic: provider('a1', 'sk-ant-bench'), openai: provider('o1', 'sk-bench') } }
}

/** A fresh application folder. */
export function makeAppDir(config: unknown): string {
  const appDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  if (config !== undefined) writeFileSync(join(appDir, 'config.json'), JSON.stringify(config))
  return appDir
}

async function start(args: readonly string[]): Promise<Proxied> {
  const command = [process.execPath, ...LAUNCH.flags, ...args]
  const child = spawn('taskset', ['-c', String(PROXY_CORE), ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...LAUNCH.environment, PATH: process.env['PATH'], HOME: process.env['HOME'] },
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const url = await addressOf(child).catch((error: Error) => {
    throw new Error(`${error.message}\n${stderr}`)
  })
  return {
    url,
    pid: child.pid!,
    stderr: () => stderr,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      const giveUp = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await closed
      clearTimeout(giveUp)
    },
  }
}

/** The address that a child prints. */
export function addressOf(child: ChildProcess): Promise<string> {
  let stdout = ''
  return new Promise((resolve, reject) => {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const found = /http:\/\/[\w.]+:(\d+)/.exec(stdout)
      if (found !== null) resolve(`http://127.0.0.1:${found[1]}`)
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`a process under measurement ended with code ${code}`)))
  })
}

/** Processor time of a process in milliseconds. */
export interface ProcessorTime {
  /** Of the thread that serves calls. */
  mainMs: number
  /** How long that thread waited for a core that others had. */
  mainWaitMs: number
  /** Of all other threads: log writer, garbage collector, compiler. */
  othersMs: number
}

/** From Linux's scheduler, to the nanosecond. A thread that has ended takes its time along. */
export function processorTime(pid: number): ProcessorTime {
  const time = { mainMs: 0, mainWaitMs: 0, othersMs: 0 }
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [ran, waited] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ').map(Number)
    if (thread === String(pid)) {
      time.mainMs = ran! / 1e6
      time.mainWaitMs = waited! / 1e6
    } else time.othersMs += ran! / 1e6
  }
  return time
}

/** What was used between two readings. */
export function since(before: ProcessorTime, after: ProcessorTime): ProcessorTime {
  return {
    mainMs: after.mainMs - before.mainMs,
    mainWaitMs: after.mainWaitMs - before.mainWaitMs,
    othersMs: after.othersMs - before.othersMs,
  }
}

const QUIET_MS = 100
const QUIET_MAX_MS = 20_000

/** Waits until a process has nothing left to do, so that its after-work is counted and disturbs nobody else. */
export async function quiet(pid: number): Promise<void> {
  const deadline = performance.now() + QUIET_MAX_MS
  for (let before = processorTime(pid); performance.now() < deadline;) {
    await sleep(QUIET_MS)
    const now = processorTime(pid)
    const used = since(before, now)
    if (used.mainMs + used.othersMs < QUIET_MS / 50) return
    before = now
  }
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) * 1024
}
