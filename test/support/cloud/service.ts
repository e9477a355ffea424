import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SeenRequest } from './aws-signature.ts'

export interface Reply {
  status?: number
  headers?: Record<string, string>
  body?: string
}

/** A service of a cloud, on loopback. */
export interface Service {
  /** Without a trailing slash. */
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** Answers so instead, until told otherwise; `hang` does not answer at all. */
  misbehave(as: Reply | 'hang' | undefined): void
  close(): Promise<void>
}

/** What a service refuses with: as the real one would, so that what reads it is tested, too. */
export class Refusal extends Error {
  readonly reply: Reply

  constructor(reply: Reply) {
    super(reply.body ?? `status ${reply.status}`)
    this.reply = reply
  }
}

export const json = (value: object, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** A server whose handler returns answers, and throws a {@link Refusal}. */
export async function startService(handle: (request: SeenRequest) => Reply): Promise<Service> {
  const requests: SeenRequest[] = []
  let misbehaviour: Reply | 'hang' | undefined
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming
      const request = { method, path, headers, body: Buffer.concat(chunks) }
      requests.push(request)
      if (misbehaviour === 'hang') return
      const { status = 200, headers: own = {}, body = '' } = misbehaviour ?? answer(request)
      outgoing.writeHead(status, own)
      outgoing.end(body)
    })
  })
  const answer = (request: SeenRequest): Reply => {
    try {
      return handle(request)
    } catch (error) {
      if (error instanceof Refusal) return error.reply
      return { status: 500, body: `the checking server failed: ${(error as Error).stack}` }
    }
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    misbehave: (as) => {
      misbehaviour = as
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The form that was posted; refuses what is no form. */
export function formOf({ method, headers, body }: SeenRequest): URLSearchParams {
  if (method !== 'POST' || headers['content-type'] !== 'application/x-www-form-urlencoded')
    throw new Refusal({ status: 400, body: 'expected a posted form' })
  return new URLSearchParams(Buffer.from(body).toString())
}
