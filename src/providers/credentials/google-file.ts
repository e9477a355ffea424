import { unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import { textIn } from './token-service.ts'
import type { Fields } from './token-service.ts'

export const GOOGLE_SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const TOKEN_URL = 'https://oauth2.googleapis.com/token'

/** A file of Google's with credentials. */
export interface GoogleFile {
  readonly fields: Fields
  /** Where it stands, for whom it has to be mended: a setting, a variable, a path. */
  readonly origin: string
}

/** Text that the file must have. */
export function requiredText({ fields, origin }: GoogleFile, name: string): string {
  const text = textIn(fields, name)
  if (text === undefined) throw unauthenticated(`${origin} has no ${name}`)
  return text
}

/**
 * Where the file's tokens come from. A file that somebody else wrote must not send what it holds to an address of
 * theirs: it is Google's, or where the operator says in the variable of Google's own command line, which replaces
 * `token_uri` and vouches for the others at its origin.
 */
export function tokenUrl(
  file: GoogleFile,
  field: 'token_uri' | 'token_url' | 'service_account_impersonation_url',
  surroundings: Surroundings,
): { url: URL; operatorNamed: boolean } {
  const named = URL.parse(variable(surroundings, 'CLOUDSDK_AUTH_TOKEN_HOST') ?? '')
  if (named !== null && field === 'token_uri') return { url: named, operatorNamed: true }
  const written =
    field === 'token_uri' ? (textIn(file.fields, field) ?? TOKEN_URL) : requiredText(file, field)
  const url = URL.parse(written)
  if (named !== null && url?.origin === named.origin) return { url, operatorNamed: true }
  if (url !== null && isGoogle(url, variable(surroundings, 'GOOGLE_CLOUD_UNIVERSE_DOMAIN')))
    return { url, operatorNamed: false }
  throw unauthenticated(
    `The ${field} in ${file.origin} is no https address of Google's; if it is right, name it in CLOUDSDK_AUTH_TOKEN_HOST`,
  )
}

function isGoogle({ protocol, port, hostname }: URL, universe: string | undefined): boolean {
  if (protocol !== 'https:' || port !== '') return false
  const domains = ['googleapis.com', ...(universe === undefined ? [] : [universe])]
  return hostname === 'accounts.google.com' || domains.some((domain) => hostname.endsWith(`.${domain}`))
}
