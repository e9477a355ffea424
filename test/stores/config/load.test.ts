import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createAppDir, defaultAppDir } from '../../../src/stores/config/app-dir.ts'
import { compileText, loadConfiguration } from '../../../src/stores/config/load.ts'
import { ConfigurationError } from '../../../src/stores/config/problem.ts'
import { registry } from './registry.ts'

let appDir = ''
beforeEach(async () => {
  appDir = await mkdtemp(join(tmpdir(), 'signalbox-'))
})
afterEach(() => rm(appDir, { recursive: true }))

const load = () => loadConfiguration({ registry, environment: { GROQ_API_KEY: 'gsk-1' }, appDir, version: 3 })

it('a start without a file', async () => {
  const { configuration, notices, text } = await load()
  expect([...configuration.providers.keys()]).toEqual(['anthropic', 'groq'])
  expect(configuration).toMatchObject({ version: 3, logs: { enabled: true, path: join(appDir, 'logs.db') } })
  expect({ notices, text }).toEqual({ notices: [], text: undefined })
})

it('a file, with comments, a byte order mark and a trailing comma', async () => {
  const text = '{ /* mine */ "client": {"log_retention_days": 9,}, } // end'
  await writeFile(join(appDir, 'config.json'), `\uFEFF${text}`)
  const loaded = await load()
  expect(loaded.configuration.client.logRetentionDays).toBe(9)
  expect(loaded.text).toBe(text)
})

const UNREADABLE: [title: string, make: (file: string) => Promise<unknown>, message: string][] = [
  ['a directory', (file) => mkdir(file), ': found a directory, expected a file'],
  ['a pipe', async (file) => void execFileSync('mkfifo', [file]), ': found a device, expected a file'],
  ['an endless device', (file) => symlink('/dev/zero', file), ': found a device, expected a file'],
  ['F5 no bytes', (file) => writeFile(file, ''), ':1:1: found an empty file, expected a JSON object'],
  ['F5 zeros', (file) => writeFile(file, Buffer.alloc(512)), ':1:1: found `\u0000`, expected a JSON value or a name in double quotes'],
  ['F5 a flipped bit', (file) => writeFile(file, Buffer.from([0x7b, 0x22, 0xe1, 0x22, 0x7d])), ': found bytes that are no UTF-8 text, expected a JSON object'],
  ['a database', (file) => writeFile(file, Buffer.alloc(17 * 1024 * 1024, 'x')), ': found 17825792 bytes, expected at most 16777216'],
  ['a value of the wrong type', (file) => writeFile(file, '{"client": 1}'), ':1:12 client: found 1, expected an object'],
] // prettier-ignore

it.each(UNREADABLE)('refuses the start on %s', async (_title, make, message) => {
  const file = join(appDir, 'config.json')
  await make(file)
  const error = await load().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigurationError)
  expect((error as Error).message).toBe(file + message)
})

it('refuses the start on a file that cannot be opened', async () => {
  const file = join(appDir, 'config.json')
  // A link to itself: permissions would not stop root.
  await symlink(file, file)
  await expect(load()).rejects.toThrow(`${file}: cannot be read (ELOOP)`)
})

const APP_DIRS: [title: string, environment: Record<string, string>, platform: string, expected: string][] = [
  ['Linux', { HOME: '/home/ann' }, 'linux', '/home/ann/.config/signalbox'],
  ['macOS', { HOME: '/Users/ann' }, 'darwin', '/Users/ann/.config/signalbox'],
  ['Windows', { APPDATA: '/Roaming', HOME: '/home/ann' }, 'win32', '/Roaming/signalbox'],
  ['no home', {}, 'linux', '/work/signalbox-data'],
] // prettier-ignore

it.each(APP_DIRS)('app dir: %s', (_title, environment, platform, expected) => {
  expect(defaultAppDir(environment, platform, '/work').replaceAll('\\', '/')).toBe(expected)
})

it('makes an app dir that nobody else can look into, and leaves an existing one as it is', async () => {
  const inner = join(appDir, 'a', 'signalbox')
  await createAppDir(inner)
  expect((await stat(inner)).mode & 0o777).toBe(0o700)
  await chmod(inner, 0o755)
  await createAppDir(inner)
  expect((await stat(inner)).mode & 0o777).toBe(0o755)
})

/** The configuration, or what is wrong; anything else is a defect. */
async function outcome(text: string): Promise<string> {
  try {
    const { configuration } = await compileText(text, 'config.json', {
      registry,
      environment: {},
      appDir,
      version: 1,
    })
    return typeof configuration.providers
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}

it('E4 H6 takes or refuses any text, and changes no prototype', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        fc.jsonValue().map((value) => JSON.stringify(value)),
      ),
      async (text) => {
        expect(await outcome(text)).not.toBe('')
      },
    ),
  )
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

const NAMES = [
  'client', 'providers', 'governance', 'logs_store', 'mcp', 'openai', 'ollama', 'mine', 'keys', 'network_config',
  'custom_provider_config', 'base_provider_type', 'proxy_config', 'extra_headers', 'aliases', 'models', 'value',
  'name', 'url', 'type', 'config', 'path', 'virtual_keys', 'request_path_overrides', 'chat_completion', 'base_url',
  '__proto__', 'constructor', 'prototype', 'toString', 'polluted', 'hasOwnProperty',
] // prettier-ignore

/** JSON text in the words of the format: random values under random known and dangerous names. */
const settingsText = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(
      'null',
      'true',
      '-1',
      '0',
      '7',
      '1e400',
      '""',
      '"*"',
      '"env.A"',
      '"http"',
      '"openai"',
      '"http://a.example"',
      '{}',
      '[]',
    ),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join()}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 4 })
      .map((fields) => `{${fields.map(([name, value]) => `"${name}":${value}`).join()}}`),
  ),
})).value

it('E4 H6 takes or refuses any settings, and changes no prototype', async () => {
  const block = (name: string) => settingsText.map((value) => `{"${name}":${value}}`)
  const texts = fc.oneof(
    settingsText,
    block('providers'),
    block('governance'),
    settingsText.map((value) => `{"providers":{"openai":${value}}}`),
    settingsText.map((value) => `{"providers":{"openai":{"keys":[${value}]}}}`),
    settingsText.map(
      (value) =>
        `{"providers":{"mine":{"custom_provider_config":{"base_provider_type":"openai","request_path_overrides":{"chat_completion":${value}}}}}}`,
    ),
  )
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      expect(await outcome(text)).not.toBe('')
    }),
    { numRuns: 2000 },
  )
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})
