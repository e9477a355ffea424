import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { type Gateway, newAppDir, providersConfig, removeAppDir, startGateway } from '../support/gateway.ts'
import { directiveText } from '../support/provider/directive.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { allRows, openLog } from './rig/log-rows.ts'
import { RawCall } from './rig/raw-call.ts'
import { Rig, SIDES, TELLS_MEMORY, ask, heldBytes, inSession, newCase } from './rig/rig.ts'

const MB = 1024 * 1024

let provider: Provider
beforeAll(async () => {
  provider = await startProvider({ strict: false })
})
afterAll(() => provider.close())

const KILLS = 6
const AT_ONCE = 16

/** Calls as fast as they are answered, until the gateway dies; the sessions of those whose answer came whole. */
async function callUntilDeath(gateway: Gateway, start: number): Promise<string[]> {
  const whole: string[] = []
  for (let index = start; ; index++) {
    const session = newCase()
    const content = directiveText({ say: 'a few words of an answer', chunk: 4 })
    const body = JSON.stringify(ask(SIDES[index % 2]!.model, content, { stream: index % 3 !== 0 }))
    const options = { path: '/anthropic/v1/messages', headers: inSession(session), body }
    const { status, ended } = await new RawCall(gateway.url, options).answer()
    if (ended !== 'clean') return whole
    expect(status).toBe(200)
    whole.push(session)
  }
}

it('F3 a gateway killed in the middle of its load, again and again, has the row of every answer that came whole', async () => {
  const appDir = await newAppDir()
  const config = providersConfig(provider.url)
  const whole: string[] = []
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const gateway = await startGateway({ config, appDir })
      const clients = Array.from({ length: AT_ONCE }, (_, index) => callUntilDeath(gateway, index))
      // Before, while and after the log writer starts.
      await sleep(60 + kill * 130)
      process.kill(gateway.pid, 'SIGKILL')
      whole.push(...(await Promise.all(clients)).flat())
      await gateway.close()
    }
    expect(whole.length).toBeGreaterThan(KILLS * AT_ONCE)
    const last = await startGateway({ config, appDir })
    const missing = () => {
      const logged = new Set(allRows(appDir).map(({ sessionId }) => sessionId))
      return whole.filter((session) => !logged.has(session)).length
    }
    await expect.poll(missing, { timeout: 10_000, interval: 100 }).toBe(0)
    const rows = allRows(appDir)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    expect(new Set(rows.map(({ sessionId }) => sessionId)).size).toBe(rows.length)
    expect(last.stderr()).toBe('')
    await last.close()
  } finally {
    await removeAppDir(appDir)
  }
})

it('F8 a log slower than its calls sheds bodies and counts them, and no row; its memory is bounded', async () => {
  const rig = await Rig.start({ nodeOptions: TELLS_MEMORY })
  try {
    const session = newCase()
    const text = 'words of a long history '.repeat(MB / 24)
    const call = async (index: number) => {
      const content = `${index} ${text} ${directiveText({ say: 'short' })}`
      const body = ask(SIDES[index % 2]!.model, content, { stream: index % 3 !== 0 })
      const { status, ended } = await rig.call(body, { headers: inSession(session) }).answer()
      expect({ status, ended }).toEqual({ status: 200, ended: 'clean' })
    }
    await call(0)
    await rig.row(session)
    const before = await heldBytes(rig.gateway)
    const other = openLog(rig.gateway.appDir, false)!
    other.exec('BEGIN IMMEDIATE')
    const COUNT = 120
    for (let index = 1; index < COUNT; index += 4) {
      await Promise.all([0, 1, 2, 3].map((offset) => call(index + offset)))
    }
    const dropped = async () => (await fetch(`${rig.gateway.url}/api/logs/dropped`)).json()
    const shed = ((await dropped()) as { dropped_contents: number }).dropped_contents
    expect(shed).toBeGreaterThan(COUNT / 2)
    const grown = async () => (await heldBytes(rig.gateway)) - before
    await expect.poll(grown, { timeout: 5_000 }).toBeLessThan(64 * MB)
    other.exec('ROLLBACK')
    other.close()

    const rows = await rig.rows(session, COUNT + 1)
    expect(rows).toHaveLength(COUNT + 1)
    const states = async () => {
      const entries = rows.map(async ({ id }) => (await fetch(`${rig.gateway.url}/api/logs/${id}`)).json())
      const found = (await Promise.all(entries)) as { content_state: string }[]
      return found.map(({ content_state }) => content_state)
    }
    await expect.poll(async () => (await states()).includes('none'), { timeout: 10_000 }).toBe(false)
    expect((await states()).filter((state) => state === 'shed')).toHaveLength(shed)
    expect(await dropped()).toEqual({ dropped_contents: shed, dropped_requests: 0 })
  } finally {
    await rig.close()
  }
})
