/** `signalbox catalogue`: what it shows, and what it lets over the packaged catalogue. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { catalogue, CATALOGUE_HELP } from '../../src/cli/catalogue.ts'
import type { CatalogueSurroundings } from '../../src/cli/catalogue.ts'
import { FlagError } from '../../src/cli/flags.ts'
import { CATALOGUE_FILE, edition, lookup, preferCatalogue } from '../../src/models/catalogue.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const TODAY = '2099-01-02'
const nothing = () => {}

afterEach(() => preferCatalogue('/nowhere/catalogue.json', nothing))

interface Ran {
  appDir: string
  printed: string
  fetched: string[]
}

async function run(
  args: string[],
  {
    appDir = temporaryDirectory(),
    answer = '',
    ...on
  }: Partial<CatalogueSurroundings> & { appDir?: string; answer?: string } = {},
): Promise<Ran> {
  const ran: Ran = { appDir, printed: '', fetched: [] }
  await catalogue(args, {
    locate: () => {
      preferCatalogue(join(appDir, CATALOGUE_FILE), nothing)
      return appDir
    },
    configuredAddress: async () => undefined,
    fetchText: async (url) => {
      ran.fetched.push(url.href)
      return answer
    },
    today: () => TODAY,
    write: (text) => (ran.printed += text),
    ...on,
  })
  return ran
}

const modelsDev = (models: object) => JSON.stringify({ openai: { id: 'openai', env: [], models } })
const GPT_5 = { name: 'GPT-5', tool_call: true, limit: { context: 400_000 }, cost: { input: 2, output: 10 } }
const NEW = { ...GPT_5, name: 'GPT-99', cost: { input: 3, output: 4 } }

describe('show', () => {
  it('one model at one provider', async () => {
    const { printed } = await run(['show', 'anthropic/claude-opus-5-5[1m]'])
    expect(printed.split('\n')).toEqual([
      'anthropic/claude-opus-5-5',
      '  name               Claude Opus 5.5',
      '  released           2026-09-22',
      '  context window     1000000',
      '  output at most     128000',
      '  takes              text, image, pdf',
      '  tools              true',
      '  reasoning          true',
      '  efforts            low, medium, high, xhigh, max',
      '  price              input $4, output $20, cache read $0.2, cache write 5m $5, cache write 1h $8, $0.01 a web search',
      '  batch              50 % of these',
      '  us                 110 % of these',
      '  fast               200 % of these',
      '',
    ])
  })

  it.each([
    ['a model at every provider', 'gpt-5-mini', /^azure\/gpt-5-mini$[\s\S]*^openai\/gpt-5-mini$/m],
    ['a slash in the name is no provider', 'openai/gpt-oss-120b', /^openai|^groq\/openai\/gpt-oss-120b$/m],
    ['tiers', 'gemini/gemini-2.5-pro', /above 200000 +input \$2\.5, output \$15/],
    ['pieces', 'elevenlabs/eleven_v3', /price +\$0\.0001 a character/],
    ['images', 'openai/dall-e-3', /an image 1024x1024\/hd +\$0\.08/],
    ['no price', 'nvidia/google/gemma-3-4b-it', /price +not known/],
  ])('%s', async (_, name, expected) => {
    expect((await run(['show', name])).printed).toMatch(expected)
  })

  it('says when it knows nothing', async () => {
    await expect(run(['show', 'llama-nowhere'])).rejects.toThrow(
      /The catalogue of 20\S+ does not know llama-nowhere/,
    )
    await expect(run(['show'])).rejects.toThrow(FlagError)
  })
})

it('says which catalogue is in use', async () => {
  expect((await run([])).printed).toMatch(
    /^\d{4} models, as of 20\d\d-\d\d-\d\d, from\n {2}@pydantic\/\S+, MIT\n/,
  )
  expect((await run(['-help'])).printed).toBe(CATALOGUE_HELP)
})

describe('update', () => {
  it('takes a fresh table over the packaged one, and keeps what only that knew', async () => {
    const before = edition()
    const { appDir, printed, fetched } = await run(
      ['update', '-from', 'https://models.dev/api.json?key=secret'],
      {
        answer: modelsDev({ 'gpt-5': GPT_5, 'gpt-99': NEW }),
      },
    )
    expect(fetched).toEqual(['https://models.dev/api.json?key=secret'])
    expect(printed).toContain(
      `${TODAY}: ${1 + Number(/(\d+) models/.exec((await run([])).printed)![1])} models, 1 of them new`,
    )
    expect(printed).toContain('openai/gpt-5 input: $1.25 → $2')

    preferCatalogue(join(appDir, CATALOGUE_FILE), nothing)
    expect(edition().date).toBe(TODAY)
    expect(edition().sources.map(({ name }) => name)).toEqual([
      'https://models.dev/api.json',
      ...before.sources.map(({ name }) => name),
    ])
    expect(lookup('openai', 'gpt-99')?.prices).toMatchObject({ input: 3_000_000, services: { batch: 50 } })
    // Rates of different days are not mixed: the cache's price was that of the older input price.
    expect(lookup('openai', 'gpt-5')).toMatchObject({
      efforts: ['minimal', 'low', 'medium', 'high'],
      prices: { input: 2_000_000 },
    })
    expect(lookup('openai', 'gpt-5')?.prices).not.toHaveProperty('cacheRead')
    expect(lookup('anthropic', 'claude-opus-5-5')?.prices?.cacheWrite1h).toBe(8_000_000)
    expect(statSync(join(appDir, CATALOGUE_FILE)).mode & 0o777).toBe(0o600)
  })

  it('reads files, their addresses, and what config.json names', async () => {
    const directory = temporaryDirectory()
    const file = join(directory, 'table.json')
    writeFileSync(file, modelsDev({ 'gpt-99': NEW }))
    for (const from of [file, pathToFileURL(file).href])
      expect((await run(['update', '-from', from])).printed).toContain('1 of them new')
    const { printed, fetched } = await run(['update'], {
      configuredAddress: async () => 'https://prices.example/t.json',
      answer: modelsDev({ 'gpt-99': NEW }),
    })
    expect([fetched, printed.includes('1 of them new')]).toEqual([['https://prices.example/t.json'], true])
  })

  it('fetches nothing when only asked to show', async () => {
    const { fetched } = await run(['show', 'gpt-5'], {
      configuredAddress: async () => 'https://prices.example',
    })
    expect(fetched).toEqual([])
  })

  it.each<[string, string, string]>([
    ['no JSON', '<html>', 'it is no JSON'],
    ['no object', '[]', 'it is no JSON object'],
    ['something else', '{"hello":{"world":1}}', 'it is no catalogue of Signalbox'],
    ['an older catalogue', '{"date":"2020-01-01","models":{}}', 'It is of 2020-01-01'],
    ['a broken one', '{"date":"2099-01-01","models":{"a/b":{"context":-1}}}', '"a/b" has no usable context'],
    ['one with unknown fields', '{"date":"2099-01-01","models":{"a/b":{"x":1}}}', '"a/b" has no usable x'],
    [
      'prices that are no pico-dollars',
      '{"date":"2099-01-01","models":{"a/b":{"price":{"input":0.5}}}}',
      '"a/b" has no usable price',
    ],
    ['a model without provider', '{"date":"2099-01-01","models":{"b":{}}}', '"b" has no usable name'],
  ])('takes no %s', async (_, answer, message) => {
    const appDir = temporaryDirectory()
    await expect(run(['update', '-from', 'https://a.example'], { appDir, answer })).rejects.toThrow(message)
    expect(existsSync(join(appDir, CATALOGUE_FILE))).toBe(false)
  })

  it.each([
    [['update'], /expected -from/],
    [['update', '-from', 'http://a.example/x'], /expected https/],
    [['updaet'], /found "updaet"/],
  ])('%j is refused', async (args, message) => {
    await expect(run(args)).rejects.toThrow(message)
  })
})

describe('a catalogue in the app dir', () => {
  const OWN = { date: '2099-01-01', models: { 'vllm/mine': { context: 5_000, price: { input: 0 } } } }
  const prefer = (text: string) => {
    const path = join(temporaryDirectory(), CATALOGUE_FILE)
    writeFileSync(path, text)
    const problems: string[] = []
    preferCatalogue(path, (problem) => problems.push(problem))
    return problems
  }

  it('is used', () => {
    prefer(JSON.stringify(OWN))
    expect([edition().date, lookup('vllm', 'mine')?.prices]).toEqual(['2099-01-01', { input: 0 }])
  })

  it('gives way to a package that is newer', () => {
    prefer(JSON.stringify({ ...OWN, date: '2020-01-01' }))
    expect(lookup('vllm', 'mine')).toBeUndefined()
    expect(lookup('openai', 'gpt-5')).toBeDefined()
  })

  it.each(['', '{"date":"2099-01-01"', '{}', 'null'])(
    'that is damaged is reported and left out: %j',
    (text) => {
      const problems = prefer(text)
      expect(lookup('openai', 'gpt-5')).toBeDefined()
      expect(problems).toEqual([expect.stringContaining('is not used')])
    },
  )

  it('is written whole: what was there before stays when the new one cannot be', async () => {
    const appDir = temporaryDirectory()
    await run(['update', '-from', 'https://a.example'], { appDir, answer: modelsDev({ 'gpt-99': NEW }) })
    const before = readFileSync(join(appDir, CATALOGUE_FILE), 'utf8')
    await expect(run(['update', '-from', 'https://a.example'], { appDir, answer: '{' })).rejects.toThrow()
    expect(readFileSync(join(appDir, CATALOGUE_FILE), 'utf8')).toBe(before)
  })
})
