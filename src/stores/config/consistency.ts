import { closest } from '../../lib/closest.ts'
import { checkAccounts } from './check-accounts.ts'
import { checkGovernance } from './check-governance.ts'
import { isCertificate, isHeaderName, isHeaderText, isReference } from './forms.ts'
import { checkPriceOverride } from './price-overrides.ts'
import type { Path, Problem } from './problem.ts'
import { checkUnique, fields, items, place, type Fields, type Placed } from './raw.ts'
import type { Registry } from './registry.ts'
import { KNOWN_PROVIDERS } from './schema-providers.ts'
import type { Tools } from './tools.ts'

/**
 * What no single field can show to be wrong: names that come twice, settings that exclude each other, things that
 * are missing together. Looks at the raw value, so that these problems come with those of the types, not after.
 */
export function inconsistencies(root: unknown, registry: Registry, tools: Tools = {}): Problem[] {
  const problems: Problem[] = []
  const providers = fields(fields(root).providers)
  checkProviderNames(providers, registry, problems)
  for (const [id, block] of Object.entries(providers)) {
    const path = ['providers', id]
    checkAddress(path, id, fields(block), registry, problems)
    checkNetwork(path, fields(block), problems)
    checkProxy(path, fields(fields(block).proxy_config), problems)
    checkKeys([...path, 'keys'], items(fields(block).keys), problems)
    checkPrices([...path, 'pricing_overrides'], fields(block).pricing_overrides, problems)
  }
  const keyIds = Object.entries(providers).map(([id, block]) =>
    place(['providers', id, 'keys'], fields(block).keys),
  )
  checkUnique(keyIds.flat(), 'id', 'each id of a provider key once', problems)
  const governance = fields(fields(root).governance)
  checkVirtualKeys(place(['governance', 'virtual_keys'], governance.virtual_keys), problems)
  checkPrices(['governance', 'pricing_overrides'], governance.pricing_overrides, problems)
  checkGovernance(governance, problems, tools)
  const listed = new Set(Object.keys(providers).map((name) => name.toLowerCase()))
  const known = [...registry.providers.keys(), ...KNOWN_PROVIDERS, ...listed]
  problems.push(...checkAccounts(fields(root), (id) => listed.has(id) || isKnown(id, registry), known))
  return problems
}

function checkPrices(path: Path, overrides: unknown, problems: Problem[]): void {
  for (const { path: at, value } of place(path, overrides)) problems.push(...checkPriceOverride(at, value))
}

function checkProviderNames(providers: Fields, registry: Registry, problems: Problem[]): void {
  const seen = new Set<string>()
  for (const [name, block] of Object.entries(providers)) {
    const path = ['providers', name]
    const id = name.toLowerCase()
    const found = JSON.stringify(name)
    if (seen.has(id))
      problems.push({
        path,
        at: 'name',
        found: `${found} again`,
        expected: 'each provider once; capitals do not count',
      })
    seen.add(id)
    if (!/^[a-z0-9][\w.-]*$/i.test(name)) {
      problems.push({ path, at: 'name', found, expected: 'a name of letters, digits, ".", "_" and "-"' })
    } else if (!isKnown(id, registry) && fields(block).custom_provider_config === undefined) {
      const meant = closest(id, new Set([...registry.providers.keys(), ...KNOWN_PROVIDERS]))
      const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`
      const expected = `a known provider${hint}, or custom_provider_config in it for a provider of your own`
      problems.push({ path, at: 'name', found, expected })
    }
  }
}

function isKnown(id: string, registry: Registry): boolean {
  return registry.providers.has(id) || KNOWN_PROVIDERS.includes(id)
}

/** A server that the operator runs has no address of its own. A cloud's is that of each key. */
function checkAddress(path: Path, id: string, block: Fields, registry: Registry, problems: Problem[]): void {
  const provider = registry.providers.get(id.toLowerCase())
  if (provider === undefined || provider.baseUrl !== undefined || provider.cloud !== undefined) return
  if (block.custom_provider_config !== undefined) return
  const isInKey = items(block.keys).some((key) =>
    ['vllm_key_config', 'ollama_key_config', 'sgl_key_config'].some(
      (name) => fields(fields(key)[name]).url !== undefined,
    ),
  )
  if (isInKey || fields(block.network_config).base_url !== undefined) return
  const expected = `the address of your ${id} server, such as "http://127.0.0.1:8000"`
  problems.push({ path: [...path, 'network_config', 'base_url'], found: 'nothing', expected })
}

/** Headers that frame the request; a second opinion about them is request smuggling. */
const FRAMING_HEADERS = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'te',
  'expect',
])

function checkNetwork(path: Path, block: Fields, problems: Problem[]): void {
  const network = fields(block.network_config)
  const networkPath = [...path, 'network_config']
  const certificate = network.ca_cert_pem
  if (network.insecure_skip_verify === true && certificate !== undefined && certificate !== '') {
    const expected = 'false, because ca_cert_pem says what to check'
    problems.push({ path: [...networkPath, 'insecure_skip_verify'], found: 'true', expected })
  }
  if (
    typeof certificate === 'string' &&
    certificate !== '' &&
    !isReference(certificate) &&
    !isCertificate(certificate)
  ) {
    const expected = 'PEM text that begins with -----BEGIN CERTIFICATE-----'
    problems.push({ path: [...networkPath, 'ca_cert_pem'], found: 'other text', expected })
  }
  for (const [name, value] of Object.entries(fields(network.extra_headers))) {
    const headerPath = [...networkPath, 'extra_headers', name]
    const found = JSON.stringify(name)
    if (!isHeaderName(name)) {
      problems.push({ path: headerPath, at: 'name', found, expected: 'the name of a header' })
    } else if (FRAMING_HEADERS.has(name.toLowerCase())) {
      problems.push({
        path: headerPath,
        at: 'name',
        found,
        expected: 'a header other than those that frame the request',
      })
    }
    if (typeof value === 'string' && !isHeaderText(value)) {
      problems.push({
        path: headerPath,
        found: 'control or non-Latin characters',
        expected: 'text that a header can hold',
      })
    }
  }
  checkQueue(path, block, problems)
}

function checkQueue(path: Path, block: Fields, problems: Problem[]): void {
  const { concurrency, buffer_size: buffer } = fields(block.concurrency_and_buffer_size)
  if (typeof concurrency !== 'number' || typeof buffer !== 'number' || buffer >= concurrency) return
  const expected = `at least concurrency, which is ${concurrency}`
  problems.push({
    path: [...path, 'concurrency_and_buffer_size', 'buffer_size'],
    found: String(buffer),
    expected,
  })
}

function checkProxy(path: Path, proxy: Fields, problems: Problem[]): void {
  if (proxy.type !== 'http' || (proxy.url !== undefined && proxy.url !== '')) return
  const expected = 'the address of the proxy, such as "http://proxy.example.com:3128"'
  problems.push({ path: [...path, 'proxy_config', 'url'], found: 'nothing', expected })
}

function checkKeys(path: Path, keys: readonly unknown[], problems: Problem[]): void {
  checkUnique(place(path, keys), 'name', 'each name once within the provider', problems)
  for (const [index, key] of keys.entries()) {
    checkQueue([...path, index], fields(key), problems)
    for (const listName of ['models', 'blacklisted_models']) {
      const models = items(fields(key)[listName])
      if (models.length < 2 || !models.includes('*')) continue
      // `*` is every model in one version of the format and a model's name in the other.
      problems.push({
        path: [...path, index, listName],
        found: '"*" beside other names',
        expected: '"*" alone, or names without it',
      })
    }
    checkAliases([...path, index, 'aliases'], fields(fields(key).aliases), problems)
  }
}

/** Aliases that lead back to each other (L3). An alias of its own name is common and harmless. */
function checkAliases(path: Path, aliases: Fields, problems: Problem[]): void {
  const target = (name: string): string | undefined => {
    const value = Object.hasOwn(aliases, name) ? aliases[name] : undefined
    const id = typeof value === 'string' ? value : fields(value).model_id
    return typeof id === 'string' && id !== name ? id : undefined
  }
  const reported = new Set<string>()
  for (const start of Object.keys(aliases)) {
    const chain = [start]
    for (let next = target(start); next !== undefined && !reported.has(next); next = target(next)) {
      if (next === start) {
        chain.forEach((name) => reported.add(name))
        const found = [...chain, start].map((name) => JSON.stringify(name)).join(' → ')
        problems.push({ path: [...path, start], found, expected: "the provider's own name of the model" })
        break
      }
      // A circle further on is reported when it is its own start.
      if (chain.includes(next)) break
      chain.push(next)
    }
  }
}

function checkVirtualKeys(keys: readonly Placed[], problems: Problem[]): void {
  checkUnique(keys, 'name', 'each name once', problems)
  const seen = new Set<string>()
  for (const { path, value } of keys) {
    const secret = fields(value).value
    if (typeof secret !== 'string' || secret === '') continue
    if (seen.has(secret)) {
      problems.push({
        path: [...path, 'value'],
        found: 'the value of another key',
        expected: 'a value of its own',
      })
    }
    seen.add(secret)
  }
}
