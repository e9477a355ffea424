/** The program as a shell starts it: what it says, and how it ends. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../stores/logs/support.ts'

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
