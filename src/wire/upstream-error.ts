import { GatewayError, toGatewayError } from '../message/error.ts'
import type { ErrorKind } from '../message/error.ts'

/** `isStale`: see `stale-connection.ts`. */
type Failure = Error & { code?: string; isStale?: boolean }

/** Errors of certificates have some thirty codes; these words are in all of them. */
const CERTIFICATE = /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/

/** What the network's own codes mean, in words that help; `host` stands in front. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ENOTFOUND: 'is a name that does not resolve',
  EAI_AGAIN: 'could not be resolved: the name server does not answer',
  ECONNREFUSED: 'refused the connection: nothing listens there',
  ETIMEDOUT: 'could not be connected to in time',
  UND_ERR_CONNECT_TIMEOUT: 'could not be connected to in time',
  UND_ERR_ABORTED: 'could not be connected to: the proxy refused',
  UND_ERR_PRX_CONN: 'could not be connected to: the proxy closed the connection',
  UND_ERR_PRX_TLS: 'could not be connected to: the certificate of the proxy is not trusted',
  // Undici's code for a proxy that wants other credentials, where it does not tunnel.
  UND_ERR_INVALID_ARG: 'could not be connected to: the proxy refused',
}

/**
 * What undici, zlib or the network said of a request, as a row of the error table. `answered`: the headers of
 * an answer had come. An error without a code comes from our own code and is `internal`, as is a request that
 * contradicts itself.
 */
export function toUpstreamError(error: Failure, host: string, answered: boolean): GatewayError {
  if (error instanceof GatewayError) return error
  // Undici gives its parser's errors a name and no code.
  const code = error.name === 'HTTPParserError' ? 'HPE' : error.code
  if (code === undefined || code.startsWith('UND_ERR_REQ_')) return toGatewayError(error)
  const made = (kind: ErrorKind, text: string, isStale = false) =>
    new GatewayError(kind, text, { cause: error, ...(isStale && { isStale }) })

  // Ours: the dialler was closed. Not another attempt, which would open it again.
  if (code === 'UND_ERR_DESTROYED') return made('overloaded_gateway', 'The gateway is stopping.')

  if (code === 'UND_ERR_HEADERS_TIMEOUT') return made('upstream_timeout', `${host} did not answer in time.`)
  if (isMalformed(error, code, answered)) return made('upstream_malformed', `${host} did not answer in HTTP.`)
  if (answered) return made('upstream_truncated', `${host} broke off its answer: connection lost.`)
  if (CERTIFICATE.test(code)) {
    return made('upstream_unreachable', `${host} has a certificate that is not trusted here (${code}).`)
  }
  const known = UNREACHABLE[code] ?? `closed the connection without an answer (${code})`
  return made('upstream_unreachable', `${host} ${known}.`, error.isStale)
}

function isMalformed(error: Failure, code: string, answered: boolean): boolean {
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE') return true
  // Two lengths that contradict each other fail as a mismatch before the headers are whole.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return !answered
  return code === 'UND_ERR_SOCKET' && /^bad (?:response|upgrade)$/.test(error.message)
}
