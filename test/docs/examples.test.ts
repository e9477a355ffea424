import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../../src/providers/index.ts'
import { compileText } from '../../src/stores/config/load.ts'
import { ConfigurationError } from '../../src/stores/config/problem.ts'
import { PAGES } from './pages.ts'

/** Loads a `config.json` as a start would, with every variable that it names set. */
function load(text: string) {
  const names = [...text.matchAll(/env\.(\w+)/g)].map(([, name]) => name!)
  const environment = Object.fromEntries(
    names.map((name) => [name, name.endsWith('_JSON') ? '{}' : `sk-bf-${name}`]),
  )
  const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }
  return compileText(text, 'config.json', { registry, environment, appDir: '/app', version: 1 })
}

const examples = PAGES.flatMap(({ path, blocks }) =>
  blocks
    .filter(({ language }) => language === 'json')
    .map(({ text, line }) => [`${path}:${line}`, text] as const),
)

describe('examples of config.json', () => {
  it.each(examples)('%s loads, and all of it is served', async (_place, text) => {
    expect((await load(text)).notices).toEqual([])
  })

  it('there are some, and a wrong one is refused', async () => {
    expect(examples.length).toBeGreaterThan(2)
    await expect(load('{"providers": {"opnai": {}}}')).rejects.toThrow(ConfigurationError)
  })
})

describe('CHANGELOG.md', () => {
  const headings = [...readFileSync('CHANGELOG.md', 'utf8').matchAll(/^(##+) (.+)$/gm)]
  const versions = headings.filter(([, level]) => level === '##').map(([, , text]) => text!)

  it('begins with what is unreleased', () => expect(versions[0]).toBe('[Unreleased]'))

  it('dates each released version', () => {
    for (const version of versions.slice(1)) expect(version).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/)
  })

  it('sorts changes under the known headings', () => {
    const kinds = headings.filter(([, level]) => level === '###').map(([, , text]) => text)
    const known = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']
    expect(kinds.filter((kind) => !known.includes(kind!))).toEqual([])
  })
})

it('CONTRIBUTING.md stays short', () => {
  expect(readFileSync('CONTRIBUTING.md', 'utf8').split('\n').length).toBeLessThanOrEqual(150)
})
