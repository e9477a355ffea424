/** Lines about the program itself, one JSON object or one readable line each, to standard error. */
export interface Log {
  debug(message: string, details?: Details): void
  info(message: string, details?: Details): void
  warn(message: string, details?: Details): void
  error(message: string, details?: Details): void
}

type Details = Readonly<Record<string, string | number | boolean | undefined>>

/** From all to only what failed. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export const LOG_STYLES = ['json', 'pretty'] as const
export type LogStyle = (typeof LOG_STYLES)[number]

/**
 * A logger of four levels. Written here rather than taken from a package: it is these lines, and the packages
 * cost more start-up time than the whole gateway may take.
 */
export function createLog(level: LogLevel, style: LogStyle, write: (line: string) => void): Log {
  const least = LOG_LEVELS.indexOf(level)
  const line =
    (at: LogLevel) =>
    (message: string, details: Details = {}) => {
      if (LOG_LEVELS.indexOf(at) < least) return
      const time = new Date().toISOString()
      if (style === 'json') return write(`${JSON.stringify({ time, level: at, message, ...details })}\n`)
      const rest = Object.entries(details).map(([name, value]) => ` ${name}=${value}`)
      write(`${time.slice(11, 19)} ${at.padEnd(5)} ${message}${rest.join('')}\n`)
    }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
