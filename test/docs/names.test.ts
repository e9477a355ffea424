import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createAdmin, ownRoutes } from '../../src/admin/routes.ts'
import { parseServeFlags } from '../../src/cli/flags.ts'
import { help } from '../../src/cli/help.ts'
import { MOUNTS } from '../../src/http/mounts.ts'
import { Router } from '../../src/http/router.ts'
import { commandsOf, PAGES, parsePage } from './pages.ts'
import type { Page } from './pages.ts'

/** What a page names, and what of it does not exist in the repository. */
interface Rule {
  rule: string
  missing: (page: Page) => string[]
  /** A page that must be refused, and what for. */
  wrong: [text: string, missing: string[]]
}

const FOLDERS = ['src', 'test', 'scripts', 'bench', 'bin', 'docs', '.ci']
const read = (path: string) => readFileSync(path, 'utf8')
const sources = globSync(['src/**/*.ts', 'scripts/**/*', 'bin/*'])
  .filter((path) => statSync(path).isFile())
  .map(read)
  .join('\n')

// ==== Paths and functions

const REPOSITORY_PATH = new RegExp(
  `(?<![\\w./-])(?:${FOLDERS.map((one) => one.replace('.', '\\.')).join('|')})/[\\w./-]*`,
  'g',
)
/** `pipeline/relay.ts:onData`, below `src/`. */
const REFERENCE = /(?<![\w./-])((?:[a-z-]+\/)+[a-z-]+\.ts):(#?\w+)/g

function missingPaths({ text }: Page): string[] {
  return [...text.matchAll(REPOSITORY_PATH)]
    .map(([path]) => path.replace(/[.,]+$/, ''))
    .filter((path) => !existsSync(path))
}

function missingFunctions({ text }: Page): string[] {
  return [...text.matchAll(REFERENCE)]
    .filter(([, path, name]) => {
      const file = `src/${path!.replace(/^src\//, '')}`
      return !existsSync(file) || !defines(read(file), name!)
    })
    .map(([reference]) => reference)
}

/** A function, class or method of this name; not only a call of one. */
function defines(source: string, name: string): boolean {
  return (
    new RegExp(`(?:function|class|const) ${name}\\b`).test(source) ||
    new RegExp(`^ +(?:async )?(?:get )?${name}\\([^]*?\\)(?::[^\\n]+)? \\{$`, 'm').test(source)
  )
}

// ==== Variables, flags, commands, routes

/** Of agents, by which they are told where and how to work; those of the first lines are Claude Code's. */
const AGENT_VARIABLES = new Set([
  'ANTHROPIC_BASE_URL', 'ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_CUSTOM_HEADERS', 'ANTHROPIC_MODEL',
  'ANTHROPIC_DEFAULT_OPUS_MODEL', 'ANTHROPIC_DEFAULT_SONNET_MODEL', 'ANTHROPIC_DEFAULT_HAIKU_MODEL',
  'CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY', 'CLAUDE_CODE_USE_GATEWAY', 'CLAUDE_CODE_AUTO_MODE_MODEL',
  'CLAUDE_CODE_MAX_CONTEXT_TOKENS', 'CLAUDE_CODE_AUTO_COMPACT_WINDOW',
  'CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_SKIP_BEDROCK_AUTH', 'ANTHROPIC_BEDROCK_BASE_URL', 'AWS_BEARER_TOKEN_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX', 'CLAUDE_CODE_SKIP_VERTEX_AUTH', 'ANTHROPIC_VERTEX_BASE_URL', 'ANTHROPIC_VERTEX_PROJECT_ID',
  'CLOUD_ML_REGION', 'GOOGLE_GEMINI_BASE_URL', 'OPENAI_BASE_URL', 'OPENAI_MODEL', 'SIGNALBOX_KEY',
]) // prettier-ignore
/** Of Node, and of a provider that does not exist. */
const OTHER_VARIABLES = new Set(['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'EXAMPLE_API_KEY'])

function missingVariables(page: Page): string[] {
  // What `env.NAME` of an example names is the reader's own.
  const own = new Set([...page.text.matchAll(/env\.(\w+)/g)].map(([, name]) => name))
  return [...page.text.matchAll(/(?<![\w./-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w/])/g)]
    .map(([name]) => name)
    .filter((name) => !AGENT_VARIABLES.has(name) && !OTHER_VARIABLES.has(name) && !own.has(name))
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))
}

const SCRIPTS = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)
const PROGRAM = /^(?:\w+=\S+ )*(?:signalbox|npx signalbox|node bin\/signalbox\.cjs|npm start(?: --)?)(?: |$)/

function missingCommands(page: Page): string[] {
  return commandsOf(page).flatMap((line) => {
    const script = /(?:^|\s)npm (?:run )?(\w+)/.exec(line)?.[1]
    if (script !== undefined && !SCRIPTS.includes(script) && !['ci', 'install', 'link'].includes(script))
      return [line]
    const rest = PROGRAM.test(line) ? line.replace(PROGRAM, '').split(' ') : []
    const command = /^[a-z]+$/.test(rest[0] ?? '') ? rest[0] : undefined
    return command === undefined || help().includes(`signalbox ${command}`) ? [] : [line]
  })
}

/** Of the gateway and its commands: the lines `  -name   what` of the texts that they print. */
const FLAGS = new Set(
  globSync('src/cli/*.ts').flatMap((path) =>
    [...read(path).matchAll(/^ {2}-([a-z-]+) /gm)].map(([, name]) => name!),
  ),
)

/** In a command line of the program, or alone in backticks with one dash. */
function missingFlags(page: Page): string[] {
  const spans = page.spans.filter((span) => /^-[a-z][a-z-]+(?:[ =]\S+)?$/.test(span))
  const lines = commandsOf(page).filter((line) => PROGRAM.test(line))
  const flags = [...spans, ...lines].flatMap((line) => line.match(/(?<=^|\s)--?[a-z][a-z-]*/g) ?? [])
  return flags.filter((flag) => !FLAGS.has(flag.replace(/^--?/, '')))
}

// Only matched, never called: the sources of the routes are not needed.
const router = new Router(
  MOUNTS,
  ownRoutes({} as Parameters<typeof ownRoutes>[0], createAdmin({} as Parameters<typeof createAdmin>[0])),
)

/** `GET /api/logs` names a method too; a path alone is a prefix of routes, or one of them under any method. */
function missingRoutes(page: Page): string[] {
  const routes = page.text.matchAll(/\b(GET|HEAD|POST|PUT|DELETE) (\/[\w/{}.-]*)/g)
  return [...routes].filter(([, method, path]) => !isServed(method!, path!)).map(([route]) => route)
}

function isServed(method: string, path: string): boolean {
  try {
    router.match(method, path.replaceAll(/\{\w+\}/g, 'x'))
    return true
  } catch {
    return false
  }
}

const RULES: readonly Rule[] = [
  {
    rule: 'names paths that exist',
    missing: missingPaths,
    wrong: ['`src/main.ts`, src/nobody.ts and `docs/none.md`.', ['src/nobody.ts', 'docs/none.md']],
  },
  {
    rule: 'names functions that are defined in their file',
    missing: missingFunctions,
    wrong: [
      'pipeline/handle.ts:handle pipeline/relay.ts:onData pipeline/handle.ts:readRequest',
      ['pipeline/handle.ts:readRequest'],
    ],
  },
  {
    rule: 'names environment variables that are read',
    missing: missingVariables,
    wrong: ['OPENAI_API_KEY ANTHROPIC_AUTH_TOKEN NO_SUCH_KEY', ['NO_SUCH_KEY']],
  },
  {
    rule: 'names commands that exist',
    missing: missingCommands,
    wrong: [
      '`npm start`, `npm run nothing`, `signalbox version`, `signalbox dance`',
      ['npm run nothing', 'signalbox dance'],
    ],
  },
  {
    rule: 'names flags that exist',
    missing: missingFlags,
    wrong: ['`-port` `-sport 1`\n```sh\nnpm start -- -app-dir x --hots y\n```\n', ['-sport', '--hots']],
  },
  {
    rule: 'names routes that are served',
    missing: missingRoutes,
    wrong: ['GET /health, POST /anthropic/v1/messages, POST /v1/messages', ['POST /v1/messages']],
  },
]

describe.each(RULES)('$rule', ({ missing, wrong: [text, expected] }) => {
  it.each(PAGES.map((page) => [page.path, page] as const))('%s', (_path, page) => {
    expect(missing(page)).toEqual([])
  })

  it('and finds what does not', () => {
    expect(missing(parsePage('page.md', text))).toEqual(expected)
  })
})

it('the help of the gateway lists the flags that it reads', () => {
  const listed = [...help().matchAll(/^ {2}-([a-z-]+) /gm)].map(([, name]) => name)
  expect(() => parseServeFlags(['-nothing'], {})).toThrow(
    `expected one of ${listed.map((name) => `-${name}`).join(', ')}`,
  )
})
