/** What decides who could reach the gateway, and with what. */
export interface ExposureQuestion {
  /** As given by `-host`. */
  host: string
  enforceAuthOnInference: boolean
  virtualKeys: number
}

/**
 * Why the gateway must not listen there, and the lines that make it safe; undefined when it may. On loopback the
 * agent's placeholder key is accepted, because whoever is there could read the provider keys anyway. On any other
 * address that would hand the operator's provider keys to the network. Pure.
 */
export function exposed(question: ExposureQuestion): string | undefined {
  if (isLoopback(question.host)) return undefined
  if (question.enforceAuthOnInference && question.virtualKeys > 0) return undefined
  return [
    `-host ${question.host} would let other machines use the provider keys without a key of their own.`,
    'Leave -host out, or require virtual keys in config.json:',
    `  "client": { "enforce_auth_on_inference": true, "allowed_hosts": ["${question.host}"] },`,
    '  "governance": { "virtual_keys": [{ "id": "dev", "name": "dev", "value": "env.SIGNALBOX_DEV_KEY" }] }',
  ].join('\n')
}

/** Names and addresses of this machine itself, IPv4-mapped ones included. */
export function isLoopback(host: string): boolean {
  const bare = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/, '')
  return bare === 'localhost' || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
}
