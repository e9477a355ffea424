import {
  anthropicOperations,
  bedrockOperations,
  cohereOperations,
  googleOperations,
  openaiOperations,
} from '../../src/operations/endpoints.ts'
import { CODECS } from '../../src/operations/index.ts'
import type { OperationEndpoint, OperationId } from '../../src/operations/operation.ts'
import { PROVIDERS } from '../../src/providers/index.ts'

/** What clients may ask, route by route. Each is shown once: with its version, as its own service writes it. */
const SERVED: readonly (readonly [prefix: string, endpoints: readonly OperationEndpoint[]])[] = [
  ['/openai', openaiOperations.filter(({ path }) => path.startsWith('/v1/'))],
  ['/anthropic', anthropicOperations],
  [
    '/genai',
    googleOperations.filter(({ path }) => path.startsWith('/v1beta/models/') || path === '/v1/rank'),
  ],
  ['/genai', googleOperations.filter(({ path }) => /^\/v1beta\/(?:files|batches)/.test(path))],
  ['/bedrock', bedrockOperations],
  ['/cohere', cohereOperations],
]

/** Operations by route, and by provider: how a client's request reaches it. */
export function operationTables(): string {
  return [routeTable(), providerTable()].join('\n\n')
}

function routeTable(): string {
  const rows = new Map<OperationId, Map<string, string[]>>()
  for (const [prefix, endpoints] of SERVED)
    for (const { operation, method, path } of endpoints) {
      const paths = rows.get(operation) ?? new Map<string, string[]>()
      rows.set(operation, paths)
      paths.set(prefix + path, [...(paths.get(prefix + path) ?? []), method])
    }
  return [
    '| operation | routes, with POST unless told |',
    '|---|---|',
    ...[...rows].map(([operation, paths]) => `| ${operation} | ${[...paths].map(routeOf).join('<br>')} |`),
  ].join('\n')
}

function routeOf([path, methods]: [path: string, methods: readonly string[]]): string {
  return methods.join() === 'POST' ? `\`${path}\`` : `\`${path}\` (${methods.join(', ')})`
}

const MAPPED = (Object.keys(CODECS) as OperationId[]).filter((operation) =>
  Object.values(CODECS[operation]).some(({ provider }) => provider !== undefined),
)
const FORWARDED = (Object.keys(CODECS) as OperationId[]).filter((operation) => !MAPPED.includes(operation))

function providerTable(): string {
  const columns = [...MAPPED, ...FORWARDED]
  const rows = [...PROVIDERS.values()].flatMap(({ id, operations = {} }) => {
    const cells = columns.map((operation) => {
      const families = (operations[operation] ?? []).map(({ family }) => family)
      return [...new Set(families)].map((family) => (family === 'openai' ? '●' : family)).join(', ')
    })
    return cells.every((cell) => cell === '') ? [] : [`| ${id} | ${cells.join(' | ')} |`]
  })
  return [
    `| provider | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '---|').join('')}`,
    ...rows,
  ].join('\n')
}
