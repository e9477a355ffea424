import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../../src/providers/index.ts'
import type { Document } from '../../src/stores/config/document.ts'
import { lint } from '../../src/stores/config/lint.ts'
import { compileText, parse } from '../../src/stores/config/load.ts'
import { ConfigurationError } from '../../src/stores/config/problem.ts'
import type { Settings } from '../../src/stores/config/schema.ts'
import { PAGES } from './pages.ts'

/** Loads a file as a start would, with every variable that it names set. */
function load(text: string, file = 'config.json') {
  const names = [...text.matchAll(/env\.(\w+)|\$\{(\w+)\}/g)].map(([, name, shell]) => (name ?? shell)!)
  const environment = Object.fromEntries(
    names.map((name) => [name, name.endsWith('_JSON') ? '{}' : `sk-bf-${name}`]),
  )
  const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }
  return compileText(text, file, { registry, environment, appDir: '/app', version: 1 })
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

/** Pages that show each example in both forms, one after the other. */
const pairs = PAGES.filter(({ path }) => path === 'docs/configuration.md').flatMap(({ path, blocks }) => {
  const files = blocks.filter(({ language }) => language === 'json' || language === 'yaml')
  return files.flatMap(({ language, text, line }, index) =>
    language === 'json' ? [[`${path}:${line}`, text, files[index + 1]!] as const] : [],
  )
})

describe('examples in both forms', () => {
  it.each(pairs)('%s says the same in YAML', async (_place, text, { language, text: yaml }) => {
    expect(language).toBe('yaml')
    const [inJson, inYaml] = [await parse(text, 'config.json'), await parse(yaml, 'config.yaml')]
    expect((inYaml as Document).value).toEqual((inJson as Document).value)
  })

  it.each(pairs)('%s says nothing in vain', async (_place, text) => {
    const { configuration } = await load(text)
    const settings = ((await parse(text, 'config.json')) as Document).value as Settings
    expect(await lint({ configuration, settings, nowMs: Date.now() })).toEqual([])
  })

  it('there are some', () => expect(pairs.length).toBeGreaterThan(5))
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
