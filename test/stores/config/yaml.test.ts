import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Document } from '../../../src/stores/config/document.ts'
import { parseYaml } from '../../../src/stores/config/document-yaml.ts'
import { loadConfiguration, parse } from '../../../src/stores/config/load.ts'
import { registry } from './registry.ts'
import { load, refusal } from './support.ts'

function valueOf(text: string): unknown {
  const document = parseYaml(text)
  if (Array.isArray(document)) throw new Error(JSON.stringify(document))
  return JSON.parse(JSON.stringify(document.value))
}

const VALUES: [title: string, text: string, value: unknown][] = [
  ['plain values', 'a: 1\nb: 1.5\nc: true\nd: null\ne: text\nf: "1"\n', { a: 1, b: 1.5, c: true, d: null, e: 'text', f: '1' }],
  ['JSON', '{"a": [1, {"b": "c"}]}', { a: [1, { b: 'c' }] }],
  ['nothing after a name', 'a:\n', { a: null }],
  ['words that are no flags in YAML 1.2', 'a: yes\nb: on\nc: no', { a: 'yes', b: 'on', c: 'no' }],
  ['a date, which is text', 'a: 2027-01-31', { a: '2027-01-31' }],
  ['numbers as names', '1: a\n2.50: b', { 1: 'a', '2.50': 'b' }],
  ['an anchor', 'a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
  ['a merged anchor', 'a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3', { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
  ['what is merged does not win, wherever it stands', 'a: &x {c: 2}\nd:\n  c: 3\n  <<: *x', { a: { c: 2 }, d: { c: 3 } }],
  ['the first of several merged', 'a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne:\n  <<: [*x, *y]', { a: { b: 1 }, c: { b: 2, d: 3 }, e: { b: 1, d: 3 } }],
  ['text on several lines', 'a: |\n  b\n  c\n', { a: 'b\nc\n' }],
  ['comments', '# one\na: 1 # two', { a: 1 }],
] // prettier-ignore

it.each(VALUES)('reads %s', (_title, text, value) => expect(valueOf(text)).toEqual(value))

const SECRET = 'sk-proj-abcdefghijklmnopqrstuvwxyz'

/** ▸ stands before the place that must be named. */
const WRONG: [title: string, marked: string, message: string][] = [
  ['nothing', '▸', 'found an empty file, expected settings, such as "providers:"'],
  ['a comment', '▸# later', 'found an empty file, expected settings, such as "providers:"'],
  ['a name twice', 'client: {}\n▸client: {}', 'found `c`, expected each name once'],
  ['a list as the file', '▸- a', 'found a list, expected an object'],
  ['a tab', '▸\tclient: {}', 'found `c`, expected spaces as indentation'],
  ['an open bracket', 'client: {▸', 'found the end of the file, expected other indentation, or a closing bracket'],
  ['an open quote', `providers: {openai: {keys: [{value: "${SECRET}▸`, 'found the end of the file, expected a closing quote or bracket, or the comma or colon before'],
  ['two documents', 'client: {}\n▸---\nmcp: {}', 'found `-`, expected one document'],
  ['a tag', 'client: ▸!vault x', 'found `!`, expected a value without a tag'],
  ['an alias of nothing', 'client: ▸*x', 'client: found the name of no anchor, expected an anchor that stands before'],
  ['something else to merge', 'client:\n  <<: ▸1', 'client["<<"]: found something to merge that is no object, expected an anchor of an object'],
  ['a list as a name', '? ▸[a]\n: 1', 'found a name that is no text, expected a name'],
  ['E4 a name that pollutes', '▸__proto__: {a: 1}', '__proto__: found "__proto__", expected another name'],
  ['a colon in text', `client: ▸a: ${SECRET}`, 'found `a`, expected quotes around text with a colon, or a new line'],
  ['a wrong type', 'client:\n  enable_logging: ▸yes', 'client.enable_logging: found "yes", expected true or false'],
  ['a missing value', 'governance:\n  teams:\n    - ▸name: a', 'governance.teams[0].id: found nothing, expected a name'],
  ['a name at fault', 'providers:\n  ▸opnai: {}', 'providers.opnai: found "opnai", expected a known provider (did you mean "openai"?), or custom_provider_config in it for a provider of your own'],
  ['behind an alias', 'a: &x {enable_logging: ▸1}\nclient: *x', 'client.enable_logging: found 1, expected true or false'],
  ['a rule that does not compile', 'governance:\n  routing_rules:\n    - model: m\n      cel_expression: ▸model = 1', 'governance.routing_rules[0].cel_expression: found what does not work: Unexpected "=" (line 1, column 7); write == to compare, expected a condition in CEL'],
  ['a number that is none', 'client: {log_retention_days: ▸.nan}', 'client.log_retention_days: found NaN, expected a whole number from 1 to 36500'],
] // prettier-ignore

describe('H6 refuses, and says where, what and what would be right', () => {
  it.each(WRONG)('%s', async (_title, marked, message) => {
    const before = marked.slice(0, marked.indexOf('▸')).split('\n')
    const place = `config.yaml:${before.length}:${before.at(-1)!.length + 1}`
    const field = /^[\w<>.[\]"]+: found/.test(message) ? ` ${message}` : `: ${message}`
    const found = await refusal(marked.replace('▸', ''), 'config.yaml')
    expect(found[0]).toBe(`${place}${field}`)
    expect(found.join('\n')).not.toContain(SECRET)
  })

  const BOMBS: [title: string, text: string][] = [
    ['nested brackets', '['.repeat(50_000)],
    ['nested lists', '- '.repeat(2_000)],
    ['an anchor in itself', 'a: &x [*x]'],
    ['anchors of anchors', ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]', ...Array.from({ length: 9 }, (_, index) => `a${index + 1}: &a${index + 1} [${Array(10).fill(`*a${index}`).join()}]`)].join('\n')],
  ] // prettier-ignore

  it.each(BOMBS)('L1 %s', async (_title, text) => {
    const found = await refusal(text, 'config.yaml')
    expect(found[0]).toMatch(/less nesting|fewer of them|no anchor/)
  })
})

describe('the file of an app dir', () => {
  let appDir = ''
  beforeEach(async () => {
    appDir = await mkdtemp(join(tmpdir(), 'signalbox-'))
  })
  afterEach(() => rm(appDir, { recursive: true }))
  const start = () => loadConfiguration({ registry, environment: {}, appDir, version: 1 })

  it.each(['config.json', 'config.yaml', 'config.yml'])('can be called %s', async (name) => {
    await writeFile(join(appDir, name), '{"client": {"log_retention_days": 9}}')
    const loaded = await start()
    expect(loaded.configuration.client.logRetentionDays).toBe(9)
    expect(loaded.file).toBe(join(appDir, name))
  })

  it('is one of them', async () => {
    await writeFile(join(appDir, 'config.json'), '{}')
    await writeFile(join(appDir, 'config.yml'), '{}')
    await expect(start()).rejects.toThrow(`${appDir}: found config.json and config.yml, expected one of them`)
  })
})

/** JSON as the settings have it, and texts that YAML writes with care. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, -1, 1.5, 1e21, 'yes', '1', 'null', '~', '<<', '*a', '&a', '- a', 'a: b', '# a', ' a ', 'a\nb\n'),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom('a', '1', '', 'x y'), fc.string()).filter((name) => name !== '<<' && name !== '__proto__'), tie('value'), { maxKeys: 4 }),
  ),
})).value // prettier-ignore

describe('any settings', () => {
  it('are the same value in YAML as in JSON', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        fc.pre(value !== null)
        const read = async (text: string, file: string) => (await parse(text, file)) as Document
        const [yaml, plain] = await Promise.all([
          read(stringify(value), 'config.yaml'),
          read(JSON.stringify(value), 'config.json'),
        ])
        expect(yaml.value).toEqual(plain.value)
      }),
    )
  })

  it('any text is settings, or is refused with a place', async () => {
    const pieces = fc.constantFrom(
      'client', 'a', ':', ': ', '\n', '\n  ', '- ', '[', ']', '{', '}', ',', '"', "'", '&x', '*x', '<<', '|', '>', '#', '!t', '%', '---', '\t', '?', '@', '0', '.nan', '\u0000',
    ) // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), async (parts) => {
        const lines = await refusal(parts.join(''), 'config.yaml')
        for (const line of lines) expect(line).toMatch(/^(config\.yaml:\d+:\d+[ :]|… and )/)
      }),
      { numRuns: 500 },
    )
  })
})

it('a start with JSON loads no parser of YAML', async () => {
  const script = `
    import { compileText } from './src/stores/config/load.ts'
    await compileText('{}', 'config.json', { registry: { providers: new Map(), customBaseTypes: [] }, environment: {}, appDir: '/', version: 1 })
    const { default: module } = await import('node:module')
    console.log(Object.keys(module._cache).filter((name) => name.includes('node_modules/yaml/')).length)
  `
  const run = (text: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' })
  expect(run(script).trim()).toBe('0')
  expect(Number(run(script.replaceAll('config.json', 'config.yaml')))).toBeGreaterThan(0)
})

it('the accounts of the repository are valid in JSON, too', async () => {
  const text = await readFile('test/data/config/accounts.yaml', 'utf8')
  const document = (await parse(text, 'a.yaml')) as Document
  const { configuration } = await load(document.value)
  expect([...configuration.governance.virtualKeys.keys()]).toEqual(['dev-team'])
})
