/** From the start of the process to the line that says where it listens, against a bare HTTP server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { addressOf, configFor, makeAppDir, PROGRAM } from './proxied.ts'
import { median } from './statistics.ts'

/** The gateway may take so many times what a bare server takes. */
export const START_UP_REACH = 4

export interface StartUp {
  starts: number
  /** Medians, in milliseconds. */
  bareMs: number
  withoutConfigMs: number
  withConfigMs: number
  /** Medians of the ratios of starts that came one after the other. */
  withoutConfigRatio: number
  withConfigRatio: number
}

const BARE = join(import.meta.dirname, 'bare-server.cjs')

/** The first start fills the compile cache, as the first start of an installed gateway does. */
export async function measureStartUp(starts: number): Promise<StartUp> {
  const home = mkdtempSync(join(tmpdir(), 'signalbox-bench-home-'))
  const environment = { ANTHROPIC_API_KEY: 'sk-ant-bench' }
  const ways = {
    bare: () => startOnce([BARE], {}, home),
    withoutConfig: () => startFresh(undefined, environment, home),
    withConfig: () => startFresh(configFor('http://127.0.0.1:9'), {}, home),
  }
  const times = { bare: [] as number[], withoutConfig: [] as number[], withConfig: [] as number[] }
  for (let start = -2; start < starts; start++) {
    for (const way of ['bare', 'withoutConfig', 'withConfig'] as const) {
      const tookMs = await ways[way]()
      if (start >= 0) times[way].push(tookMs)
    }
  }
  rmSync(home, { recursive: true, force: true })
  const ratios = (way: 'withoutConfig' | 'withConfig') => times[way].map((took, at) => took / times.bare[at]!)
  return {
    starts,
    bareMs: median(times.bare),
    withoutConfigMs: median(times.withoutConfig),
    withConfigMs: median(times.withConfig),
    withoutConfigRatio: median(ratios('withoutConfig')),
    withConfigRatio: median(ratios('withConfig')),
  }
}

async function startFresh(
  config: unknown,
  environment: Record<string, string>,
  home: string,
): Promise<number> {
  const appDir = makeAppDir(config)
  const tookMs = await startOnce([PROGRAM, '-port', '0', '-app-dir', appDir], environment, home)
  rmSync(appDir, { recursive: true, force: true })
  return tookMs
}

async function startOnce(args: string[], environment: Record<string, string>, home: string): Promise<number> {
  const began = performance.now()
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], HOME: home, ...environment },
  })
  await addressOf(child)
  const tookMs = performance.now() - began
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
  return tookMs
}
