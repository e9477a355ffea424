/** Lines about the program itself, one JSON object or one readable line each, to standard error. */
export interface Log {
  debug(message: string, details?: Details): void
  info(message: string, details?: Details): void
  warn(message: string, details?: Details): void
  error(message: string, details?: Details): void
}

export type Details = Readonly<Record<string, string | number | boolean | undefined>>

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/**
 * A logger of four levels. Written here rather than taken from a package: it is these lines, and the packages
 * cost more start-up time than the whole gateway may take.
 */
export function createLog(
  level: (typeof LEVELS)[number],
  style: 'json' | 'pretty',
  write: (line: string) => void,
): Log {
  const least = LEVELS.indexOf(level)
  const line =
    (at: (typeof LEVELS)[number]) =>
    (message: string, details: Details = {}) => {
      if (LEVELS.indexOf(at) < least) return
      const time = new Date().toISOString()
      if (style === 'json') return write(`${JSON.stringify({ time, level: at, message, ...details })}\n`)
      const rest = Object.entries(details).map(([name, value]) => ` ${name}=${value}`)
      write(`${time.slice(11, 19)} ${at.padEnd(5)} ${message}${rest.join('')}\n`)
    }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
