import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deferred } from '../support/deferred.ts'
import type { Message, Received } from './wire.ts'

/** A service that answers as a test says. */
export interface Service {
  url: string
  /** What the next requests get. */
  answer(respond: (received: Received) => Message): void
  /** The client has the first bytes of an answer: one in two parts goes on. */
  goOn(): void
  close(): void
}

export async function startService(): Promise<Service> {
  let respond: (received: Received) => Message
  let begun = deferred<void>()
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, headers, body, later } = respond(await receive(request))
    response.writeHead(status, headers).write(body)
    if (later !== undefined) await begun.promise
    response.end(later)
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer(next) {
      begun = deferred<void>()
      respond = next
    },
    goOn: () => begun.resolve(),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function receive(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const raw = Buffer.concat(parts).toString('utf8')
  return { path: request.url!, headers: request.headers as Received['headers'], body: JSON.parse(raw), raw }
}
