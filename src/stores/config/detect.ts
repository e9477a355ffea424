import type { ConfiguredProvider, ProviderKey, Reach } from './configuration.ts'
import { compileNetwork, compileReach } from './compile-network.ts'
import { KEY_DEFAULTS } from './defaults.ts'
import { readVariable } from './environment.ts'
import type { Environment, Registry } from './registry.ts'

/**
 * The providers of a start without configuration: those whose key is in the environment, by reference, so that
 * nothing of it is ever stored. A provider that takes the client's own login is there without a key, too.
 */
export function detectProviders(
  registry: Registry,
  environment: Environment,
): Map<string, ConfiguredProvider> {
  const found = new Map<string, ConfiguredProvider>()
  for (const [id, provider] of registry.providers) {
    const variable = provider.keyVariables?.find((name) => readVariable(name, environment) !== undefined)
    if (provider.baseUrl === undefined || (variable === undefined && provider.loginTokenPrefix === undefined))
      continue
    const network = compileNetwork({}, { extraHeaders: {}, caCertificatePem: undefined, proxyUrl: undefined })
    const reach = compileReach(provider.baseUrl, false, network)
    const keys =
      variable === undefined ? [] : [detectedKey(id, variable, readVariable(variable, environment)!, reach)]
    found.set(id, { id, provider, reach, allowedRequests: undefined, keys, network, queue: undefined })
  }
  return found
}

function detectedKey(id: string, variable: string, value: string, reach: Reach): ProviderKey {
  return {
    id: `${id}/${variable}`,
    name: variable,
    reach,
    value,
    cloud: undefined,
    reference: `env.${variable}`,
    models: undefined,
    blockedModels: new Set(),
    aliases: new Map(),
    ...KEY_DEFAULTS,
  }
}
