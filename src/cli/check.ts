import { existsSync } from 'node:fs'
import { inspectFile } from '../stores/config/inspect.ts'
import type { Remark } from '../stores/config/inspect.ts'
import { findConfigFile } from '../stores/config/load.ts'
import type { LoadOptions } from '../stores/config/load.ts'
import { FlagError, readFlags } from './flags.ts'
import { printable, printableJson } from './printable.ts'

export interface CheckSurroundings {
  /** What a start would compile with; of the app dir that the flag or the default names. */
  options: (appDir: string | undefined) => LoadOptions & { nowMs: number }
  write: (text: string) => void
}

/**
 * `signalbox check`: says what is wrong with a configuration file and what it says in vain. Returns whether it is fine.
 * Starts nothing, and asks nobody.
 */
export async function check(args: readonly string[], on: CheckSurroundings): Promise<boolean> {
  const { file, flags } = split(args)
  const given = readFlags(flags, ['app-dir'], ['json', 'help', 'h'])
  if (given.has('help') || given.has('h')) {
    on.write(HELP)
    return true
  }
  const asJson = given.get('json') === 'true'
  const options = on.options(given.get('app-dir') || undefined)
  const path = file ?? (await findConfigFile(options.appDir))
  if (file === undefined && !existsSync(path)) {
    on.write(asJson ? '{"file":null,"ok":true,"remarks":[]}\n' : NO_FILE)
    return true
  }
  const remarks = await inspectFile(path, options)
  const ok = remarks.every(({ severity }) => severity === 'note')
  on.write(asJson ? `${printableJson({ file: path, ok, remarks }, 2)}\n` : report(path, remarks))
  return ok
}

const NO_FILE = 'There is no configuration file: providers are found by the variables of the environment.\n'

const HELP = `signalbox check [flags] [file]: what is wrong with a configuration, and what it says in vain.

  -app-dir  where the configuration file is, if none is named  (default ~/.config/signalbox)
  -json     as JSON, for programs

It exits with 0 when there is nothing but notes, and with 1 when there are errors or warnings.
`

/** The file may stand before or after the flags. */
function split(args: readonly string[]): { file: string | undefined; flags: string[] } {
  const flags: string[] = []
  const files: string[] = []
  for (let index = 0; index < args.length; index++) {
    const each = args[index]!
    if (!each.startsWith('-')) files.push(each)
    else if (/^--?app-dir$/.test(each) && index + 1 < args.length) flags.push(each, args[++index]!)
    else flags.push(each)
  }
  if (files.length > 1) throw new FlagError(`found ${files.length} files, expected one`)
  return { file: files[0], flags }
}

function report(file: string, remarks: readonly Remark[]): string {
  const lines = remarks.map((each) => `${printable(lineOf(file, each))}\n`)
  const count = (severity: Remark['severity']) => {
    const number = remarks.filter((each) => each.severity === severity).length
    return number === 0 ? [] : [`${number} ${severity}${number === 1 ? '' : 's'}`]
  }
  const counts = (['error', 'warning', 'note'] as const).flatMap(count)
  return [
    ...lines,
    `${printable(file)}: ${counts.length === 0 ? 'nothing is wrong' : counts.join(', ')}\n`,
  ].join('')
}

/** As compilers do, so that editors find the place: `config.json:3:5: warning: governance.teams[0]: …`. */
function lineOf(file: string, { severity, place, line, column, message, expected }: Remark): string {
  const at = line === undefined ? file : `${file}:${line}:${column}`
  const where = place === undefined ? '' : `${place}: `
  return `${at}: ${severity}: ${where}${expected === undefined ? message : `found ${message}, expected ${expected}`}`
}
