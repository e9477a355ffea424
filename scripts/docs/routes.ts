import { MOUNTS } from '../../src/http/mounts.ts'
import type { Mount } from '../../src/http/router.ts'
import type { Endpoint } from '../../src/protocols/endpoint.ts'

/** What each route is for. Operations beside conversations have a page of their own. */
const MEANINGS: Readonly<Record<string, string>> = {
  generate: 'an answer',
  'count-tokens': 'tokens counted',
  'list-models': 'the models on offer',
  'get-model': 'one model',
  probe: 'is anybody there?',
}

/** What stands before the part of a path that says what is asked: a version, and of Vertex whose call it is. */
const BASE = /^(?:\/v\d[a-z0-9]*)?(?:\/projects\/\{project\}\/locations\/\{location\})?/

interface Row {
  endpoint: Endpoint
  rest: string
  bases: string[]
  api: string
  prefers: string
}

/** The conversations' routes of every prefix, those that serve the same in one table. */
export function routeTables(): string {
  const prefixes = [...new Set(MOUNTS.map(({ prefix }) => prefix))]
  const tables = Map.groupBy(prefixes, (prefix) => section(prefix))
  return [...tables]
    .map(([text, own]) => `### ${own.map((prefix) => `\`${prefix || '/'}\``).join(', ')}\n\n${text}`)
    .join('\n\n')
}

/** What is below another prefix, too, is told there. */
function section(prefix: string): string {
  const mounts = MOUNTS.filter((mount) => mount.prefix === prefix && hasConversations(mount))
  const [first] = mounts
  if (first?.passthroughOf !== undefined) {
    const to = first.preferredProviders!.map((id) => `\`${id}\``).join(' or ')
    return `Every method and path goes to ${to} as it is; see [below](#as-it-is).`
  }
  const shared = new Set(mounts.map(homeOf).filter((home) => home !== prefix && isHome(home)))
  const own = mounts.filter((mount) => !shared.has(homeOf(mount)))
  const others = [...shared].map((home) => `\`${home}\``).join(', ')
  if (own.length === 0) return `What is below ${others}.`
  return (others === '' ? '' : `What is below ${others}, and:\n\n`) + tableOf(own)
}

function hasConversations({ protocol, endpoints = protocol.endpoints }: Mount): boolean {
  return endpoints.some(({ operation }) => MEANINGS[operation] !== undefined)
}

/** The first prefix below which the very same is served. */
function homeOf({ protocol, endpoints }: Mount): string {
  return MOUNTS.find((mount) => mount.protocol === protocol && mount.endpoints === endpoints)!.prefix
}

/** All that is below it is told there, and nothing of it elsewhere. */
function isHome(prefix: string): boolean {
  return MOUNTS.filter((mount) => mount.prefix === prefix).every((mount) => homeOf(mount) === prefix)
}

function tableOf(mounts: readonly Mount[]): string {
  const rows = rowsOf(mounts).map(({ endpoint, rest, bases, api, prefers }) => [
    endpoint.method,
    bases.map((base) => (base === '' ? '–' : `\`${base}\``)).join('<br>'),
    `\`${rest}\``,
    MEANINGS[endpoint.operation]! + (endpoint.stream === true ? ', streamed' : ''),
    api,
    prefers,
  ])
  const head = ['method', 'first', 'then', 'what', 'API', 'models without a provider']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function rowsOf(mounts: readonly Mount[]): Row[] {
  const rows = new Map<string, Row>()
  const taken = new Set<string>()
  for (const { protocol, endpoints = protocol.endpoints, preferredProviders = [] } of mounts)
    for (const endpoint of endpoints) {
      const route = `${endpoint.method} ${endpoint.path}`
      // Where two serve a path, the first does.
      const isElsewhere = MEANINGS[endpoint.operation] === undefined || endpoint.path === ''
      if (isElsewhere || taken.has(route)) continue
      taken.add(route)
      const base = BASE.exec(endpoint.path)![0]
      const rest = endpoint.path.slice(base.length)
      const api = `\`${protocol.id}\`${endpoint.dialect === undefined ? '' : ` (${endpoint.dialect.id})`}`
      const prefers = preferredProviders.join(', ')
      const key = [endpoint.method, rest, endpoint.operation, endpoint.stream, api, prefers].join(' ')
      const row = rows.get(key) ?? { endpoint, rest, bases: [], api, prefers }
      row.bases.push(base)
      rows.set(key, row)
    }
  return [...rows.values()]
}
