import { randomUUID } from 'node:crypto'
import { canonicalTarget } from '../http/canonical-path.ts'
import { MOUNTS } from '../http/mounts.ts'
import { Router } from '../http/router.ts'
import { GatewayError } from '../message/error.ts'
import type { Call, Reply } from '../pipeline/call.ts'

/** A request as its client would send it. */
export interface SentRequest {
  /** With its query. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

let router: Router | undefined

/**
 * The call that the edge would make of a request. Its reply goes nowhere. Throws what the edge does for a path, naming
 * the field.
 */
export function explainedCall({ path, headers, body }: SentRequest): Call {
  const { target, match } = matched(path)
  const { protocol, endpoint, preferredProviders, isUnified, parameters, passthrough } = match
  const query = new URLSearchParams(target.query)
  return {
    id: randomUUID(),
    protocol,
    operation: endpoint.operation,
    endpoint,
    preferredProviders,
    isUnified,
    path: target.path,
    query,
    queryText: target.query,
    parameters,
    pathModel: parameters['model'],
    passthrough,
    headers,
    receivedAtMs: Date.now(),
    startedAt: performance.now(),
    readBody: (maxBytes) => bounded(body, maxBytes),
    releaseBody: () => undefined,
    reply: NO_REPLY,
  }
}

function matched(path: string) {
  try {
    const target = canonicalTarget(path)
    router ??= new Router(MOUNTS, [])
    const match = router.match('POST', target.path)
    if (match.type === 'inference') return { target, match }
    throw new GatewayError('not_found', `Route not found: ${target.path}`)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    throw new GatewayError(error.kind, `path: ${error.message}`, { field: 'path' })
  }
}

async function bounded(body: Buffer, maxBytes: number): Promise<Buffer> {
  if (body.length <= maxBytes) return body
  const message = `The request body has ${body.length} bytes; at most ${maxBytes} are taken.`
  throw new GatewayError('request_too_large', message)
}

const NO_REPLY: Reply = {
  committed: false,
  closed: false,
  send: () => undefined,
  open: () => undefined,
  write: () => true,
  end: () => undefined,
  abort: () => undefined,
  onGone: () => undefined,
  onDrain: () => undefined,
  bytesWritten: 0,
}
