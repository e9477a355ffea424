/** The program as a shell starts it: what it says, and how it ends. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const PROGRAM = join(import.meta.dirname, '../../src/main.ts')

it.each([
  [['-sport', '1'], 'signalbox: found "-sport", expected one of -port,', '  -port       port to listen on'],
  [['logs', '-sport'], 'signalbox: found "-sport", expected one of -limit,', 'signalbox logs -help'],
] as const)('%j: says what is wrong, and where the flags are', (args, problem, help) => {
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stderr).toContain(problem)
  expect(stderr).toContain(help)
})

it('`signalbox logs | head` ends without a word when head has enough', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'logs', '-app-dir', temporaryDirectory()])
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = await once(child, 'close')
  expect([code, stderr]).toEqual([0, ''])
})

it('H3 a gateway that is told to stop as soon as it says where it listens stops in order', async () => {
  const child = spawn(process.execPath, [PROGRAM, '-port', '0', '-app-dir', temporaryDirectory()])
  child.stdout.once('data', () => child.kill('SIGTERM'))
  expect(await once(child, 'exit')).toEqual([0, null])
})

it('F12 the gateway goes on when nobody reads its lines any more', { timeout: 30_000 }, async () => {
  const appDir = temporaryDirectory()
  const child = spawn(process.execPath, [PROGRAM, '-port', '0', '-app-dir', appDir])
  try {
    const [banner] = (await once(child.stdout, 'data')) as [Buffer]
    child.stdout.destroy()
    child.stderr.destroy()
    // Each change of the file is a line. It holds before the line is written, so only the next shows who survived.
    for (const host of ['first.test', 'second.test']) {
      writeFileSync(join(appDir, 'config.json'), JSON.stringify({ client: { allowed_hosts: [host] } }))
      const status = () => statusAs(host, Number(/localhost:(\d+)/.exec(banner.toString())![1]))
      while (child.exitCode === null && (await status()) !== 200) await sleep(50)
      expect(child.exitCode).toBeNull()
    }
  } finally {
    child.kill('SIGKILL')
  }
})

/** Undefined: nobody answers. */
function statusAs(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get({ port, path: '/health', headers: { host } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    request.on('error', () => resolve(undefined))
  })
}
