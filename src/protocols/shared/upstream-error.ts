import type { ErrorDetails, ErrorKind } from '../../message/error.ts'
import { parseContextOverflow } from './context-overflow.ts'

/** What of an upstream's failure is told alike, whatever its API. */

export const BROKEN_OFF = 'The upstream broke off its answer: server error.'

export function parseBody(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** For a body without a message. A proxy's page is none for a developer, its title is. */
export function describe(status: number, body: string): string {
  const title = /<title[^>]*>([^<]{1,200})<\/title>/i.exec(body)?.[1]?.trim()
  const isText = title === undefined && body.trim() !== '' && !body.trimStart().startsWith('<')
  const rest = title ?? (isText ? body.trim().slice(0, 300) : '')
  return rest === ''
    ? `The upstream answered ${status} without a message.`
    : `The upstream answered ${status}: ${rest}`
}

export function overflowOf(kind: ErrorKind, said: string): Pick<ErrorDetails, 'overflow'> {
  const overflow = kind === 'context_overflow' ? parseContextOverflow(said) : undefined
  return overflow === undefined ? {} : { overflow }
}
