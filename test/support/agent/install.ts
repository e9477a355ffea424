import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { run } from './process.ts'

/** The version whose behaviour the tests describe. */
const CLAUDE_CODE_VERSION = '2.1.329'

const PACKAGE = '@anthropic-ai/claude-code'
const INSTALL_TIMEOUT_MS = 300_000

/**
 * The path of Claude Code's native program, installed from the npm registry on first use (about 360 MB) and kept
 * in the user's cache folder. Its install script only links the program, so it is not run.
 * @throws when the machine has no build of it, or npm cannot install it
 */
export async function installClaudeCode(): Promise<string> {
  const root = join(cacheFolder(), 'signalbox-test-clients')
  const home = join(root, `claude-code-${CLAUDE_CODE_VERSION}`)
  const program = nativeProgram(home)
  if (existsSync(program)) return program
  await mkdir(root, { recursive: true })
  // Installed aside and moved in one step: test files run at the same time, and a broken install must not stay.
  const aside = await mkdtemp(join(root, 'installing-'))
  try {
    await npmInstall(aside)
    await rename(aside, home).catch((error: unknown) => {
      if (!existsSync(program)) throw error
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  if (!existsSync(program)) throw new Error(`${PACKAGE}@${CLAUDE_CODE_VERSION} has no program at ${program}`)
  return program
}

async function npmInstall(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{"private":true}')
  const spec = `${PACKAGE}@${CLAUDE_CODE_VERSION}`
  const args = [
    'install',
    '--prefix',
    folder,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--save-exact',
    spec,
  ]
  const options = { cwd: folder, env: process.env, timeoutMs: INSTALL_TIMEOUT_MS }
  const why = await run('npm', args, options).then(
    ({ code, stderr, timedOut }) => {
      if (timedOut) return `no end after ${INSTALL_TIMEOUT_MS / 1000} s`
      return code === 0 ? undefined : stderr.trim().slice(0, 1_000)
    },
    (error: Error) => error.message,
  )
  if (why !== undefined)
    throw new Error(`The end-to-end tests need Claude Code; npm could not install ${spec}: ${why}`)
}

function nativeProgram(home: string): string {
  const musl = process.platform === 'linux' && !usesGlibc() ? '-musl' : ''
  const name = `${PACKAGE}-${process.platform}-${process.arch}${musl}`
  return join(home, 'node_modules', name, process.platform === 'win32' ? 'claude.exe' : 'claude')
}

/** The system's own `ldd` is a script that names its C library. */
function usesGlibc(): boolean {
  try {
    return !readFileSync('/usr/bin/ldd', 'utf8').includes('musl')
  } catch {
    return true
  }
}

const cacheFolder = () => process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
