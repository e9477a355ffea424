import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compile, type CompileOptions } from './compile.ts'
import type { Configuration } from './configuration.ts'
import { surveyNotices, type Notice } from './notice.ts'
import { ConfigurationError } from './problem.ts'

export const CONFIG_FILE = 'config.json'

export type LoadOptions = Omit<CompileOptions, 'unserved'>

export interface Loaded {
  readonly configuration: Configuration
  readonly notices: readonly Notice[]
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
  const { settings, survey } = checkText(text, file, options.registry)
  const compiled = compile(settings, { ...options, unserved: survey.unserved })
  return { ...compiled, notices: [...surveyNotices(file, survey), ...compiled.notices], text }
}

/** Real files have some kilobytes; this is a database that was given the name. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Undefined when there is none. Throws {@link ConfigurationError} when it cannot be read, or is no text. */
export async function readConfigFile(file: string): Promise<string | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new ConfigurationError(file, [], `${file}: cannot be read (${code ?? message})`)
  }
  if (bytes.length > MAX_FILE_BYTES)
    throw new ConfigurationError(
      file,
      [],
      `${file}: found ${bytes.length} bytes, expected at most ${MAX_FILE_BYTES}`,
    )
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ConfigurationError(
      file,
      [],
      `${file}: found bytes that are no UTF-8 text, expected a JSON object`,
    )
  }
}
