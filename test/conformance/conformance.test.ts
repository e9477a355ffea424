import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'
import { CASES, ERROR_AFTER, ERROR_BEFORE } from './cases.ts'
import type { Case } from './cases.ts'
import { exceptionOf } from './exceptions.ts'
import { CLIENTS, providersAt, spokenWith, UPSTREAMS } from './parties.ts'
import type { Client, Upstream } from './parties.ts'
import { noFacts } from './script.ts'
import type { AnswerFacts, AnswerScript, RequestFacts } from './script.ts'
import { startService } from './service.ts'
import type { Service } from './service.ts'
import type { Message } from './wire.ts'

/**
 * Every client on every upstream, whatever of both is a wire API of the gateway: the whole program but its stores,
 * between a client and a service that are written from the vendors' documentation. `docs/compatibility.md` is made of
 * the names of these tests.
 */

let gateway: InProcessGateway
let service: Service

beforeAll(async () => {
  service = await startService()
  gateway = await startInProcess(providersAt(service.url))
})

afterAll(async () => {
  await gateway.close()
  service.close()
})

/** What the client gets for a body, and what the upstream got. */
async function call(
  client: Client,
  upstream: Upstream,
  { capability, request: script }: Pick<Case, 'capability' | 'request'>,
  stream: boolean,
  answer: (asked: RequestFacts) => Message,
) {
  const model = upstream.model(capability)
  const { readRequest } = spokenWith(client, upstream).upstream
  let asked = noFacts()
  service.answer((request) => {
    asked = readRequest(request)
    return answer(asked)
  })
  const { wire } = client
  const response = await fetch(`${gateway.url}${wire.client.path(model, stream)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...wire.client.headers },
    body: JSON.stringify(wire.client.body(script, model, stream)),
  })
  const bytes = await readUntilCut(response)
  return { status: response.status, bytes, asked }
}

/** A failure in a stream ends with the connection. */
async function readUntilCut({ body }: Response): Promise<Buffer> {
  const parts: Uint8Array[] = []
  try {
    for await (const part of body!) {
      parts.push(part)
      service.goOn()
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
      const wire = spokenWith(client, upstream)

      for (const row of CASES)
        it.each(HOW)(`${row.capability}, %s`, async (_how, stream) => {
          const exception = exceptionOf(client, upstream, row.capability)
          const { status, bytes, asked } = await call(client, upstream, row, stream, (facts) => {
            const answer = answerTo(row, client, facts)
            return stream ? wire.upstream.stream(answer) : wire.upstream.whole(answer)
          })
          expect(status, bytes.toString('utf8').slice(0, 500)).toBe(200)
          expect(asked).toMatchObject({ ...row.asks, ...exception?.asks })
          const read = stream
            ? client.wire.client.readStream(bytes)
            : client.wire.client.readWhole(JSON.parse(bytes.toString('utf8')))
          // Some clients' APIs tell an end at a stop sequence from any other, and some upstreams do not.
          if (row.uncut !== undefined && read.finish === 'stop-sequence') read.finish = 'end'
          expect(read).toEqual({ ...factsOf(row.answer), ...exception?.says })
        })

      it.each(HOW)(`${ERROR_BEFORE}, %s`, async (_how, stream) => {
        const { status, bytes } = await call(client, upstream, CASES[0]!, stream, () =>
          wire.upstream.error(400, 'max_tokens: must be smaller'),
        )
        expect(status).toBe(400)
        const body = JSON.parse(bytes.toString('utf8'))
        expect(client.wire.client.readError(status, body), bytes.toString('utf8')).toContain(
          'max_tokens: must be smaller',
        )
      })

      it(`${ERROR_AFTER}, streamed`, async () => {
        const { status, bytes } = await call(client, upstream, CASES[0]!, true, () =>
          wire.upstream.brokenStream('Half an answ', 'The servers are on fire'),
        )
        expect(status).toBe(200)
        const read = client.wire.client.readStream(bytes)
        expect(read.finish).toBe('error')
        expect(read.message).toContain('The servers are on fire')
      })
    })

/** An upstream that got no stop sequence goes on behind it; Responses clients have no word for one. */
function answerTo({ request, answer, uncut }: Case, client: Client, asked: RequestFacts): AnswerScript {
  const isCut =
    uncut === undefined || client.wire.id === 'openai-responses' || asked.stop.includes(request.stop![0]!)
  return isCut ? answer : { ...answer, text: uncut }
}

function factsOf({ thinking = '', text = '', calls = [], finish, usage }: AnswerScript): AnswerFacts {
  const said = calls.map(({ name, arguments: input }) => ({ name, arguments: input }))
  return { thinking, text, calls: said, finish, usage }
}
