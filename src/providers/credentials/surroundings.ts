import { readFile } from 'node:fs/promises'
import { GatewayError } from '../../message/error.ts'
import type { Egress, Upstream } from '../../wire/egress.ts'

/** What credentials are looked for in, and fetched through. */
export interface Surroundings {
  readonly egress: Egress
  /** As `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly homeDirectory: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Until a token service has answered. */
  readonly timeoutMs: number
  /** The way out of the network, which the token services of a key share with its provider. */
  readonly way: WayOut
}

export type WayOut = Pick<Upstream, 'proxyUrl' | 'caCertificatePem'>

/** A variable that says something; one that is set to nothing counts as absent. */
export function variable(surroundings: Surroundings, name: string): string | undefined {
  const { environment } = surroundings
  const value = Object.hasOwn(environment, name) ? environment[name]?.trim() : undefined
  return value === '' ? undefined : value
}

/** The text of a file; undefined where there is none. Throws `upstream_unauthenticated` where it cannot be read. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unauthenticated(`${path} cannot be read (${code ?? 'unknown'})`)
  }
}

/** As {@link readIfThere}, of a file that something names; `named` says what: `AWS_WEB_IDENTITY_TOKEN_FILE`. */
export async function readNamed(path: string, named: string): Promise<string> {
  const text = await readIfThere(path)
  if (text === undefined) throw unauthenticated(`${named} names ${path}, which is not there`)
  return text.trim()
}

/** Credentials are missing or wrong: another key may do better, another try with this one will not. */
export function unauthenticated(reason: string): GatewayError {
  return new GatewayError('upstream_unauthenticated', `${reason}.`)
}
