import type { ConfiguredProvider } from './configuration.ts'
import type { VirtualKey } from './governance.ts'
import { oneOf, type LintQuestion, type Tell } from './finding.ts'

/** Virtual keys and provider keys that serve no call. */
export function lintKeys({ configuration, nowMs }: LintQuestion, tell: Tell): void {
  const { governance, providers } = configuration
  for (const provider of providers.values()) lintProviderKeys(provider, tell)
  for (const key of governance.virtualKeys.values()) {
    const { place } = key.origin
    if (key.expiresAtMs !== undefined && key.expiresAtMs <= nowMs) {
      const moment = new Date(key.expiresAtMs).toISOString()
      tell(
        `${place}.expires_at`,
        `${moment}, which is past: the key "${key.name}" has expired`,
        'a later moment, or no key',
      )
    }
    lintGrants(key, providers, tell)
  }
}

/** Weights of 0 among others, which keep a key out of every draw. */
function lintProviderKeys({ id, keys }: ConfiguredProvider, tell: Tell): void {
  const enabled = keys.filter((key) => key.enabled)
  if (!enabled.some(({ weight }) => weight > 0)) return
  for (const [index, key] of keys.entries()) {
    if (!key.enabled || key.weight > 0) continue
    const found = `a weight of 0, with which the key "${key.name}" is chosen only by name`
    tell(`providers.${id}.keys[${index}].weight`, found, 'more than 0, or "enabled": false')
  }
}

function lintGrants(key: VirtualKey, providers: ReadonlyMap<string, ConfiguredProvider>, tell: Tell): void {
  const { grants, name, origin, allowsOtherProviders } = key
  if (grants === undefined) return
  const isWeighted = grants.some(({ weight }) => (weight ?? 0) > 0)
  const useful = grants.filter((grant) => {
    const { provider, models, keyIds, weight, origin: at } = grant
    if (!providers.has(provider)) {
      tell(`${at.place}.provider`, `"${provider}", which is not configured`, oneOf(providers.keys()))
      return false
    }
    if (isWeighted && weight === 0)
      tell(
        `${at.place}.weight`,
        `a weight of 0, with which ${provider} is never drawn`,
        'more than 0, or null',
      )
    const isEmpty = models.listed?.length === 0
    if (isEmpty) tell(`${at.place}.allowed_models`, 'no models', '["*"] for all, or names of models')
    if (keyIds?.size === 0) tell(`${at.place}.key_ids`, 'no provider keys', '["*"] for all, or their ids')
    return !isEmpty && keyIds?.size !== 0
  })
  if (useful.length > 0 || allowsOtherProviders) return
  const expected = '"allow_all_providers": true, or provider_configs that let it call a model'
  tell(origin.place, `a virtual key, "${name}", that may use no provider`, expected)
}
