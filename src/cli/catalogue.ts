import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFileAtomically } from '../lib/write-file.ts'
import { CATALOGUE_FILE, catalogueInUse, edition, list, lookup } from '../models/catalogue.ts'
import { formatCatalogue, parseCatalogue } from '../models/catalogue-file.ts'
import type { Edition, Entries } from '../models/catalogue-file.ts'
import type { ModelFacts } from '../models/facts.ts'
import type { Prices, Rates } from '../models/prices.ts'
import { readSource } from '../models/read-source.ts'
import { disputes, renewed } from '../models/renew.ts'
import { FlagError, readFlags } from './flags.ts'
import { printable } from './printable.ts'

/** What the command reaches outside itself through. */
export interface CatalogueSurroundings {
  /** Absolute, from the flag `-app-dir` where it is given; its catalogue is used from now on. */
  locate: (appDir: string | undefined) => string
  /** The setting `framework.pricing.pricing_url`. */
  configuredAddress: (appDir: string) => Promise<string | undefined>
  /** The text at an https address. */
  fetchText: (url: URL) => Promise<string>
  /** Today, as `2026-11-21`. */
  today: () => string
  write: (text: string) => void
}

export const CATALOGUE_HELP = `What is known of models: windows, limits, abilities, prices. Nothing is fetched unless "update" asks for it.

Usage: signalbox catalogue                      which catalogue is in use
       signalbox catalogue show MODEL [flags]   one model: provider/model, or a model at every provider
       signalbox catalogue update [flags]       take newer data over it

  -from      an https:// address, a file:// address or a file: a catalogue of Signalbox, api.json of models.dev,
             or a datasheet of LiteLLM's form            (default framework.pricing.pricing_url in config.json)
  -app-dir   where config.json and the catalogue are     (default as for the gateway)
`

/** More than this many changed prices nobody reads at once. */
const SHOWN_CHANGES_MAX = 20

/** `signalbox catalogue`. Throws {@link FlagError}, and Errors whose message is for the operator. */
export async function catalogue(args: readonly string[], on: CatalogueSurroundings): Promise<void> {
  const [word, ...rest] = args
  if (word === 'show') return show(rest, on)
  if (word === 'update') return update(rest, on)
  const given = readFlags(args, ['app-dir'], ['help'])
  if (given.has('help')) return on.write(CATALOGUE_HELP)
  on.locate(given.get('app-dir'))
  on.write(describeEdition(edition(), Object.keys(catalogueInUse().models).length))
}

function describeEdition({ date, sources }: Edition, models: number): string {
  const lines = sources.map(({ name, licence }) => (licence === undefined ? name : `${name}, ${licence}`))
  return `${models} models, as of ${date}, from\n${lines.map((line) => `  ${printable(line)}\n`).join('')}`
}

function show([name, ...rest]: readonly string[], on: CatalogueSurroundings): void {
  if (name === undefined || name.startsWith('-')) throw new FlagError('show: expected a model after it')
  on.locate(readFlags(rest, ['app-dir']).get('app-dir'))
  const found = find(name)
  if (found.length === 0) throw new Error(`The catalogue of ${edition().date} does not know ${name}.`)
  on.write(found.map(([provider, facts]) => describe(provider, facts)).join('\n'))
}

/** At the provider that the name begins with, or else at each. */
function find(name: string): [provider: string, facts: ModelFacts][] {
  const providers = [
    ...new Set(Object.keys(catalogueInUse().models).map((key) => key.slice(0, key.indexOf('/')))),
  ]
  const slash = name.indexOf('/')
  const named = providers.filter((provider) => provider === name.slice(0, slash).toLowerCase())
  const model = named.length > 0 ? name.slice(slash + 1) : name
  return (named.length > 0 ? named : providers).flatMap((provider) => {
    const facts = list(provider).length > 0 ? lookup(provider, model) : undefined
    return facts === undefined ? [] : [[provider, facts]]
  })
}

function describe(provider: string, { id, prices, ...facts }: ModelFacts): string {
  const lines: [string, unknown][] = [
    ['name', facts.name],
    ['released', facts.released],
    ['kind', facts.kind],
    ['context window', facts.contextWindowTokens],
    ['input at most', facts.maxInputTokens],
    ['output at most', facts.maxOutputTokens],
    ['takes', facts.inputKinds?.join(', ')],
    ['tools', facts.tools],
    ['reasoning', facts.reasoning],
    ['efforts', facts.efforts?.join(', ')],
    ['withdrawn', facts.deprecated],
    ...(prices === undefined ? [['price', 'not known'] as [string, unknown]] : priceLines(prices)),
  ]
  const shown = lines.filter(([, value]) => value !== undefined && value !== '')
  return printableLines(`${provider}/${id}`, shown)
}

function printableLines(title: string, lines: readonly [string, unknown][]): string {
  return `${printable(title)}\n${lines.map(([name, value]) => `  ${name.padEnd(18)} ${printable(String(value))}\n`).join('')}`
}

function priceLines({ tiers = [], services = {}, images = {}, ...rates }: Prices): [string, string][] {
  return [
    ['price', describeRates(rates)],
    ...tiers.map(({ above, ...tier }): [string, string] => [`above ${above}`, describeRates(tier)]),
    ...Object.entries(services).map(([name, price]): [string, string] => {
      if (typeof price === 'number') return [name, `${price} % of these`]
      const { tiers: _tiers, ...own } = price
      return [name, describeRates(own)]
    }),
    ...Object.entries(images).map(([name, price]): [string, string] => [
      `an image ${name}`,
      dollars(price, 1),
    ]),
  ]
}

const PIECES: Readonly<Partial<Record<keyof Rates, string>>> = {
  audioSecond: 'a second of audio',
  videoSecond: 'a second of video',
  character: 'a character',
  image: 'an image',
  page: 'a page',
  webSearch: 'a web search',
  rerankSearch: 'a search',
  request: 'a request',
}

function describeRates(rates: Rates): string {
  return (Object.entries(rates) as [keyof Rates, number][])
    .map(([kind, price]) => {
      const piece = PIECES[kind]
      if (piece !== undefined) return `${dollars(price, 1)} ${piece}`
      const words = kind.replaceAll(/[A-Z]|\d\w?/g, (part) => ` ${part.toLowerCase()}`)
      return `${words} ${dollars(price, 1_000_000)}`
    })
    .join(', ')
}

/** Pico-dollars a unit as dollars for so many. */
function dollars(price: number, units: number): string {
  return `$${Number(((price * units) / 1e12).toPrecision(10))}`
}

async function update(args: readonly string[], on: CatalogueSurroundings): Promise<void> {
  const given = readFlags(args, ['from', 'app-dir'])
  const appDir = on.locate(given.get('app-dir'))
  const from = given.get('from') || (await on.configuredAddress(appDir))
  if (from === undefined)
    throw new FlagError(
      'update: expected -from, such as -from https://models.dev/api.json, or framework.pricing.pricing_url in config.json',
    )
  const { entries: fresh, edition: told } = readSource(await readFrom(from, on))
  const { date, sources, models } = catalogueInUse()
  const known: Entries = new Map(Object.entries(models))
  const entries = renewed(known, fresh)
  const source = { name: shownAddress(from) }
  const next: Edition = {
    date: told?.date ?? on.today(),
    sources: [source, ...(told?.sources ?? []), ...sources].filter(isFirstOfItsName),
  }
  if (next.date < date)
    throw new Error(`It is of ${next.date}, and the catalogue in use of ${date}: nothing is changed.`)
  const text = formatCatalogue(next, entries)
  parseCatalogue(text)
  const path = join(appDir, CATALOGUE_FILE)
  await writeFileAtomically(path, text)
  on.write(describeChanges(known, entries, next.date, path))
}

function isFirstOfItsName(
  { name }: { name: string },
  index: number,
  all: readonly { name: string }[],
): boolean {
  return all.findIndex((each) => each.name === name) === index
}

/** Without what may be a secret. */
function shownAddress(from: string): string {
  const url = URL.parse(from)
  return url === null || url.host === '' ? from : `${url.origin}${url.pathname}`
}

async function readFrom(from: string, on: CatalogueSurroundings): Promise<string> {
  const url = URL.parse(from)
  if (url?.protocol === 'https:') return on.fetchText(url)
  if (url?.protocol === 'http:')
    throw new FlagError(
      `-from: found ${shownAddress(from)}, expected https: whoever is on the way could set the prices`,
    )
  return readFile(url?.protocol === 'file:' ? fileURLToPath(url) : from, 'utf8')
}

function describeChanges(before: Entries, after: Entries, date: string, path: string): string {
  const added = [...after.keys()].filter((key) => !before.has(key))
  const repriced = [...after].flatMap(([key, { price }]) => {
    const old = before.get(key)?.price
    return old === undefined || price === undefined
      ? []
      : disputes(price, old).map(
          (kind) =>
            `  ${key} ${kind}: ${dollars(old[kind]!, 1_000_000)} → ${dollars(price[kind]!, 1_000_000)}\n`,
        )
  })
  const more = repriced.length - SHOWN_CHANGES_MAX
  return [
    `${path} is of ${date}: ${after.size} models, ${added.length} of them new, ${repriced.length} prices changed.\n`,
    ...repriced.slice(0, SHOWN_CHANGES_MAX).map((line) => `${printable(line.trimEnd())}\n`),
    ...(more > 0 ? [`  and ${more} more\n`] : []),
    'A gateway takes it when it starts.\n',
  ].join('')
}
