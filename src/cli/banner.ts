import type { IssuedKey } from '../stores/config/compile-virtual-keys.ts'
import type { Configuration } from '../stores/config/configuration.ts'
import { printable } from './printable.ts'

/** The first lines that a start prints: where it listens, which providers it found, and what to paste next. */
export function banner(version: string, port: number, host: string, configuration: Configuration): string {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const lines = [`Signalbox ${version} listens on ${url}`, providersLine(configuration)]
  if (usableProviders(configuration).length > 0) {
    lines.push(
      '',
      'Claude Code, in another terminal:',
      `  export ANTHROPIC_BASE_URL=${url}/anthropic`,
      configuration.client.enforceAuthOnInference
        ? '  export ANTHROPIC_AUTH_TOKEN=<a virtual key>'
        : '  export ANTHROPIC_AUTH_TOKEN=signalbox',
      '',
    )
  }
  return lines.join('\n')
}

/** Values that were made up for virtual keys: this is the one time that they are shown. */
export function issuedKeys(issued: readonly IssuedKey[]): string {
  const lines = issued.map(({ name, value }) => `  ${printable(name)}: ${value}`)
  return ['New virtual keys. Write them down: only their hashes are kept.', ...lines, ''].join('\n')
}

function providersLine(configuration: Configuration): string {
  const usable = usableProviders(configuration)
  if (usable.length === 0) {
    return 'Providers: none. Set ANTHROPIC_API_KEY, OPENAI_API_KEY or another provider key and start again, or write a config.json.'
  }
  return `Providers: ${usable.join(', ')}`
}

function usableProviders(configuration: Configuration): string[] {
  const found: string[] = []
  for (const { id, keys } of configuration.providers.values()) {
    const enabled = keys.filter((key) => key.enabled)
    if (enabled.length === 0) continue
    const references = enabled.map((key) => key.reference?.replace(/^env\./, '') ?? key.name)
    found.push(`${id} (${references.join(', ')})`)
  }
  return found
}
