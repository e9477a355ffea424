import { describe, expect, it } from 'vitest'
import type { Caller } from '../../src/pipeline/authenticate.ts'
import { candidates, routeAmong } from '../../src/pipeline/candidates.ts'
import { route } from '../../src/rules/routing.ts'
import { compileText } from '../../src/stores/config/load.ts'
import type { Configuration } from '../../src/stores/config/configuration.ts'
import { registry } from '../stores/config/registry.ts'

/** What is made once and remembered is what would be made anew. */

const LOGIN = 'sk-ant-oat01-abcdefgh'

async function configured(): Promise<Configuration> {
  const key = { name: 'k', value: 'sk-1' }
  const providers = { anthropic: { keys: [] }, openai: { keys: [key] }, openrouter: { keys: [key] } }
  const options = { registry, environment: {}, appDir: '/app', version: 1 }
  return (await compileText(JSON.stringify({ providers }), 'config.json', options)).configuration
}

const callerWith = (bearerToken: string | undefined): Caller => ({ virtualKey: undefined, bearerToken })

describe('the providers that a caller can use', () => {
  it('are the same for everybody whose token is no login of theirs', async () => {
    const configuration = await configured()
    const everybodys = candidates(configuration, callerWith(undefined))
    expect(candidates(configuration, callerWith('placeholder'))).toBe(everybodys)
    expect(everybodys.get('anthropic')?.usable).toBe(false)
  })

  it('are one more for whom brings a login', async () => {
    const configuration = await configured()
    const known = candidates(configuration, callerWith(LOGIN))
    expect(known.get('anthropic')?.usable).toBe(true)
    expect(candidates(configuration, callerWith(undefined)).get('anthropic')?.usable).toBe(false)
  })
})

describe('where a name leads', () => {
  const preferences = [[], ['openai'], ['openrouter']]
  const names = ['gpt-5', 'openai/gpt-5', 'claude-opus-4-5', 'gpt-5']

  it.each([undefined, LOGIN])('is remembered for each preference (login %s)', async (token) => {
    const known = candidates(await configured(), callerWith(token))
    for (const name of names)
      for (const preferred of [...preferences, ...preferences])
        expect(routeAmong(known, name, preferred)).toEqual(route(name, known, preferred))
  })

  it('is refused each time where it leads nowhere', async () => {
    const known = candidates(await configured(), callerWith(undefined))
    for (const _ of [1, 2])
      expect(() => routeAmong(known, 'anthropic/claude-opus-4-5', [])).toThrow(/no enabled key/)
  })
})
