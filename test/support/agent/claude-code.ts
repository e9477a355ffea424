import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { directiveText } from '../provider/directive.ts'
import { type Json, isObject, parseJson } from '../provider/json.ts'
import { installClaudeCode } from './install.ts'
import { run } from './process.ts'
import type { Scenario } from './scenarios.ts'

/** How Claude Code signs in, and the header that results. */
export type Login =
  /** ANTHROPIC_API_KEY: `x-api-key`. */
  | { key: string }
  /** ANTHROPIC_AUTH_TOKEN: `Authorization: Bearer`. */
  | { token: string }
  /** CLAUDE_CODE_OAUTH_TOKEN, a subscription's token: bearer, with the OAuth beta. */
  | { oauth: string }
  /** Gateway mode (CLAUDE_CODE_USE_GATEWAY): bearer, with fewer betas and its own safety check. */
  | { gatewayToken: string }

export interface ClaudeCodeRun {
  /** ANTHROPIC_BASE_URL. */
  baseUrl: string
  login: Login
  scenario: Scenario
  /** `--model`; Claude Code's default without it. */
  model?: string
  env?: Record<string, string>
  args?: string[]
  timeoutMs?: number
}

export interface ClaudeCodeResult {
  code: number | null
  stdout: string
  stderr: string
  timedOut: boolean
  /** Marks this run's requests at the scripted provider. */
  nonce: string
  /** The final text. */
  text: string
  isError: boolean
  /** With `--json-schema`. */
  structured: Json
  /** Contents of the expected files by name; undefined for one that was not written. */
  files: Record<string, string | undefined>
}

/** Switches that keep it off the network beyond its base URL. */
const QUIET = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
}

const TOOLS = 'Write,Read,Edit,Bash,Agent,Task,ToolSearch,CronList,StructuredOutput'
const TIMEOUT_MS = 90_000

/** Runs the real Claude Code headless, in a fresh home and workspace and with an environment built from nothing. */
export async function runClaudeCode(options: ClaudeCodeRun): Promise<ClaudeCodeResult> {
  const program = await installClaudeCode()
  const place = await newPlace()
  const nonce = newNonce()
  const { directive, files, structured } = options.scenario.plan(place.workspace, nonce)
  const prompt = `Please do the task. ${directiveText({ nonce, say: 'All done', ...directive })}`
  const permission = options.scenario.autoMode ? ['--permission-mode', 'auto'] : ['--allowedTools', TOOLS]
  const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
  const args = [
    '-p',
    prompt,
    '--output-format',
    'json',
    ...permission,
    ...(options.model ? ['--model', options.model] : []),
    ...(structured === undefined ? [] : ['--json-schema', JSON.stringify(schema)]),
    ...(options.args ?? []),
  ]
  try {
    const finished = await run(program, args, {
      cwd: place.workspace,
      env: {
        ...cleanEnvironment(place),
        ...loginEnvironment(options.baseUrl, options.login),
        ...options.env,
      },
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    })
    const output = parseJson(finished.stdout)
    return {
      ...finished,
      nonce,
      text: isObject(output) ? (output.result ?? '') : finished.stdout,
      isError: !isObject(output) || output.is_error === true,
      structured: isObject(output) ? output.structured_output : undefined,
      files: await readFiles(place.workspace, Object.keys(files)),
    }
  } finally {
    await place.remove()
  }
}

export interface Place {
  root: string
  home: string
  workspace: string
  remove(): Promise<void>
}

/** A fresh home and workspace in the temporary folder. */
export async function newPlace(): Promise<Place> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'signalbox-agent-')))
  const place = { root, home: join(root, 'home'), workspace: join(root, 'workspace') }
  await mkdir(place.home)
  await mkdir(place.workspace)
  // Claude Code may still be writing its last session file when it exits.
  return {
    ...place,
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  }
}

/** Nothing inherited: a developer's own keys must never reach a test, nor a test the developer's settings. */
export const cleanEnvironment = ({ root, home }: Place): Record<string, string> => ({
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: home,
  TMPDIR: root,
  LANG: 'C.UTF-8',
  TERM: 'xterm-256color',
  // It would go on for minutes; three are enough for one fault, and a broken gateway fails its tests soon.
  CLAUDE_CODE_MAX_RETRIES: '3',
  ...QUIET,
})

export function loginEnvironment(baseUrl: string, login: Login): Record<string, string> {
  const base = { ANTHROPIC_BASE_URL: baseUrl }
  if ('key' in login) return { ...base, ANTHROPIC_API_KEY: login.key }
  if ('token' in login) return { ...base, ANTHROPIC_AUTH_TOKEN: login.token }
  if ('oauth' in login) return { ...base, CLAUDE_CODE_OAUTH_TOKEN: login.oauth }
  return { ...base, CLAUDE_CODE_USE_GATEWAY: '1', ANTHROPIC_AUTH_TOKEN: login.gatewayToken }
}

export const newNonce = (): string => `n${randomUUID().slice(0, 8)}`

/** Contents of files by name, without the newline that `echo` adds. */
export async function readFiles(
  folder: string,
  names: string[],
): Promise<Record<string, string | undefined>> {
  const contents = names.map(async (name): Promise<[string, string | undefined]> => {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
    return [name, text?.trimEnd()]
  })
  return Object.fromEntries(await Promise.all(contents))
}
