import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { RuleProblem } from '../../rules/routing-rules.ts'
import { compileRoutingRules } from '../../rules/routing-rules.ts'
import type { Checked } from './check.ts'
import { compile, type Compiled, type CompileOptions } from './compile.ts'
import type { Document } from './document.ts'
import type { KeyMemory } from './key-memory.ts'
import { surveyNotices } from './notice.ts'
import { ConfigurationError, type LocatedProblem, type Problem } from './problem.ts'
import type { Settings } from './schema.ts'
import { loadTools } from './tools.ts'

/** The names that the file can have in the app dir. */
export const CONFIG_FILES = ['config.json', 'config.yaml', 'config.yml'] as const

export interface LoadOptions extends Omit<CompileOptions, 'unserved' | 'tools'> {
  /** Where `memory` is absent: asked only where there are virtual keys, so that others leave no secret behind. */
  readonly openMemory?: () => Promise<KeyMemory>
}

export interface Loaded extends Compiled {
  /** What was read; undefined: there is no file, and everything comes from the environment. */
  readonly text: string | undefined
  /** Path of the file, or of the one that there could be. */
  readonly file: string
}

/**
 * Reads the configuration file of the app dir and compiles it. Without a file, the configuration is that of an empty
 * one. Throws {@link ConfigurationError}: a file that is wrong anywhere is refused whole, never half used.
 */
export async function loadConfiguration(options: LoadOptions): Promise<Loaded> {
  const file = await findConfigFile(options.appDir)
  return compileText(await readConfigFile(file), file, options)
}

/** Path of the one file that there is; where there is none, of the first of {@link CONFIG_FILES}. */
export async function findConfigFile(appDir: string): Promise<string> {
  const paths = CONFIG_FILES.map((name) => join(appDir, name))
  const there = await Promise.all(paths.map(isThere))
  const found = paths.filter((_, index) => there[index])
  if (found.length < 2) return found[0] ?? paths[0]!
  const names = found.map((path) => basename(path)).join(' and ')
  throw new ConfigurationError(found[0]!, [], `${appDir}: found ${names}, expected one of them`)
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    // A link that leads in a circle is there, and is told when it is read.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** The same from a text that was read before. */
export async function compileText(
  text: string | undefined,
  file: string,
  options: LoadOptions,
): Promise<Loaded> {
  if (text === undefined) return { ...compile({}, options), text, file }
  const { compiled, survey } = await compileDocument(await parse(text, file), text, file, options)
  return { ...compiled, notices: [...surveyNotices(file, survey), ...compiled.notices], text, file }
}

/** The same of a text that was parsed; `document` are the problems where it could not be. */
export async function compileDocument(
  document: Document | LocatedProblem[],
  text: string,
  file: string,
  options: LoadOptions,
): Promise<Checked & { compiled: Compiled }> {
  // The validator and the parser take longer to load than everything else: a start without a file does without.
  const { checkDocument } = await import('./check.ts')
  const tools = await loadTools(text)
  const { settings, survey } = checkDocument(document, file, options.registry, tools)
  const memory = options.memory ?? (hasVirtualKeys(settings) ? await options.openMemory?.() : undefined)
  const known = memory === undefined ? {} : { memory }
  const compiled = compile(settings, { ...options, ...known, tools, unserved: survey.unserved })
  const { rules: routing, problems } = await compileRoutingRules(compiled.configuration.governance.rules)
  if (problems.length > 0) {
    const located = problems.map((problem) => (document as Document).locate(placed(problem)))
    throw new ConfigurationError(file, located)
  }
  const configuration = { ...compiled.configuration, routing }
  return { settings, survey, compiled: { ...compiled, configuration } }
}

/** As the name of the file says. */
export async function parse(text: string, file: string): Promise<Document | LocatedProblem[]> {
  if (isYaml(file)) return (await import('./document-yaml.ts')).parseYaml(text)
  return (await import('./document.ts')).parseDocument(text)
}

function isYaml(file: string): boolean {
  return /\.ya?ml$/.test(file)
}

function hasVirtualKeys({ governance, accounts = [] }: Settings): boolean {
  return accounts.length > 0 || (governance?.virtual_keys ?? []).length > 0
}

const RULE_FIELDS = { expression: 'cel_expression', targets: 'targets', scopeId: 'scope_id' } as const

/** A rule that does not compile, as a problem of the file. */
export function placed({ index, field, message }: RuleProblem): Problem {
  const path = ['governance', 'routing_rules', index, RULE_FIELDS[field]]
  const found = `what does not work: ${message.replace(/\.$/, '')}`
  return { path, found, expected: field === 'expression' ? 'a condition in CEL' : 'a rule that can decide' }
}

/** Real files have some kilobytes; this is a database that was given the name. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Undefined when there is none. Throws {@link ConfigurationError} when it cannot be read, or is no text. */
export async function readConfigFile(file: string): Promise<string | undefined> {
  const refuse = (why: string) => new ConfigurationError(file, [], `${file}: ${why}`)
  let bytes: Uint8Array
  try {
    // Before it is opened: a pipe has no end, and one that nobody writes to is waited for without one.
    const found = await stat(file)
    if (!found.isFile())
      throw refuse(`found ${found.isDirectory() ? 'a directory' : 'a device'}, expected a file`)
    if (found.size > MAX_FILE_BYTES)
      throw refuse(`found ${found.size} bytes, expected at most ${MAX_FILE_BYTES}`)
    bytes = await readFile(file)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw refuse(`cannot be read (${code ?? message})`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const expected = isYaml(file) ? 'YAML' : 'a JSON object'
    throw refuse(`found bytes that are no UTF-8 text, expected ${expected}`)
  }
}
