import { LOG_LEVELS, LOG_STYLES } from '../lib/log.ts'
import type { LogLevel, LogStyle } from '../lib/log.ts'

/** Flags of `signalbox` (serve). Written `-port 8080`, `--port 8080`, `-port=8080` or `--port=8080`. */
export interface ServeFlags {
  port: number
  host: string
  /** Undefined: the default of the platform. */
  appDir: string | undefined
  logLevel: LogLevel
  logStyle: LogStyle
}

export class FlagError extends Error {}

const NAMES = ['port', 'host', 'app-dir', 'log-level', 'log-style'] as const

/** Throws {@link FlagError}, saying what was found and what would be right. */
export function parseServeFlags(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ServeFlags {
  const given = readFlags(args, NAMES)
  const port = given.get('port') ?? '8080'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535)
    throw new FlagError(`-port: found "${port}", expected a number from 0 to 65535`)
  return {
    port: Number(port),
    host: given.get('host') ?? environment['SIGNALBOX_HOST'] ?? 'localhost',
    appDir: given.get('app-dir') || undefined,
    logLevel: oneOf(
      'log-level',
      given.get('log-level') ?? environment['LOG_LEVEL']?.toLowerCase() ?? 'info',
      LOG_LEVELS,
    ),
    logStyle: oneOf('log-style', given.get('log-style') ?? 'json', LOG_STYLES),
  }
}

/** Flags as a map; the last of a repeated one wins, as in Go's `flag`. */
export function readFlags(
  args: readonly string[],
  names: readonly string[],
  switches: readonly string[] = [],
): Map<string, string> {
  const given = new Map<string, string>()
  for (let index = 0; index < args.length; index++) {
    const match = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(args[index]!)
    const name = match?.[1]
    if (name === undefined || ![...names, ...switches].includes(name)) {
      const known = [...names, ...switches].map((each) => `-${each}`).join(', ')
      throw new FlagError(`found "${args[index]}", expected one of ${known}`)
    }
    if (switches.includes(name)) {
      given.set(name, match![2] ?? 'true')
      continue
    }
    const value = match![2] ?? args[++index]
    if (value === undefined) throw new FlagError(`-${name}: expected a value after it`)
    given.set(name, value)
  }
  return given
}

function oneOf<Value extends string>(flag: string, found: string, expected: readonly Value[]): Value {
  const value = expected.find((each) => each === found)
  if (value === undefined)
    throw new FlagError(`-${flag}: found "${found}", expected one of ${expected.join(', ')}`)
  return value
}
