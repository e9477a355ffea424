import { describe, expect, it } from 'vitest'

import { PROVIDERS } from '../src/providers/index.ts'
import { readSources } from './support/sources.ts'

/** The house, top down. A room may import itself and what lies on a lower floor; `ARCHITECTURE.md` says why. */
const FLOORS = [
  ['main.ts'],
  ['serve.ts', 'commands.ts', 'codecs.ts'],
  ['settings.ts'],
  ['start.ts', 'cli'],
  ['http', 'admin', 'mcp'],
  ['pipeline'],
  ['rules', 'providers', 'stores'],
  ['operations'],
  ['protocols'],
  ['wire', 'models'],
  ['message'],
  ['lib'],
]

/** The only steps along a floor. */
const DOORS = [
  // The admin API is a table of routes, which the edge serves.
  'admin -> http',
  // A compiled configuration holds the providers that it names.
  'stores -> providers',
  // It holds rules, checked and ready to run.
  'stores -> rules',
]

/** What a provider is made of, whichever it is. */
const SHARED_BY_PROVIDERS = ['provider', 'auth', 'authorization', 'cloud-auth', 'operations'].map(
  (name) => `providers/${name}.ts`,
)
const CREDENTIALS = 'providers/credentials'

/** They put the program together. */
const ROOTS = ['serve.ts', 'commands.ts', 'settings.ts', 'start.ts']

/** Rooms that run in any host. */
const PURE = ['message', 'protocols', 'operations']

/** Each rule looks at one import; `wrong` is one that it must refuse. */
const RULES: {
  rule: string
  allows: (from: string, to: string) => boolean
  wrong: [from: string, to: string]
}[] = [
  {
    rule: 'imports go down the floors, never up and never sideways',
    allows: (from, to) =>
      isOutside(to) ||
      room(from) === room(to) ||
      floor(from) < floor(to) ||
      DOORS.includes(`${room(from)} -> ${room(to)}`),
    wrong: ['message/event.ts', 'pipeline/call.ts'],
  },
  {
    rule: 'rules import only message, models and lib',
    allows: (from, to) => room(from) !== 'rules' || ['rules', 'message', 'models', 'lib'].includes(room(to)),
    wrong: ['rules/routing.ts', 'node:fs'],
  },
  {
    rule: 'only those who put the program together import a store driver',
    allows: (from, to) => !isDriver(to) || ROOTS.includes(from) || folder(from) === folder(to),
    wrong: ['pipeline/record.ts', 'stores/logs/sqlite.ts'],
  },
  {
    rule: 'message, protocols and operations use no module of Node',
    allows: (from, to) => !PURE.includes(room(from)) || !to.startsWith('node:'),
    wrong: ['protocols/anthropic/stream-decode.ts', 'node:crypto'],
  },
  {
    rule: 'provider files do not import each other',
    allows: (from, to) =>
      room(from) !== 'providers' ||
      room(to) !== 'providers' ||
      from === 'providers/index.ts' ||
      SHARED_BY_PROVIDERS.includes(to) ||
      (folder(from) === CREDENTIALS && folder(to) === CREDENTIALS),
    wrong: ['providers/compatible.ts', 'providers/anthropic.ts'],
  },
  {
    rule: 'only serve.ts makes credentials',
    allows: (from, to) => folder(to) !== CREDENTIALS || folder(from) === CREDENTIALS || from === 'serve.ts',
    wrong: ['pipeline/send.ts', 'providers/credentials/cached-credentials.ts'],
  },
  {
    rule: 'protocol folders do not import each other',
    allows: (from, to) =>
      room(from) !== 'protocols' ||
      room(to) !== 'protocols' ||
      folder(from) === folder(to) ||
      from === 'protocols/index.ts' ||
      folder(to) === 'protocols/shared' ||
      (folder(to) === to && to !== 'protocols/index.ts'),
    wrong: ['protocols/anthropic/stream-decode.ts', 'protocols/openai-chat/wire.ts'],
  },
  {
    rule: 'operation folders do not import each other',
    allows: (from, to) =>
      room(from) !== 'operations' ||
      room(to) !== 'operations' ||
      folder(from) === folder(to) ||
      folder(to) === to ||
      from === 'operations/index.ts',
    wrong: ['operations/images/openai.ts', 'operations/speech/openai.ts'],
  },
]

/** Wire APIs: some are called as the provider that they come from. */
const PROTOCOLS = ['anthropic', 'openai-chat', 'openai-responses', 'gemini', 'bedrock-converse', 'cohere']

/** Limits that only ever go down: what no longer fits a screen, or holds a second idea. */
const FUNCTION_LINES_MAX = 60
const FILE_LINES_MAX = 300

const sources = readSources()

describe('imports', () => {
  it.each(RULES)('$rule', ({ allows, wrong }) => {
    const violations = sources.flatMap(({ path, imports }) =>
      imports.filter((to) => !allows(path, to)).map((to) => `${path} imports ${to}`),
    )
    expect(violations).toEqual([])
    expect(allows(...wrong)).toBe(false)
  })

  it('every file stands on a floor', () => {
    expect(sources.map(({ path }) => path).filter((path) => floor(path) === -1)).toEqual([])
  })

  it('there are no cycles', () => {
    const graph = new Map(sources.map(({ path, imports }) => [path, imports]))
    expect(findCycle(graph)).toBeUndefined()
    expect(
      findCycle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b'])
  })
})

describe('words', () => {
  it('protocols contain no provider id', () => {
    const forbidden = new Set([...PROVIDERS.keys()].filter((id) => !PROTOCOLS.includes(id)))
    expect(forbidden).toContain('groq')
    expect(
      sources
        .filter(({ path }) => room(path) === 'protocols')
        .flatMap(({ path, strings }) =>
          strings.filter((text) => forbidden.has(text)).map((text) => `${path}: '${text}'`),
        ),
    ).toEqual([])
  })

  it.each(['Buffer', 'process'])(
    'message, protocols and operations do not use the global %s of Node',
    (name) => {
      const users = sources.filter(({ identifiers }) => identifiers.has(name)).map(({ path }) => path)
      expect(users.filter((path) => PURE.includes(room(path)))).toEqual([])
      expect(users).not.toEqual([])
    },
  )
})

describe('sizes', () => {
  it(`functions have at most ${FUNCTION_LINES_MAX} lines`, () => {
    const long = sources.flatMap(({ path, functions }) =>
      functions
        .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
        .map(({ line, lines }) => `${path}:${line} has ${lines}`),
    )
    expect(long).toEqual([])
  })

  it(`files have at most ${FILE_LINES_MAX} lines`, () => {
    const long = sources
      .filter(({ lines }) => lines > FILE_LINES_MAX)
      .map(({ path, lines }) => `${path} has ${lines}`)
    expect(long).toEqual([])
  })
})

/** A package or a module of Node: not ours to place. */
function isOutside(path: string): boolean {
  return path.startsWith('node:') || !/\.(ts|json)$/.test(path)
}

/** The first folder; a file that stands in `src/` itself is a room of its own. */
function room(path: string): string {
  return path.split('/')[0] ?? path
}

function floor(path: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room(path)))
}

function folder(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}

/** Configuration has no drivers yet: what it holds is read, checked and compiled wherever it is kept. */
function isDriver(path: string): boolean {
  return room(path) === 'stores' && folder(path) !== 'stores/config' && !path.endsWith('/port.ts')
}

/** The first circle of imports, from a file back to itself. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (finished.has(path)) return undefined
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path])
      if (cycle !== undefined) return cycle
    }
    finished.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const cycle = visit(path, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}
