import type { NetworkSettings, Reach } from './configuration.ts'
import { CONNECT_TIMEOUT_MS, NETWORK_DEFAULTS } from './defaults.ts'
import { resolve } from './environment.ts'
import { isCertificate, isHeaderText, isWebAddress } from './forms.ts'
import type { Environment } from './registry.ts'
import type { NetworkSettingsFile, ProviderSettings, ProxySettings } from './schema-providers.ts'

/** The parts of {@link NetworkSettings} that may refer to the environment. */
export type ResolvedNetwork = Pick<NetworkSettings, 'extraHeaders' | 'caCertificatePem' | 'proxyUrl'>

/** Seconds and milliseconds of the file in milliseconds, with the defaults. */
export function compileNetwork(network: NetworkSettingsFile, resolved: ResolvedNetwork): NetworkSettings {
  const requestTimeout =
    network.default_request_timeout_in_seconds ?? NETWORK_DEFAULTS.default_request_timeout_in_seconds
  const idleTimeout =
    network.stream_idle_timeout_in_seconds ?? NETWORK_DEFAULTS.stream_idle_timeout_in_seconds
  // The documents of the format say `_ms`, its program read the names without: files hold either.
  const backoffInitial = network.retry_backoff_initial ?? network.retry_backoff_initial_ms
  const backoffMax = network.retry_backoff_max ?? network.retry_backoff_max_ms
  return {
    ...resolved,
    requestTimeoutMs: requestTimeout * 1000,
    streamIdleTimeoutMs: idleTimeout * 1000,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    maxRetries: network.max_retries ?? NETWORK_DEFAULTS.max_retries,
    retryBackoffInitialMs: backoffInitial ?? NETWORK_DEFAULTS.retry_backoff_initial_ms,
    retryBackoffMaxMs: backoffMax ?? NETWORK_DEFAULTS.retry_backoff_max_ms,
    insecureSkipVerify: network.insecure_skip_verify ?? NETWORK_DEFAULTS.insecure_skip_verify,
    maxConnectionsPerHost: network.max_conns_per_host ?? NETWORK_DEFAULTS.max_conns_per_host,
  }
}

/**
 * Headers, certificate and proxy with their references resolved, or the reason why the provider cannot be reached
 * as its operator wants: without its proxy or its headers it must not be reached at all.
 */
export function resolveNetwork(
  settings: ProviderSettings,
  environment: Environment,
): ResolvedNetwork | string {
  const extraHeaders: [string, string][] = []
  for (const [name, text] of Object.entries(settings.network_config?.extra_headers ?? {})) {
    const { value, reference } = resolve(text, environment)
    if (value === undefined) return missing(reference)
    if (!isHeaderText(value)) return `its header ${name} has characters that no header can hold`
    extraHeaders.push([name.toLowerCase(), value])
  }
  const certificate = resolve(settings.network_config?.ca_cert_pem, environment)
  if (certificate.value === undefined) return missing(certificate.reference)
  if (certificate.value !== '' && !isCertificate(certificate.value))
    return 'its ca_cert_pem is no certificate'
  const proxy = resolveProxy(settings.proxy_config ?? {}, environment)
  if (proxy.reason !== undefined) return proxy.reason
  return {
    extraHeaders: Object.fromEntries(extraHeaders),
    caCertificatePem: certificate.value === '' ? undefined : certificate.value,
    proxyUrl: proxy.url,
  }
}

function resolveProxy(proxy: ProxySettings, environment: Environment): { url?: string; reason?: string } {
  const type = proxy.type ?? 'none'
  if (type === 'none') return {}
  if (type !== 'http') return { reason: `this version has no ${type} proxies` }
  const parts = [proxy.url, proxy.username, proxy.password].map((text) => resolve(text, environment))
  const absent = parts.find((part) => part.value === undefined)
  if (absent !== undefined) return { reason: missing(absent.reference) }
  const [address = '', username = '', password = ''] = parts.map((part) => part.value)
  if (!isWebAddress(address)) return { reason: 'the address of its proxy is none' }
  const url = new URL(address)
  if (username !== '') url.username = encodeURIComponent(username)
  if (password !== '') url.password = encodeURIComponent(password)
  return { url: url.href }
}

export function missing(reference: string | undefined): string {
  return `the environment has no ${reference?.replace(/^env\./, '') ?? 'value for it'}`
}

/** Where a base URL leads. `operatorNamed`: it is the operator's word, and may be private. */
export function compileReach(baseUrl: string, operatorNamed: boolean, network: NetworkSettings): Reach {
  const { origin, pathname } = new URL(baseUrl)
  const upstream = {
    origin,
    operatorNamed,
    connectTimeoutMs: network.connectTimeoutMs,
    headersTimeoutMs: network.requestTimeoutMs,
    maxConnections: network.maxConnectionsPerHost,
    caCertificatePem: network.caCertificatePem,
    insecureSkipVerify: network.insecureSkipVerify,
    proxyUrl: network.proxyUrl,
  }
  return { upstream, pathPrefix: pathname.replace(/\/+$/, '') }
}
