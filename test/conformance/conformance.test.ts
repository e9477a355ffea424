import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deferred } from '../support/deferred.ts'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'
import { CASES } from './cases.ts'
import type { Case } from './cases.ts'
import { exceptionOf } from './exceptions.ts'
import { CLIENTS, providersAt, UPSTREAMS } from './parties.ts'
import type { Client, Upstream } from './parties.ts'
import type { AnswerFacts } from './script.ts'
import type { Message, Received } from './wire.ts'

/**
 * Every client on every upstream, whatever of both is a wire API of the gateway: the whole program but its stores,
 * between a client and a service that are written from the vendors' documentation. `docs/compatibility.md` is made of
 * the names of these tests.
 */

let gateway: InProcessGateway
let service: Server
let respond: (received: Received) => Message
/** The client has the first bytes of an answer. */
let begun = deferred<void>()

beforeAll(async () => {
  service = createServer(async (request, response) => {
    const { status, headers, body, later } = respond(await receive(request))
    response.writeHead(status, headers).write(body)
    if (later !== undefined) await begun.promise
    response.end(later)
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  gateway = await startInProcess(providersAt(`http://127.0.0.1:${(service.address() as AddressInfo).port}`))
})

afterAll(async () => {
  await gateway.close()
  service.closeAllConnections()
  service.close()
})

async function receive(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const body = JSON.parse(Buffer.concat(parts).toString('utf8'))
  return { path: request.url!, headers: request.headers as Received['headers'], body }
}

/** What the client gets for a body, and what the upstream got. */
async function call(
  client: Client,
  upstream: Upstream,
  script: Case['request'],
  stream: boolean,
  answer: () => Message,
) {
  let received: Received | undefined
  begun = deferred<void>()
  respond = (request) => {
    received = request
    return answer()
  }
  const { wire } = client
  const response = await fetch(`${gateway.url}${wire.client.path(upstream.model, stream)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...wire.client.headers },
    body: JSON.stringify(wire.client.body(script, upstream.model, stream)),
  })
  const bytes = await readUntilCut(response)
  return { status: response.status, bytes, received, response }
}

/** A failure in a stream ends with the connection. */
async function readUntilCut({ body }: Response): Promise<Buffer> {
  const parts: Uint8Array[] = []
  try {
    for await (const part of body!) {
      parts.push(part)
      begun.resolve()
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  return Buffer.concat(parts)
}

const HOW = [
  ['whole', false],
  ['streamed', true],
] as const

for (const client of CLIENTS)
  for (const upstream of UPSTREAMS)
    describe(`${client.id} on ${upstream.id}`, () => {
      for (const row of CASES)
        it.each(HOW)(`${row.capability}, %s`, async (_how, stream) => {
          const exception = exceptionOf(client, upstream, row.capability)
          const { wire } = upstream
          const { status, bytes, received } = await call(client, upstream, row.request, stream, () =>
            stream ? wire.upstream.stream(row.answer) : wire.upstream.whole(row.answer),
          )
          expect(status, bytes.toString('utf8').slice(0, 500)).toBe(200)
          expect(wire.upstream.readRequest(received!)).toMatchObject({ ...row.asks, ...exception?.asks })
          const read = stream
            ? client.wire.client.readStream(bytes)
            : client.wire.client.readWhole(JSON.parse(bytes.toString('utf8')))
          expect(read).toEqual({ ...expected(row), ...exception?.says })
        })

      it.each(HOW)('error before the first byte, %s', async (_how, stream) => {
        const { status, bytes } = await call(client, upstream, CASES[0]!.request, stream, () =>
          upstream.wire.upstream.error(400, 'max_tokens: must be smaller'),
        )
        expect(status).toBe(400)
        const body = JSON.parse(bytes.toString('utf8'))
        expect(client.wire.client.readError(status, body), bytes.toString('utf8')).toContain(
          'max_tokens: must be smaller',
        )
      })

      it('error after the first byte, streamed', async () => {
        const { status, bytes } = await call(client, upstream, CASES[0]!.request, true, () =>
          upstream.wire.upstream.brokenStream('Half an answ', 'The servers are on fire'),
        )
        expect(status).toBe(200)
        const read = client.wire.client.readStream(bytes)
        expect(read.finish).toBe('error')
        expect(read.message).toContain('The servers are on fire')
      })
    })

function expected({ answer, says }: Case): AnswerFacts {
  const calls = (answer.calls ?? []).map(({ name, arguments: input }) => ({ name, arguments: input }))
  return {
    thinking: answer.thinking ?? '',
    text: answer.text ?? '',
    calls,
    finish: answer.finish,
    usage: answer.usage,
    ...says,
  }
}
