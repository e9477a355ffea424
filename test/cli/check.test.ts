import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { check } from '../../src/cli/check.ts'
import { FlagError } from '../../src/cli/flags.ts'
import { registry } from '../stores/config/registry.ts'

let appDir = ''
beforeEach(async () => {
  appDir = await mkdtemp(join(tmpdir(), 'signalbox-'))
})
afterEach(() => rm(appDir, { recursive: true }))

/** Whether the file is fine, and what was printed, with the app dir cut off. */
async function run(...args: string[]): Promise<[boolean, string]> {
  let printed = ''
  const isFine = await check(args, {
    options: (flag) => ({ registry, environment: {}, appDir: flag ?? appDir, version: 1, nowMs: 0 }),
    write: (text) => void (printed += text),
  })
  return [isFine, printed.replaceAll(`${appDir}/`, '')]
}
const write = (name: string, text: string) => writeFile(join(appDir, name), text)

const OUTPUTS: [title: string, name: string, text: string, isFine: boolean, lines: string[]][] = [
  ['nothing wrong', 'config.json', '{}', true, ['config.json: nothing is wrong']],
  ['a mistake', 'config.json', '{\n  "client": {"enable_logging": 1}\n}', false, [
    'config.json:2:32: error: client.enable_logging: found 1, expected true or false',
    'config.json: 1 error',
  ]],
  ['no JSON', 'config.json', '{', false, [
    'config.json:1:2: error: found the end of the file, expected a closing }',
    'config.json: 1 error',
  ]],
  ['a slip, in YAML', 'config.yaml', 'client:\n  enable_loging: true\n', false, [
    'config.yaml:2:18: warning: client.enable_loging: found a name that is no setting, expected enable_logging',
    'config.yaml: 1 warning',
  ]],
  ['what depends on the machine', 'config.json', '{"providers": {"openai": {"keys": [{"name": "a", "value": "env.NOT_SET"}]}}}', true, [
    'config.json: note: The key "a" of openai is not used: the environment has no NOT_SET.',
    'config.json: 1 note',
  ]],
  ['all kinds, in the order of the file', 'config.json', '{"governance": {"teams": [{"id": "t", "profile": {}, "budget": {"max_limit": 1, "reset_duration": "1d"}}]},\n"mcp": {}}', false, [
    'config.json:1:50: note: governance.teams[].profile: a setting that this version does not serve',
    'config.json:1:27: warning: governance.teams[0]: found limits of the team "t", of which no virtual key works, expected team_id: "t" at a virtual key',
    'config.json:2:8: note: mcp: a setting that this version does not serve',
    'config.json: 1 warning, 2 notes',
  ]],
] // prettier-ignore

describe('signalbox check', () => {
  it.each(OUTPUTS)('%s', async (_title, name, text, isFine, lines) => {
    await write(name, text)
    const [fine, printed] = await run()
    expect([fine, printed.trimEnd().split('\n').toSorted()]).toEqual([isFine, lines.toSorted()])
  })

  it('looks at the file that is named, wherever that stands among the flags', async () => {
    await write('other.yaml', 'client: 1')
    const file = join(appDir, 'other.yaml')
    for (const args of [[file], [file, '-app-dir', '/nowhere'], ['--app-dir=/nowhere', file]]) {
      const [fine, printed] = await run(...args)
      expect([fine, printed]).toEqual([
        false,
        'other.yaml:1:9: error: client: found 1, expected an object\nother.yaml: 1 error\n',
      ])
    }
  })

  it('gives programs JSON', async () => {
    await write('config.json', '{"client": {"enable_logging": 1}}')
    const [fine, printed] = await run('-json')
    expect([fine, JSON.parse(printed)]).toEqual([
      false,
      {
        file: 'config.json',
        ok: false,
        remarks: [
          { severity: 'error', place: 'client.enable_logging', line: 1, column: 31, message: '1', expected: 'true or false' },
        ],
      },
    ]) // prettier-ignore
  })

  it('is content without a file, but not without one that was named', async () => {
    expect(await run()).toEqual([
      true,
      'There is no configuration file: providers are found by the variables of the environment.\n',
    ])
    expect(await run('-json')).toEqual([true, '{"file":null,"ok":true,"remarks":[]}\n'])
    await expect(run('/nowhere/config.json')).rejects.toThrow('/nowhere/config.json: there is no such file')
  })

  it('shows no secret, and nothing that a terminal would obey', async () => {
    await write(
      'config.json',
      '{"client": {"\\u001b[2Jx": 1}, "providers": {"openai": {"keys": [{"value": ["sk-proj-secret"]}]}}}',
    )
    const [, printed] = await run()
    expect(printed).not.toContain('sk-proj-secret')
    expect(printed).not.toContain('\u001b')
  })

  it.each([[['a', 'b']], [['-x']], [['-app-dir']]])('refuses %j', async (args) => {
    await expect(run(...args)).rejects.toThrow(FlagError)
  })

  it('explains itself', async () => {
    const [fine, printed] = await run('-help')
    expect([fine, printed]).toEqual([true, expect.stringContaining('-json')])
  })
})
