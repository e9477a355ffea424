import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Rig, SIDES, ask, inSession, measured, newCase } from './rig/rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await Rig.start()
}, 60_000)
afterAll(() => rig.close())

describe('E2 what others write is bounded in the row of a call', () => {
  it.each(SIDES)('$side: an error of half a megabyte', async ({ rawModel, wire }) => {
    const nonce = newCase()
    const error = wire.errorBody('eyJ-'.repeat(128 * 1024), 'invalid_request_error')
    rig.script(nonce, [measured(error, 'application/json', '400 Bad Request')])
    const session = newCase()
    const answer = await rig.call(ask(rawModel, nonce), { headers: inSession(session) }).answer()
    expect(answer).toMatchObject({ status: 400, ended: 'clean' })
    expect(answer.text).toContain('eyJ-'.repeat(128 * 1024))
    expect(JSON.stringify(await rig.row(session)).length).toBeLessThan(16 * 1024)
  })

  it.each(SIDES)('$side: the name of a model', async ({ model }) => {
    const session = newCase()
    const body = ask(model + 'x'.repeat(100_000), 'Hi')
    const answer = await rig.call(body, { headers: inSession(session) }).answer()
    expect(answer).toMatchObject({ status: 400, ended: 'clean' })
    expect(JSON.parse(answer.text)).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', message: 'model: String should have at most 512 characters' },
    })
    expect(answer.text.length).toBeLessThan(1_000)
  })
})
