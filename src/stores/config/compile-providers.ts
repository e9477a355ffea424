import type { Provider, SurfacePaths } from '../../providers/provider.ts'
import type { ConfiguredProvider, Reach } from './configuration.ts'
import { compileKeys, keyAddresses } from './compile-keys.ts'
import { compileNetwork, compileReach, missing, resolveNetwork } from './compile-network.ts'
import { resolve } from './environment.ts'
import { isWebAddress } from './forms.ts'
import type { ProviderContext, Registry } from './registry.ts'
import type { CustomProviderSettings, ProviderSettings } from './schema-providers.ts'

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
  const provider = findProvider(id, settings, address.url, registry)
  if (typeof provider === 'string') return provider
  const network = compileNetwork(settings.network_config ?? {}, resolved)
  const reachOf = (url: string, operatorNamed: boolean): Reach =>
    compileReach(withoutVersion(url.replace(/\/+$/, ''), provider), operatorNamed, network)
  const reach = address.url === '' ? undefined : reachOf(address.url, address.operatorNamed)
  return {
    id,
    provider,
    reach,
    keys: compileKeys(id, provider, settings, { ...context, reach, reachOf }),
    network,
  }
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

/** A whole URL as path of the answers says where a provider is that has no base URL. */
function originOfOverride(custom: CustomProviderSettings | undefined): string | undefined {
  const override = custom === undefined ? undefined : generateOverride(custom)
  return override !== undefined && isWebAddress(override) ? new URL(override).origin : undefined
}

function findProvider(
  id: string,
  settings: ProviderSettings,
  baseUrl: string,
  registry: Registry,
): Provider | string {
  const custom = settings.custom_provider_config
  if (custom === undefined) return registry.providers.get(id)!
  const overrides = custom.request_path_overrides ?? {}
  const written = {
    generate: generateOverride(custom),
    countTokens: overrides['count_tokens'],
    models: overrides['list_models'],
  }
  const paths: { -readonly [Kind in keyof SurfacePaths]?: string } = {}
  for (const [kind, override] of Object.entries(written) as [keyof SurfacePaths, string | undefined][]) {
    if (override === undefined || override === '') continue
    const path = pathBelow(baseUrl, override)
    if (path === undefined)
      return `its request path ${override.replace(/\/\/[^/@]*@/, '//…@')} is not below ${new URL(baseUrl).origin}`
    paths[kind] = path
  }
  const baseType = custom.base_provider_type as Parameters<Registry['customProvider']>[1]
  return registry.customProvider(id, baseType, { keyless: custom.is_key_less ?? false, paths })
}

/** Chat and, for Anthropic's API, responses have one path here, streamed or not. */
function generateOverride(custom: CustomProviderSettings): string | undefined {
  const overrides = custom.request_path_overrides ?? {}
  const chat = overrides['chat_completion'] ?? overrides['chat_completion_stream']
  if (custom.base_provider_type !== 'anthropic') return chat
  return chat ?? overrides['responses'] ?? overrides['responses_stream']
}

/** A path below the base URL, from a path or a whole URL; undefined when the URL leads elsewhere. */
function pathBelow(baseUrl: string, override: string): string | undefined {
  const url = URL.parse(override)
  if (url === null) return override.startsWith('/') ? override : `/${override}`
  const base = new URL(baseUrl)
  const prefix = base.pathname.replace(/\/+$/, '')
  if (url.origin !== base.origin || !url.pathname.startsWith(`${prefix}/`)) return undefined
  return url.pathname.slice(prefix.length)
}

/** The API's version is part of the paths, and half of all base URLs that people copy end with it, too. */
function withoutVersion(baseUrl: string, { surfaces }: Provider): string {
  const paths = surfaces.flatMap((surface) => Object.values(surface.paths))
  const begins = paths.every((path) => typeof path === 'string' && path.startsWith('/v1/'))
  return begins ? baseUrl.replace(/\/v1$/, '') : baseUrl
}
