import type { Provider } from '../../providers/provider.ts'
import type { ConfiguredProvider, Reach } from './configuration.ts'
import { compileAllowed, compileCustom, originOfOverride } from './compile-custom.ts'
import { compileKeys, keyAddresses } from './compile-keys.ts'
import { compileNetwork, compileReach, missing, resolveNetwork } from './compile-network.ts'
import { compileQueue } from './compile-queue.ts'
import { resolve } from './environment.ts'
import { isWebAddress } from './forms.ts'
import type { ProviderContext, Registry } from './registry.ts'
import type { ProviderSettings } from './schema-providers.ts'

/** The providers of the file that this version reaches, by lower-case name, in its order. */
export function compileProviders(
  listed: Readonly<Record<string, ProviderSettings>>,
  context: ProviderContext,
): Map<string, ConfiguredProvider> {
  const compiled = new Map<string, ConfiguredProvider>()
  const unreached: string[] = []
  for (const [name, settings] of Object.entries(listed)) {
    const id = name.toLowerCase()
    if (!isReached(id, settings, context.registry)) {
      unreached.push(id)
      continue
    }
    const provider = compileProvider(id, settings, context)
    if (typeof provider !== 'string') compiled.set(id, provider)
    else context.notices.push({ kind: 'provider', message: `The provider ${id} is left out: ${provider}.` })
  }
  if (unreached.length > 0) {
    const message = `This version does not reach these providers and leaves them out: ${unreached.join(', ')}.`
    context.notices.push({ kind: 'provider', message })
  }
  return compiled
}

function isReached(id: string, settings: ProviderSettings, registry: Registry): boolean {
  const custom = settings.custom_provider_config
  return custom === undefined
    ? registry.providers.has(id)
    : registry.customBaseTypes.includes(custom.base_provider_type)
}

/** The provider, or why it is left out. */
function compileProvider(
  id: string,
  settings: ProviderSettings,
  context: ProviderContext,
): ConfiguredProvider | string {
  const { environment, registry } = context
  const resolved = resolveNetwork(settings, environment)
  if (typeof resolved === 'string') return resolved
  const address = findAddress(id, settings, context)
  if (address.reason !== undefined) return address.reason
  const custom = settings.custom_provider_config
  const provider =
    custom === undefined ? registry.providers.get(id)! : compileCustom(id, custom, address.url, registry)
  if (typeof provider === 'string') return provider
  const network = compileNetwork(settings.network_config ?? {}, resolved)
  const reachOf = (url: string, operatorNamed: boolean): Reach =>
    compileReach(withoutVersion(url.replace(/\/+$/, ''), provider), operatorNamed, network)
  const reach = address.url === '' ? undefined : reachOf(address.url, address.operatorNamed)
  return {
    id,
    provider: atAddress(provider, reach),
    reach,
    allowedRequests: custom === undefined ? undefined : compileAllowed(custom),
    keys: compileKeys(id, provider, settings, { ...context, reach, reachOf }),
    network,
    queue: compileQueue(settings.concurrency_and_buffer_size),
  }
}

/** The provider as it is at that address. */
function atAddress(provider: Provider, reach: Reach | undefined): Provider {
  const { surfaces, baseUrl } = provider
  if (baseUrl === undefined || reach?.upstream.origin === new URL(baseUrl).origin) return provider
  const everywhere = surfaces.filter(({ atHomeOnly }) => atHomeOnly !== true)
  return { ...provider, surfaces: [...everywhere, ...surfaces.filter((surface) => surface.atHomeOnly)] }
}

/** `url`: empty where only the keys say where they lead. */
type Address = { url: string; operatorNamed: boolean; reason?: undefined } | { reason: string }

/** Where the provider is: as the file says, as a key of a local server says, or its own address. */
function findAddress(
  id: string,
  settings: ProviderSettings,
  { registry, environment }: ProviderContext,
): Address {
  const custom = settings.custom_provider_config
  const known = registry.providers.get(custom?.base_provider_type ?? id)
  const written = [settings.network_config?.base_url, ...keyAddresses(settings)].find(
    (text) => text !== undefined,
  )
  const { value, reference } = resolve(written, environment)
  if (value === undefined) return { reason: missing(reference) }
  const named = value !== '' ? value : originOfOverride(custom)
  const url = named ?? known?.baseUrl ?? ''
  if (url === '' && known?.cloud !== undefined) return { url, operatorNamed: false }
  if (!isWebAddress(url)) return { reason: 'its base_url is no http:// or https:// address' }
  return { url, operatorNamed: named !== undefined }
}

/** The API's version is part of the paths, and half of all base URLs that people copy end with it, too. */
function withoutVersion(baseUrl: string, { surfaces }: Provider): string {
  const paths = surfaces.flatMap((surface) => Object.values(surface.paths))
  const begins = paths.every((path) => typeof path === 'string' && path.startsWith('/v1/'))
  return begins ? baseUrl.replace(/\/v1$/, '') : baseUrl
}
