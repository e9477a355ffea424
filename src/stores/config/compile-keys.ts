import type { Provider } from '../../providers/provider.ts'
import { missing } from './compile-network.ts'
import type { ProviderKey } from './configuration.ts'
import { KEY_DEFAULTS } from './defaults.ts'
import { resolve } from './environment.ts'
import type { EnvironmentText } from './fields.ts'
import { isHeaderText } from './forms.ts'
import type { ProviderContext } from './registry.ts'
import type { ProviderKeySettings, ProviderSettings } from './schema-providers.ts'

/**
 * The keys of a provider. One that cannot be used is kept, disabled, and told in a notice: it still has its place
 * in the admin API. A provider that needs no key and has none gets one without a value, so that there is always a
 * key to choose.
 */
export function compileKeys(
  providerId: string,
  provider: Provider,
  settings: ProviderSettings,
  { environment, notices }: ProviderContext,
): ProviderKey[] {
  const written = settings.keys ?? []
  if (written.length === 0 && provider.keyless === true)
    return [compileKey(providerId, 'keyless', {}, '', undefined)]
  const address = resolve(settings.network_config?.base_url ?? keyAddresses(settings)[0], environment).value
  return written.map((key, index) => {
    const name = key.name ?? `key ${index + 1}`
    const { value, reference } = resolve(key.value, environment)
    const compiled = compileKey(providerId, name, key, value ?? '', reference)
    const reason = compiled.enabled ? unusable() : undefined
    if (reason === undefined) return compiled
    notices.push({
      kind: 'provider-key',
      message: `The key "${name}" of ${providerId} is not used: ${reason}.`,
    })
    return { ...compiled, enabled: false }

    function unusable(): string | undefined {
      if (value === undefined) return missing(reference)
      if (value === '' && provider.keyless !== true) return 'it has no value'
      if (!isHeaderText(value)) return 'its value has characters that no header can hold'
      if (key.blacklisted_models?.includes('*')) return 'its blacklisted_models are all models'
      const own = resolve(keyAddress(key), environment).value
      return own !== '' && own !== address
        ? 'it names another address than its provider, which has one'
        : undefined
    }
  })
}

function compileKey(
  providerId: string,
  name: string,
  key: ProviderKeySettings,
  value: string,
  reference: string | undefined,
): ProviderKey {
  const listed =
    key.models ?? (key.vllm_key_config?.model_name === undefined ? [] : [key.vllm_key_config.model_name])
  return {
    id: key.id ?? `${providerId}/${name}`,
    name,
    value,
    reference,
    models: listed.length === 0 || listed.includes('*') ? undefined : new Set(listed),
    blockedModels: new Set(key.blacklisted_models ?? []),
    aliases: compileAliases(key),
    weight: key.weight === undefined ? KEY_DEFAULTS.weight : (key.weight ?? 0),
    enabled: key.enabled ?? KEY_DEFAULTS.enabled,
  }
}

/** `deployments` are the older form, one for each kind of provider. */
function compileAliases(key: ProviderKeySettings): Map<string, string> {
  const deployments = key.huggingface_key_config?.deployments ?? {}
  const aliases = Object.entries(key.aliases ?? {}).map(([alias, target]): [string, string] => [
    alias,
    typeof target === 'string' ? target : target.model_id,
  ])
  return new Map([...Object.entries(deployments), ...aliases])
}

/** Addresses that keys of local servers carry, in their order. */
export function keyAddresses(settings: ProviderSettings): EnvironmentText[] {
  return (settings.keys ?? []).map(keyAddress).filter((address) => address !== undefined)
}

function keyAddress(key: ProviderKeySettings): EnvironmentText | undefined {
  return key.vllm_key_config?.url ?? key.ollama_key_config?.url ?? key.sgl_key_config?.url
}
