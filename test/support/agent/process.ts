import { spawn } from 'node:child_process'

export interface Finished {
  /** Null when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
  timedOut: boolean
}

export interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  timeoutMs?: number
}

const KILL_GRACE_MS = 3_000

/** Runs a program to its end, in a process group of its own that does not outlive it. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let stdout = ''
    let stderr = ''
    let timedOut = false
    const timers: NodeJS.Timeout[] = []
    if (options.timeoutMs) {
      const stop = () => {
        timedOut = true
        signalGroup(child.pid, 'SIGTERM')
        timers.push(setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_GRACE_MS))
      }
      timers.push(setTimeout(stop, options.timeoutMs))
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => {
      timers.forEach(clearTimeout)
      signalGroup(child.pid, 'SIGKILL')
      resolve({ code, stdout, stderr, timedOut })
    })
  })
}

/** Signals a process and its children, if they still run. */
export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended already.
  }
}
