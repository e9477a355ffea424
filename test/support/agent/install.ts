import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { run } from './process.ts'

/** A package of the npm registry with a program, in the version whose behaviour the tests describe. */
export interface NpmProgram {
  package: string
  version: string
  /** Below `node_modules`. A script (`.js`) runs on the Node that runs the tests. */
  program: string
}

const INSTALL_TIMEOUT_MS = 300_000

/** `-musl` where programs are built against that C library: native packages have it in their names. */
export const musl = process.platform === 'linux' && !usesGlibc() ? '-musl' : ''

const installed = new Map<NpmProgram, Promise<string[]>>()

/**
 * The command that starts a program: installed from the npm registry on first use (up to 400 MB) and kept in the
 * user's cache folder. Install scripts only link or compile what is also there without, so none is run.
 * @throws when the machine has no build of it, or npm cannot install it; then it is not tried again
 */
export function install(program: NpmProgram): Promise<string[]> {
  let command = installed.get(program)
  if (command === undefined) installed.set(program, (command = installNow(program)))
  return command
}

async function installNow({ package: name, version, program }: NpmProgram): Promise<string[]> {
  const root = join(cacheFolder(), 'signalbox-test-clients')
  const home = join(root, `${name.split('/').at(-1)}-${version}`)
  const path = join(home, 'node_modules', program)
  if (!existsSync(path)) {
    await mkdir(root, { recursive: true })
    // Installed aside and moved in one step: test files run at the same time, and a broken install must not stay.
    const aside = await mkdtemp(join(root, 'installing-'))
    try {
      await npmInstall(aside, `${name}@${version}`)
      await rename(aside, home).catch((error: unknown) => {
        if (!existsSync(path)) throw error
      })
    } finally {
      await rm(aside, { recursive: true, force: true })
    }
    if (!existsSync(path)) throw new Error(`${name}@${version} has no program at ${path}`)
  }
  return path.endsWith('.js') ? [process.execPath, path] : [path]
}

async function npmInstall(folder: string, spec: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{"private":true}')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact']
  const args = ['install', '--prefix', folder, ...flags, spec]
  const options = { cwd: folder, env: process.env, timeoutMs: INSTALL_TIMEOUT_MS }
  const why = await run('npm', args, options).then(
    ({ code, stderr, timedOut }) => {
      if (timedOut) return `no end after ${INSTALL_TIMEOUT_MS / 1000} s`
      return code === 0 ? undefined : stderr.trim().slice(0, 1_000)
    },
    (error: Error) => error.message,
  )
  if (why !== undefined)
    throw new Error(`The end-to-end tests drive real agents; npm could not install ${spec}: ${why}`)
}

/** The system's own `ldd` is a script that names its C library. */
function usesGlibc(): boolean {
  try {
    return !readFileSync('/usr/bin/ldd', 'utf8').includes('musl')
  } catch {
    return true
  }
}

function cacheFolder(): string {
  return process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
}
