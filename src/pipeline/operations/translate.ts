import type { AnswerContext, ClientSide, Metered } from '../../operations/operation.ts'
import type { AnswerHeaders } from '../../wire/egress.ts'
import { sse, sseText } from '../../wire/framing.ts'
import type { Call } from '../call.ts'
import { ownBody } from '../prepared-attempt.ts'
import { routingHeaders } from '../routing-facts.ts'
import { idHeader } from '../upstream-headers.ts'
import { headerReader } from '../whole-answer.ts'
import { askedUsage, give, meterOf, readAnswer, sumOf } from './answer.ts'
import { operationStream } from './passage.ts'
import { PiecePassage } from './piece-passage.ts'
import type { PrepareOperation } from './prepared.ts'
import { writeBody } from './request.ts'

const STREAM_HEADERS = { 'content-type': sse.contentType, 'cache-control': 'no-cache' }

/** An attempt at a provider of another family: through the operation's hub, both ways. */
export const translateOperation: PrepareOperation = (call, asked, target, codecs, record) => {
  const client = codecs.client.client!
  const provider = codecs.provider.provider!
  const { request, stream, warnings } = client.decode(asked.body())
  const passes = provider.passes?.(request) === true
  const decoder = stream ? provider.stream?.(request) : undefined
  const encoded = provider.encode(request, target.model, decoder !== undefined)
  record.warn([...warnings, ...encoded.warnings])
  const context = contextOf(call, asked.request.model, request)
  const expected = askedUsage(codecs.client.usage, asked)
  let headers: AnswerHeaders = {}
  const passage = new PiecePassage({
    decoder,
    encoder: stream ? client.stream?.(context) : undefined,
    usage: () => {
      const body = { kind: 'bytes', type: '', bytes: new Uint8Array() } as const
      return sumOf(expected, codecs.provider.usage.read({ body, header: headerReader(headers) }))
    },
  })
  const isStreamed = decoder !== undefined || passes
  const { type, bytes } = writeBody(encoded.body)
  return {
    upstreamBody: ownBody(bytes),
    ...encoded,
    headers: { ...encoded.headers, 'content-type': type },
    streams: isStreamed,
    answer: {
      stream: isStreamed
        ? operationStream(passage, asked, record, (upstream) => {
            headers = upstream
            const own = stream ? STREAM_HEADERS : { 'content-type': upstream['content-type'] ?? 'audio/mpeg' }
            return { ...idHeader(call), ...own, ...routingHeaders(record.routing()) }
          })
        : undefined,
      answerWhole(answer) {
        const decoded = provider.decode(readAnswer(answer), request)
        record.meter(meterOf(decoded.usage))
        give(call, record, { status: 200, ...encodeWhole(call, client, decoded, context, stream) })
      },
    },
  }
}

function contextOf(call: Call, requestedModel: string, request: unknown): AnswerContext<unknown> {
  return { request, requestedModel, responseId: call.id, created_s: Math.floor(call.receivedAtMs / 1000) }
}

/** A whole answer, in the steps of a stream where the client asked for one that the provider has not. */
function encodeWhole(
  call: Call,
  client: ClientSide<unknown, Metered>,
  answer: Metered,
  context: AnswerContext<unknown>,
  stream: boolean,
): { headers: Record<string, string>; body: Buffer | string } {
  const own = idHeader(call)
  const encoder = stream ? client.stream?.(context) : undefined
  if (encoder === undefined) {
    const { type, bytes } = writeBody(client.encode(answer, context))
    return { headers: { ...own, 'content-type': type }, body: bytes }
  }
  let body = ''
  for (const piece of client.pieces?.(answer) ?? [])
    encoder.push(piece, (event, data) => (body += sseText(event, data)))
  return { headers: { ...own, ...STREAM_HEADERS }, body }
}
