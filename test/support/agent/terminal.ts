import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Access } from './agent.ts'
import { type ClaudeCodeMode, claudeCode } from './claude-code.ts'
import { install } from './install.ts'
import { type Place, cleanEnvironment, newPlace, readFiles } from './place.ts'
import { run, signalGroup } from './process.ts'

export interface TerminalOptions extends Access<ClaudeCodeMode> {
  env?: Record<string, string>
  args?: string[]
}

const WAIT_MS = 60_000
const POLL_MS = 100
const INSTALL_TIMEOUT_MS = 180_000
const WIDTH = '160'
const HEIGHT = '120'

/** Claude Code's terminal UI, in a terminal of its own that a test types into and reads. */
export class ClaudeTerminal {
  readonly workspace: string
  readonly #place: Place
  readonly #socket: string

  private constructor(place: Place, socket: string) {
    this.#place = place
    this.#socket = socket
    this.workspace = place.workspace
  }

  /** Starts it and waits for its prompt. */
  static async start({ env, args = [], ...access }: TerminalOptions): Promise<ClaudeTerminal> {
    const [program] = await Promise.all([install(claudeCode.npm), requireTmux()])
    const place = await newPlace()
    await seedHome(place, access)
    const terminal = new ClaudeTerminal(place, join(place.root, 'tmux'))
    const environment = { ...cleanEnvironment(place), ...claudeCode.environment(access), ...env }
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    const size = ['-x', WIDTH, '-y', HEIGHT]
    // Given as separate words, the command runs without a shell: no quoting.
    const command = ['env', '-i', ...variables, ...program, ...args]
    await terminal.#tmux('new-session', '-d', '-s', 'agent', ...size, '-c', place.workspace, ...command)
    await terminal.waitFor('Claude Code v').catch(async (error: unknown) => {
      await terminal.close()
      throw error
    })
    return terminal
  }

  /** Types a line and sends it. The UI folds fast input into a paste, so Enter comes after a pause. */
  async type(line: string): Promise<void> {
    await this.#tmux('send-keys', '-t', 'agent', '-l', line)
    await sleep(700)
    await this.press('Enter')
  }

  /** Switches the model. In mid-conversation the UI asks whether to, because the history is read anew. */
  async switchModel(model: string): Promise<void> {
    const confirmations = async () => (await this.screen()).split('Set model to').length
    const before = await confirmations()
    await this.type(`/model ${model}`)
    for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += POLL_MS) {
      if ((await confirmations()) > before) return
      if ((await this.screen()).includes('Enter to confirm')) await this.press('Enter')
      await sleep(POLL_MS)
    }
    throw new Error(`The model was not switched to ${model}. The terminal shows:\n${await this.screen()}`)
  }

  /** Presses a key by its tmux name, such as `Escape` or `C-c`. */
  async press(key: string): Promise<void> {
    await this.#tmux('send-keys', '-t', 'agent', key)
  }

  /** What the terminal shows, without empty lines. */
  async screen(): Promise<string> {
    const lines = (await this.#tmux('capture-pane', '-p', '-t', 'agent')).split('\n')
    return lines.filter((line) => line.trim() !== '').join('\n')
  }

  /** @throws with the screen when the text does not appear in time */
  async waitFor(text: string, timeoutMs = WAIT_MS): Promise<void> {
    for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += POLL_MS) {
      if ((await this.screen()).includes(text)) return
      await sleep(POLL_MS)
    }
    throw new Error(
      `The terminal did not show «${text}» in ${timeoutMs} ms. It shows:\n${await this.screen()}`,
    )
  }

  readFiles(names: string[]): Promise<Record<string, string | undefined>> {
    return readFiles(this.workspace, names)
  }

  async close(): Promise<void> {
    const agent = await this.#tmux('display-message', '-p', '-t', 'agent', '#{pane_pid}').catch(() => '')
    await run('tmux', ['-S', this.#socket, 'kill-server'])
    // Hung up, it would write its session once more, into the folder that is being removed.
    if (agent !== '') signalGroup(Number(agent), 'SIGKILL')
    await this.#place.remove()
  }

  async #tmux(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run('tmux', ['-f', '/dev/null', '-S', this.#socket, ...args])
    if (code !== 0) throw new Error(`tmux ${args[0]} failed: ${stderr.trim() || 'Claude Code has ended'}`)
    return stdout
  }
}

/** A fresh home starts with questions (theme, key, trust) and a connection test; these answers skip them. */
async function seedHome({ home, workspace }: Place, { mode, key }: Access<ClaudeCodeMode>): Promise<void> {
  const approved = mode === 'key' ? [key.slice(-20)] : []
  const answers = {
    hasCompletedOnboarding: true,
    theme: 'dark',
    customApiKeyResponses: { approved, rejected: [] },
    projects: { [workspace]: { hasTrustDialogAccepted: true, allowedTools: [] } },
  }
  await writeFile(join(home, '.claude.json'), JSON.stringify(answers))
}

async function requireTmux(): Promise<void> {
  if (await hasTmux()) return
  if (process.getuid?.() === 0) {
    await run('apt-get', ['install', '-y', '-q', 'tmux'], {
      env: process.env,
      timeoutMs: INSTALL_TIMEOUT_MS,
    }).catch(() => undefined)
    if (await hasTmux()) return
  }
  throw new Error(
    'The terminal tests need tmux. Install it (apt-get install tmux, brew install tmux) and run again.',
  )
}

const hasTmux = () =>
  run('tmux', ['-V']).then(
    ({ code }) => code === 0,
    () => false,
  )
