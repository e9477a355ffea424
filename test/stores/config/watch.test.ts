import { mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { compileText, loadConfiguration } from '../../../src/stores/config/load.ts'
import {
  watchConfiguration,
  type ConfigWatcher,
  type WatchOptions,
} from '../../../src/stores/config/watch.ts'
import { registry } from './registry.ts'

let appDir = ''
let file = ''
const watchers: ConfigWatcher[] = []
beforeEach(async () => {
  appDir = await mkdtemp(join(tmpdir(), 'signalbox-'))
  file = join(appDir, 'config.json')
})
afterEach(async () => {
  for (const watcher of watchers.splice(0)) watcher.close()
  await rm(appDir, { recursive: true })
})

const days = (count: number | string): string => `{"client": {"log_retention_days": ${count}}}`

/** Watches what is there now; `seen` collects what it tells. Only `poll` looks, except where an interval is given. */
async function watch(
  options: Partial<WatchOptions> = {},
): Promise<{ watcher: ConfigWatcher; seen: string[] }> {
  const seen: string[] = []
  const common = { registry, environment: {}, appDir, version: 1 }
  const watcher = watchConfiguration({
    appDir,
    loaded: await loadConfiguration(common),
    read: (text, found) => compileText(text, found, common),
    onChange: ({ configuration: { client } }) => seen.push(`${client.logRetentionDays} days`),
    onRefused: (message) => seen.push(message.replaceAll(appDir, '')),
    intervalMs: 1_000_000,
    ...options,
  })
  watchers.push(watcher)
  return { watcher, seen }
}

it('says nothing while nothing changes', async () => {
  await writeFile(file, days(1))
  const { watcher, seen } = await watch()
  await watcher.poll()
  await utimes(file, 1, 1)
  await watcher.poll()
  await writeFile(file, days(1))
  await watcher.poll()
  expect(seen).toEqual([])
})

it('H5 takes each change', async () => {
  await writeFile(file, days(1))
  const { watcher, seen } = await watch()
  await writeFile(file, days(2))
  await watcher.poll()
  await writeFile(file, days(3))
  await watcher.poll()
  expect(seen).toEqual(['2 days', '3 days'])
})

it('looks by itself', async () => {
  await writeFile(file, days(1))
  const { seen } = await watch({ intervalMs: 5 })
  await writeFile(file, days(2))
  await vi.waitFor(() => expect(seen).toEqual(['2 days']))
})

it('takes a file that was not there at the start, one that replaces another, and one behind a swapped link', async () => {
  const { watcher, seen } = await watch()
  await writeFile(file, days(2))
  await watcher.poll()
  await writeFile(`${file}.new`, days(3))
  await rename(`${file}.new`, file)
  await watcher.poll()
  await writeFile(join(appDir, 'mounted.json'), days(4))
  await symlink('mounted.json', `${file}.link`)
  await rename(`${file}.link`, file)
  await watcher.poll()
  expect(seen).toEqual(['2 days', '3 days', '4 days'])
})

it('H6 keeps what runs when the change is wrong, says so once, and takes the repair', async () => {
  await writeFile(file, days(1))
  const { watcher, seen } = await watch()
  await writeFile(file, days('"2"'))
  await watcher.poll()
  await utimes(file, 1, 1)
  await watcher.poll()
  await writeFile(file, days(2))
  await watcher.poll()
  await writeFile(file, days('"2"'))
  await watcher.poll()
  const refusal =
    '/config.json:1:35 client.log_retention_days: found "2", expected a whole number from 1 to 36500'
  expect(seen).toEqual([refusal, '2 days', refusal])
})

it('H6 is back to normal when the wrong change is undone', async () => {
  await writeFile(file, days(1))
  const { watcher, seen } = await watch()
  await writeFile(file, '{"client": 1}')
  await watcher.poll()
  await writeFile(file, days(1))
  await watcher.poll()
  await writeFile(file, '{"client": 1}')
  await watcher.poll()
  expect(seen).toEqual(Array(2).fill('/config.json:1:12 client: found 1, expected an object'))
})

it('H7 waits while an editor has emptied the file or written half of it', async () => {
  await writeFile(file, days(1))
  const { watcher, seen } = await watch()
  await writeFile(file, '')
  await watcher.poll()
  await writeFile(file, days(2).slice(0, 20))
  await watcher.poll()
  await writeFile(file, days(2))
  await watcher.poll()
  expect(seen).toEqual(['/config.json:1:13: found `"`, expected a closing "', '2 days'])
})

it('F5 keeps what runs when the file is removed', async () => {
  await writeFile(file, days(1))
  const { watcher, seen } = await watch()
  await unlink(file)
  await watcher.poll()
  await watcher.poll()
  await writeFile(file, days(2))
  await watcher.poll()
  expect(seen).toEqual(['/config.json is gone', '2 days'])
})

it('says nothing after close, not even of a change that it was looking at', async () => {
  await writeFile(file, days(1))
  const { watcher, seen } = await watch({ intervalMs: 1 })
  await writeFile(file, days(2))
  const polling = watcher.poll()
  watcher.close()
  await polling
  expect(seen).toEqual([])
})

it('asks no more after close', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { watcher } = await watch()
  expect(vi.getTimerCount()).toBe(1)
  watcher.close()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

it('H5 a thousand changes leave no memory behind', async () => {
  await writeFile(file, days(1))
  const { watcher, seen } = await watch()
  const change = async (from: number, to: number): Promise<number> => {
    for (let count = from; count < to; count++) {
      await writeFile(file, days((count % 300) + 2))
      await watcher.poll()
    }
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const heapBefore = await change(0, 100)
  const heapAfter = await change(100, 1000)
  expect(seen.at(-1)).toBe('101 days')
  expect(heapAfter - heapBefore).toBeLessThan(2 * 1024 * 1024)
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

describe('config.yaml', () => {
  const yaml = (count: number) => `client:\n  log_retention_days: ${count}\n`
  const other = () => join(appDir, 'config.yaml')

  it('is followed as config.json is', async () => {
    await writeFile(other(), yaml(1))
    const { watcher, seen } = await watch()
    for (const text of [yaml(2), 'client: 3\n', yaml(4)]) {
      await writeFile(other(), text)
      await watcher.poll()
    }
    expect(seen).toEqual(['2 days', '/config.yaml:1:9 client: found 3, expected an object', '4 days'])
  })

  it('takes the place of config.json, once that is gone', async () => {
    await writeFile(file, days(1))
    const { watcher, seen } = await watch()
    await writeFile(other(), yaml(2))
    await watcher.poll()
    await watcher.poll()
    await rm(file)
    await watcher.poll()
    expect(seen).toEqual([': found config.json and config.yaml, expected one of them', '2 days'])
  })

  it('that comes where nothing was counts', async () => {
    const { watcher, seen } = await watch()
    await writeFile(other(), yaml(2))
    await watcher.poll()
    expect(seen).toEqual(['2 days'])
  })
})
