import { posix } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalTarget } from '../../src/http/canonical-path.ts'
import { MOUNTS } from '../../src/http/mounts.ts'
import { Router } from '../../src/http/router.ts'
import { rawClient, request, startEdge } from '../support/edge.ts'

const OWN = ['/api/keys', '/api/logs/{id}', '/health'] as const
/** Paths that are served, one of each kind. */
const SERVED = [
  '/api/keys',
  '/api/logs/17',
  '/health',
  '/anthropic/v1/models',
  '/anthropic/v1/models/claude-x',
] as const

/** Ways to write a path so that some reader takes it for the same, or the same for another. */
const SPELLINGS: Record<string, (path: string) => string> = {
  'two slashes in front': (path) => `/${path}`,
  'three slashes in front': (path) => `//${path}`,
  'a backslash in front': (path) => `/\\${path.slice(1)}`,
  'only backslashes': (path) => path.replaceAll('/', '\\'),
  'two slashes inside': (path) => path.replace(/\/(?=[^/]*$)/, '//'),
  'a dot segment': (path) => `/.${path}`,
  'a dot segment inside': (path) => path.replace(/\/(?=[^/]*$)/, '/./'),
  'up and down': (path) => `/x/..${path}`,
  'up and down inside': (path) => path.replace(/\/(?=[^/]*$)/, '/x/../'),
  'up from an open path': (path) => `/health/..${path}`,
  'up from the root': (path) => `/..${path}`,
  'an escaped dot': (path) => `/%2e${path}`,
  'escaped dots': (path) => `/x/%2e%2e${path}`,
  'escaped dots in capitals': (path) => `/x/%2E%2E${path}`,
  'half escaped dots': (path) => `/x/.%2e${path}`,
  'twice escaped dots': (path) => `/x/%252e%252e${path}`,
  'dots with an escaped slash': (path) => `/x/..%2f${path.slice(1)}`,
  'an escaped slash in front': (path) => `/%2f${path.slice(1)}`,
  'an escaped slash inside': (path) => path.replace(/\/(?=[^/]*$)/, '%2f'),
  'an escaped slash in capitals': (path) => path.replace(/\/(?=[^/]*$)/, '%2F'),
  'a twice escaped slash': (path) => path.replace(/\/(?=[^/]*$)/, '%252f'),
  'an escaped backslash': (path) => path.replace(/\/(?=[^/]*$)/, '%5c'),
  'a path parameter': (path) => `${path};x=1`,
  'an empty path parameter': (path) => `${path};`,
  'a path parameter inside': (path) => path.replace(/\/(?=[^/]*$)/, ';x/'),
  'a path parameter for dots': (path) => `/x/..;${path}`,
  'an escaped semicolon': (path) => `${path}%3bx`,
  'a slash behind': (path) => `${path}/`,
  'two slashes behind': (path) => `${path}//`,
  'a dot behind': (path) => `${path}/.`,
  'an escaped slash behind': (path) => `${path}%2f`,
  'an escaped question mark': (path) => `${path}%3f`,
  'an escaped hash': (path) => `${path}%23`,
  'a hash': (path) => `${path}#/health`,
  'an escaped letter': (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  capitals: (path) => path.toUpperCase(),
  'one capital': (path) => path.replace(/[a-z]/, (letter) => letter.toUpperCase()),
  'an escaped NUL': (path) => `${path}%00`,
  'an escaped line break': (path) => `${path}%0d%0a`,
  'an escaped tab': (path) => `${path}%09`,
  'an escaped space': (path) => `${path}%20`,
  'an escaped delete': (path) => `${path}%7f`,
  'an escape that is none': (path) => `${path}%zz`,
  'half an escape': (path) => `${path}%2`,
  'an overlong slash': (path) => path.replace(/\/(?=[^/]*$)/, '%c0%af'),
  'a wide slash': (path) => path.replace(/\/(?=[^/]*$)/, '%ef%bc%8f'),
  'an extension': (path) => `${path}.json`,
  'another origin': (path) => `http://localhost${path}`,
  'another origin, foreign': (path) => `http://evil.test${path}`,
  'another origin without scheme': (path) => `//localhost${path}`,
  'no slash in front': (path) => path.slice(1),
  'a foreign letter': (path) => `${path}é`,
  'a query in front': (path) => `/?${path}`,
  'an open path with this one as its query': (path) => `/health?${path}`,
  'an up path behind the query': (path) => `${path}?/../../health`,
}

const VARIANTS = SERVED.flatMap((path) =>
  Object.entries(SPELLINGS).map(([name, spell]) => ({ path, name, target: spell(path) })),
)

describe('D5 a path has one spelling', () => {
  it('the table has 200 rows and more', () => expect(VARIANTS.length).toBeGreaterThan(200))

  it('a target is routed where its own text says, or not at all', async () => {
    const reached: string[] = []
    const edge = await startEdge({
      handle: async ({ path, pathModel, reply }) => {
        reached.push(pathModel === undefined ? path : `model ${pathModel}`)
        reply.send(200, {}, '')
      },
      own: OWN.map((path) => ({
        method: 'GET' as const,
        path,
        handler: ({ parameters }) => {
          reached.push(path.replace('{id}', parameters['id'] ?? ''))
          return { status: 200, body: {} }
        },
      })),
    })
    const outcomes = await Promise.all(
      VARIANTS.map(async ({ name, path, target }) => {
        const client = await rawClient(edge.port, request(`GET ${target}`))
        const [answer] = await client.answers(1)
        client.socket.destroy()
        return { name, path, target, status: answer?.status ?? 0 }
      }),
    )
    const routed = outcomes.filter(({ status }) => status === 200).map(({ target }) => target)
    const plain = (target: string) => target.split('?')[0]!
    const expected = VARIANTS.map(({ target }) => target).filter(isServedAsWritten)
    expect(routed.toSorted(compare)).toEqual(expected.toSorted(compare))
    // The handler that ran is the one that its path names, character by character.
    const own = routed
      .map(plain)
      .filter((path) => !path.startsWith('/anthropic/v1/models/'))
      .map((path) => decodeURIComponent(path))
    expect(reached.filter((path) => !path.startsWith('model ')).toSorted(compare)).toEqual(
      own.toSorted(compare),
    )
    expect(outcomes.every(({ status }) => [200, 400, 404, 405].includes(status))).toBe(true)
  })

  it('what a guard by prefix would let through is what the router serves there (10,000 targets)', () => {
    const router = new Router(
      MOUNTS,
      OWN.map((path) => ({ method: 'GET', path, handler: () => ({ status: 200, body: {} }) })),
    )
    const piece = fc.constantFrom(
      'api', 'keys', 'logs', '17', 'health', 'anthropic', 'v1', 'models', 'claude', '/', '/', '/', '//', '\\', '.', '..',
      '%2e', '%2f', '%5c', '%00', '%61', ';', '?', '#', '@', ':', '~', 'x',
    ) // prettier-ignore
    const target = fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join('')}`)
    fc.assert(
      fc.property(target, (text) => {
        const match = attempt(() => router.match('GET', canonicalTarget(text).path))
        if (match?.type !== 'own') return
        // Every reading of the text agrees: as it stands, as a URL, unescaped, and with its dots resolved.
        const { path } = canonicalTarget(text)
        expect(new URL(text, 'http://localhost').host).toBe('localhost')
        expect(new URL(text, 'http://localhost').pathname).toBe(path)
        expect(posix.normalize(path)).toBe(path)
        // An id may hold an escape; what stands in front of it may not.
        expect(decodeURIComponent(path).startsWith(match.route.path.replace(/\{.*/, ''))).toBe(true)
      }),
      { numRuns: 10_000 },
    )
  })
})

/** The rule in other words: a served path letter by letter, and an id or a model that is one or more plain segments. */
function isServedAsWritten(target: string): boolean {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  if (!/^[\x21-\x7e]*$/.test(query)) return false
  if ((SERVED as readonly string[]).includes(path)) return true
  if (/%(?![0-9a-f]{2})|%0|%1|%7f|%2e|%5c|[;\\#"]|\/\/|\/\.\.?(\/|$)|[^\x21-\x7e]/i.test(path)) return false
  const id = /^\/api\/logs\/([^/]+)$/.exec(path)?.[1] ?? /^\/anthropic\/v1\/models\/(.+)$/.exec(path)?.[1]
  return id !== undefined && attempt(() => decodeURIComponent(id)) !== undefined
}

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
