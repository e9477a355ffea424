import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EXPLAIN_HELP } from '../../src/cli/explain.ts'
import type { ExplanationView } from '../../src/admin/explain-view.ts'
import { startAdminGateway } from '../support/admin-gateway.ts'
import { readPage } from './pages.ts'

const PAGE = readPage('docs/explain.md')
const ROOT = join(import.meta.dirname, '../..')

/** What the variables of the example have. */
const SECRETS = {
  ANTHROPIC_API_KEY: 'sk-ant-SECRET-1',
  ANTHROPIC_SPARE_KEY: 'sk-ant-SECRET-2',
  OPENAI_API_KEY: 'sk-SECRET-3',
  ANA_KEY: 'sk-bf-SECRET-0123456789',
}

/** Without moments and prices: the former pass, and the latter are those of the catalogue. */
const timeless = (text: string) =>
  text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '<moment>').replaceAll(/\$\d[\d.]*/g, '<amount>')

/** What each `sh` block of the page prints, run one after the other in one shell. */
async function run(url: string, appDir: string): Promise<string[]> {
  const script = PAGE.blocks
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text.replaceAll('http://localhost:8080', url).replaceAll('curl ', 'curl -sS --fail '))
    // The command reads the settings of the example, and else asks the gateway of the test.
    .map((text) =>
      text.replaceAll(
        'node bin/signalbox.cjs explain',
        `'${process.execPath}' '${ROOT}/src/main.ts' explain -app-dir .`,
      ),
    )
    .join('\necho =====\n')
  return new Promise((resolve, reject) => {
    const options = { cwd: appDir, env: { PATH: process.env['PATH'], HOME: appDir, ...SECRETS } }
    execFile('bash', ['-ec', script], options, (error, printed, told) => {
      if (error === null) resolve(printed.split(/^=====\n/m))
      else reject(new Error(told, { cause: error }))
    })
  })
}

describe('docs/explain.md', { timeout: 60_000 }, () => {
  it('every line runs, and prints what is shown', async () => {
    const settings = PAGE.blocks.find(({ language }) => language === 'json')!.text
    const gateway = await startAdminGateway({ file: JSON.parse(settings), env: SECRETS })
    onTestFinished(() => gateway.close())
    writeFileSync(join(gateway.appDir, 'config.json'), settings)
    const [ofModel, ofRequest, ofGateway, overHttp] = await run(gateway.url, gateway.appDir)
    const shown = PAGE.blocks.filter(({ language }) => language === '').map(({ text }) => text)
    expect(timeless(ofModel!)).toBe(timeless(shown[0]!))
    expect(ofRequest).toContain(shown[2])
    expect(ofGateway).toContain('The request names no session')
    expect(ofGateway).not.toContain('ledger.db')
    const view = JSON.parse(overHttp!) as ExplanationView
    expect(view).toMatchObject({
      caller: { virtual_key: { name: 'Ana' } },
      outcome: { type: 'sent', target: 0 },
    })
    expect([ofModel, ofRequest, ofGateway, overHttp].join()).not.toContain('SECRET')
  })

  it('names every field of the answer and every flag of the command', async () => {
    const gateway = await startAdminGateway({
      file: { providers: { openai: { keys: [{ name: 'a', value: 'b' }] } } },
    })
    onTestFinished(() => gateway.close())
    const { body } = await gateway.ask('POST /api/explain', {
      body: {
        path: '/openai/v1/chat/completions',
        body: { model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] },
      },
    })
    const view = body as ExplanationView
    const fields = [view, view.plan[0]!, view.plan[0]!.keys[0]!].flatMap(Object.keys)
    const isTold = (name: string) => PAGE.text.includes(`\`${name}\``) || PLAIN.has(name)
    expect(fields.filter((name) => !isTold(name))).toEqual([])
    const flags = [...EXPLAIN_HELP.matchAll(/^ {2}(-[a-z-]+)/gm)].map(([, flag]) => flag!)
    expect(flags.length).toBeGreaterThan(8)
    expect(flags.filter((flag) => !PAGE.text.includes(flag))).toEqual([])
  })
})

/** They mean what they say. */
const PLAIN: ReadonlySet<string> = new Set(['protocol', 'uses_own_login', 'id', 'name', 'weight'])
