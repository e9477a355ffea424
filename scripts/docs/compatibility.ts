import { CASES, ERROR_AFTER, ERROR_BEFORE } from '../../test/conformance/cases.ts'
import { exceptionOf } from '../../test/conformance/exceptions.ts'
import { CLIENTS, spokenWith, UPSTREAMS } from '../../test/conformance/parties.ts'
import type { Client, Upstream } from '../../test/conformance/parties.ts'

/**
 * What each client can do on each upstream: one table for each client, made of the rows that the conformance tests
 * run. A cell stands for the tests of that name.
 */
export function compatibilityTables(): string {
  const notes: string[] = []
  const tables = CLIENTS.map((client) => table(client, notes))
  const listed = notes.map((why, at) => `${at + 1}. ${why}`)
  return [...tables, '### Notes', listed.join('\n')].join('\n\n')
}

function table(client: Client, notes: string[]): string {
  const capabilities = [...CASES.map(({ capability }) => capability), ERROR_BEFORE, ERROR_AFTER]
  const rows = capabilities.map((capability) => [
    capability,
    ...UPSTREAMS.map((upstream) => cell(client, upstream, capability, notes)),
  ])
  const head = [`\`${client.id}\` client on …`, ...UPSTREAMS.map(({ id }) => id)]
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return [`### ${client.id}`, lines.join('\n')].join('\n\n')
}

function cell(client: Client, upstream: Upstream, capability: string, notes: string[]): string {
  const mark = isNative(client, upstream) ? 'native' : '✓'
  const why = exceptionOf(client, upstream, capability)?.why
  if (why === undefined) return mark
  if (!notes.includes(why)) notes.push(why)
  return `${mark} [${notes.indexOf(why) + 1}](#notes)`
}

/** Claude's own body is the same at each of its hosts, but for the fields at its top. */
function isNative(client: Client, upstream: Upstream): boolean {
  return familyOf(client.wire.id) === familyOf(spokenWith(client, upstream).id)
}

function familyOf(wire: string): string {
  return wire.startsWith('claude-on-') ? 'anthropic' : wire
}
