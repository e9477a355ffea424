import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compile, type Compiled, type CompileOptions } from './compile.ts'
import { surveyNotices } from './notice.ts'
import { ConfigurationError } from './problem.ts'
import { loadTools } from './tools.ts'

export const CONFIG_FILE = 'config.json'

export type LoadOptions = Omit<CompileOptions, 'unserved' | 'tools'>

export interface Loaded extends Compiled {
  /** What was read; undefined: there is no file, and everything comes from the environment. */
  readonly text: string | undefined
}

/**
 * Reads `config.json` of the app dir and compiles it. Without a file, the configuration is that of an empty one.
 * Throws {@link ConfigurationError}: a file that is wrong anywhere is refused whole, never half used.
 */
export async function loadConfiguration(options: LoadOptions): Promise<Loaded> {
  const file = join(options.appDir, CONFIG_FILE)
  return compileText(await readConfigFile(file), file, options)
}

/** The same from a text that was read before. */
export async function compileText(
  text: string | undefined,
  file: string,
  options: LoadOptions,
): Promise<Loaded> {
  if (text === undefined) return { ...compile({}, options), text }
  // The validator and the parser take longer to load than everything else: a start without a file does without.
  const { checkText } = await import('./check.ts')
  const tools = await loadTools(text)
  const { settings, survey } = checkText(text, file, options.registry, tools)
  const compiled = compile(settings, { ...options, tools, unserved: survey.unserved })
  return { ...compiled, notices: [...surveyNotices(file, survey), ...compiled.notices], text }
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
    throw refuse('found bytes that are no UTF-8 text, expected a JSON object')
  }
}
