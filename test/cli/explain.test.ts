import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { explain } from '../../src/cli/explain.ts'
import { FlagError } from '../../src/cli/flags.ts'
import { KeyHash } from '../../src/stores/config/key-hash.ts'
import { newResilience } from '../../src/pipeline/resilience.ts'
import { compileText } from '../../src/stores/config/load.ts'
import { readLedger } from '../../src/stores/ledger/reading.ts'
import { openLedger } from '../../src/stores/ledger/sqlite.ts'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../../src/providers/index.ts'

let appDir = ''
beforeEach(async () => {
  appDir = await mkdtemp(join(tmpdir(), 'signalbox-'))
})
afterEach(() => rm(appDir, { recursive: true }))

const SETTINGS = {
  providers: { anthropic: { keys: [{ id: 'a1', name: 'main', value: 'secret', models: ['*'] }] } },
  governance: {
    virtual_keys: [
      { id: 'ana', name: 'Ana', value: 'sk-bf-ana-0123456789', budgets: [{ id: 'b', max_limit: 20, reset_duration: '1d' }] },
    ],
    routing_rules: [
      { id: 'small', name: 'small', cel_expression: 'tier == "haiku"', targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }] },
    ],
  },
} // prettier-ignore

const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }

async function compiled() {
  const memory = { hash: new KeyHash(new Uint8Array(32)), keys: new Map() }
  const options = { registry, environment: {}, appDir, version: 1, memory }
  return (await compileText(JSON.stringify(SETTINGS), 'config.json', options)).configuration
}

interface Posted {
  url: string
  body: string
}

/** What was printed, and what a gateway was asked. */
async function run(
  args: string[],
  answer = { status: 200, text: '{}' },
): Promise<{ printed: string; posted: Posted[] }> {
  let printed = ''
  const posted: Posted[] = []
  await explain(args, {
    open: async (flag) => {
      const configuration = await compiled()
      const { budgets, rateLimits } = configuration.governance
      const accounts = [...budgets.values(), ...rateLimits.values()]
      return {
        configuration: () => configuration,
        ledger: readLedger(join(flag ?? appDir, 'ledger.db'), accounts),
        resilience: newResilience(() => 0),
        logs: { get: async () => undefined },
        close: () => undefined,
      }
    },
    post: async (url, body) => {
      posted.push({ url: url.href, body: Buffer.from(body).toString() })
      return answer
    },
    read: async (path) => readFileSync(path),
    write: (text) => void (printed += text),
  })
  return { printed, posted }
}

describe('signalbox explain', () => {
  it('says what happens first, and then why', async () => {
    const { printed } = await run(['-model', 'claude-opus-4-5', '-key', 'Ana', '-session', 's1'])
    for (const line of [
      'It goes to anthropic/claude-opus-4-5 with the key main.',
      'caller    the virtual key Ana',
      '  - small (global) does not apply',
      '      does not hold: tier == "haiku"   (tier = "opus")',
      '1. anthropic/claude-opus-4-5   claude-opus-4-5 was asked for as a model of anthropic',
      '   key       main: chosen, 100 %',
    ])
      expect(printed.split('\n')).toContain(line)
    expect(printed).toMatch(
      /limits {4}virtual key Ana: \$0\.00 of \$20\.00 used, \$0\.00 reserved, would hold \$0\.0\d+; 1d, until/,
    )
    expect(printed).toContain('Balances are those of ledger.db')
    expect(printed).not.toMatch(/undefined|null|NaN|\[object/)
  })

  it('reads the balances of a ledger that a gateway has open', async () => {
    const { governance } = await compiled()
    const { ledger } = openLedger({
      path: join(appDir, 'ledger.db'),
      report: (message) => expect(message).toBe(''),
    })
    const limits = governance.limitsFor(governance.virtualKeys.get('ana'), 'anthropic', ['claude-opus-4-5'])
    const reserved = await ledger.reserve('call', limits, { nanodollars: 19.99e9, tokens: 1 })
    if (reserved.outcome === 'reserved')
      reserved.reservation.settle({ nanodollars: 19.99e9, tokens: 1, requests: 1 })
    await ledger.flush()
    const { printed } = await run(['-model', 'claude-opus-4-5', '-key', 'ana'])
    expect(printed).toContain('$19.99 of $20.00 used, $0.00 reserved, blocks the call')
    expect(printed).toMatch(/^It is refused: 402 budget_exceeded, /)
    await ledger.close()
  })

  it.each([
    ['/openai/v1/chat/completions', 'translated, anthropic'],
    ['/openai/v1/responses', 'translated, anthropic'],
    ['/genai/v1beta/models/{model}:generateContent', 'translated, anthropic'],
    ['/bedrock/model/{model}/converse', 'translated, anthropic'],
    ['/cohere/v2/chat', 'translated, anthropic'],
    ['/anthropic/v1/messages', 'byte for byte'],
  ])('makes up a small request for %s', async (path, body) => {
    const { printed } = await run(['-model', 'anthropic/claude-opus-4-5', '-path', path])
    expect(printed).toContain('It goes to anthropic/claude-opus-4-5')
    if (body !== 'byte for byte') expect(printed).toContain(body)
  })

  it('explains the request of a file, for whom it is told', async () => {
    const file = join(appDir, 'request.json')
    const body = '{"model":"claude-haiku-4-5",  "max_tokens":9,"messages":[]}'
    await writeFile(file, ` {"path": "/anthropic/v1/messages", "body": ${body}}`)
    const { printed } = await run(['-request', file, '-key', 'Ana', '-json'])
    expect(JSON.parse(printed)).toMatchObject({
      call: { body_bytes: body.length },
      caller: { virtual_key: { id: 'ana' } },
      rules: { decided_by: { id: 'small' } },
      outcome: { type: 'sent', target: 0 },
    })
  })

  it('asks the gateway that runs where it is told', async () => {
    const { printed } = await run(['-model', 'claude-opus-4-5', '-json'])
    const answer = { status: 200, text: printed }
    const asked = await run(['-id', 'call-1', '-key', 'Ana', '-url', 'http://localhost:9999/x'], answer)
    expect(asked.posted).toEqual([
      { url: 'http://localhost:9999/api/explain', body: '{"id":"call-1","virtual_key":"Ana"}' },
    ])
    expect(asked.printed).toMatch(/^It goes to anthropic/)
    const refused = { status: 401, text: '{"error":{"message":"Log in."}}' }
    await expect(run(['-id', 'x', '-url', 'http://localhost:1'], refused)).rejects.toThrow(
      'localhost:1 answers with status 401: Log in.',
    )
    const other = { status: 404, text: '<html>' }
    await expect(run(['-id', 'x', '-url', 'http://localhost:1'], other)).rejects.toThrow(
      'no answer of a gateway',
    )
  })

  it.each([
    [['-key', 'Ana'], 'found none of them, expected one of -request, -id and -model'],
    [['-id', 'a', '-model', 'b'], 'found -id and -model, expected one'],
    [['-id', 'a', '-session', 'b'], '-session: found it with -id, expected it with -model'],
    [['-id', 'a', '-url', 'localhost'], '-url: found "localhost", expected an address'],
    [['-request', '/nowhere/a.json'], '-request: /nowhere/a.json cannot be read (ENOENT'],
    [['-modle', 'a'], 'found "-modle", expected one of -request'],
  ])('%j is refused', async (args, message) => {
    const asked = run(args)
    await expect(asked).rejects.toThrow(FlagError)
    await expect(asked).rejects.toThrow(message)
  })

  it('prints nothing that acts on a terminal', async () => {
    const { printed } = await run(['-model', 'claude-\u001b[2Jx', '-session', '\u009b31m'])
    // oxlint-disable-next-line no-control-regex
    expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(printed).toContain('\\u001b[2Jx')
  })

  it('helps', async () => {
    for (const args of [[], ['-help']])
      expect((await run(args)).printed).toContain('Usage: signalbox explain -request')
  })
})
