import type { CloudSettings } from '../../providers/authorization.ts'
import type { Provider } from '../../providers/provider.ts'
import { compileCloud } from './compile-cloud.ts'
import { missing } from './compile-network.ts'
import { compileQueue } from './compile-queue.ts'
import type { ProviderKey, Reach } from './configuration.ts'
import { KEY_DEFAULTS } from './defaults.ts'
import { resolve } from './environment.ts'
import type { EnvironmentText } from './fields.ts'
import { isHeaderText, isWebAddress } from './forms.ts'
import type { ProviderContext } from './registry.ts'
import type { ProviderKeySettings, ProviderSettings } from './schema-providers.ts'

/** What a provider's keys are compiled with. */
export interface KeyContext extends ProviderContext {
  /** Where keys lead that do not say; undefined where each has to. */
  readonly reach: Reach | undefined
  readonly reachOf: (baseUrl: string, operatorNamed: boolean) => Reach
}

/**
 * The keys of a provider. One that cannot be used is kept, disabled, and told in a notice: it still has its place
 * in the admin API. A provider that needs no key and has none gets one without a value, so that there is always a
 * key to choose.
 */
export function compileKeys(
  providerId: string,
  provider: Provider,
  settings: ProviderSettings,
  context: KeyContext,
): ProviderKey[] {
  const written = settings.keys ?? []
  if (written.length === 0 && provider.keyless === true)
    return [compileKey(providerId, 'keyless', {}, provider, context)].map(({ key }) => key)
  return written.map((settingsOfKey, index) => {
    const name = settingsOfKey.name ?? `key ${index + 1}`
    const { key, unusable } = compileKey(providerId, name, settingsOfKey, provider, context)
    if (!key.enabled || unusable === undefined) return key
    context.notices.push({
      kind: 'provider-key',
      message: `The key "${name}" of ${providerId} is not used: ${unusable}.`,
    })
    return { ...key, enabled: false }
  })
}

/** Leads nowhere: for keys that cannot be used, and so never are. */
const NOWHERE = 'https://invalid.invalid'

function compileKey(
  providerId: string,
  name: string,
  settings: ProviderKeySettings,
  provider: Provider,
  context: KeyContext,
): { key: ProviderKey; unusable: string | undefined } {
  const { value, reference } = resolve(settings.value, context.environment)
  const cloud =
    provider.cloud === undefined
      ? undefined
      : compileCloud(provider.cloud.kind, settings, context.environment)
  const reach = findReach(settings, provider, cloud, context)
  const listed =
    settings.models ??
    (settings.vllm_key_config?.model_name === undefined ? [] : [settings.vllm_key_config.model_name])
  const key: ProviderKey = {
    id: settings.id ?? `${providerId}/${name}`,
    name,
    reach: typeof reach === 'string' ? context.reachOf(NOWHERE, false) : reach,
    value: value ?? '',
    cloud: typeof cloud === 'string' ? undefined : cloud,
    reference,
    models: listed.length === 0 || listed.includes('*') ? undefined : new Set(listed),
    blockedModels: new Set(settings.blacklisted_models ?? []),
    aliases: compileAliases(settings),
    weight: settings.weight === undefined ? KEY_DEFAULTS.weight : (settings.weight ?? 0),
    enabled: settings.enabled ?? KEY_DEFAULTS.enabled,
    queue: compileQueue(settings.concurrency_and_buffer_size),
  }
  return { key, unusable: unusable() }

  function unusable(): string | undefined {
    if (value === undefined) return missing(reference)
    if (typeof cloud === 'string') return cloud
    if (value === '' && provider.keyless !== true && cloud === undefined) return 'it has no value'
    if (!isHeaderText(value)) return 'its value has characters that no header can hold'
    if (settings.blacklisted_models?.includes('*')) return 'its blacklisted_models are all models'
    return typeof reach === 'string' ? reach : undefined
  }
}

/** Where the key leads: as it says itself (its server, its region), else where its provider is; or what is wrong. */
function findReach(
  settings: ProviderKeySettings,
  provider: Provider,
  cloud: CloudSettings | string | undefined,
  { environment, reach, reachOf }: KeyContext,
): Reach | string {
  const { value, reference } = resolve(keyAddress(settings), environment)
  if (value === undefined) return missing(reference)
  if (value !== '')
    return isWebAddress(value) ? reachOf(value, true) : 'its url is no http:// or https:// address'
  if (reach !== undefined) return reach
  if (provider.cloud === undefined || cloud === undefined || typeof cloud === 'string')
    return 'nothing says where it leads'
  const baseUrl = provider.cloud.baseUrl(cloud)
  return isWebAddress(baseUrl)
    ? reachOf(baseUrl, cloud.kind === 'azure')
    : 'its endpoint is no http:// or https:// address'
}

/** `deployments` are the older form, one for each kind of provider. */
function compileAliases(key: ProviderKeySettings): Map<string, string> {
  const deployments = [
    key.huggingface_key_config,
    key.replicate_key_config,
    key.azure_key_config,
    key.vertex_key_config,
    key.bedrock_key_config,
  ].flatMap((config) => Object.entries(config?.deployments ?? {}))
  const aliases = Object.entries(key.aliases ?? {}).map(([alias, target]): [string, string] => [
    alias,
    typeof target === 'string' ? target : target.model_id,
  ])
  return new Map([...deployments, ...aliases])
}

/** Addresses that keys of local servers carry, in their order. */
export function keyAddresses(settings: ProviderSettings): EnvironmentText[] {
  return (settings.keys ?? []).map(keyAddress).filter((address) => address !== undefined)
}

function keyAddress(key: ProviderKeySettings): EnvironmentText | undefined {
  return key.vllm_key_config?.url ?? key.ollama_key_config?.url ?? key.sgl_key_config?.url
}
