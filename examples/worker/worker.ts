import { collect, PROTOCOLS, sse, StreamTranslator } from 'signalbox/codecs'
import type { EncodeContext, Memo, Protocol } from 'signalbox/codecs'

/** What the host hands in: the upstream's address below which `/chat/completions` is, and its key. */
interface Environment {
  UPSTREAM_URL: string
  UPSTREAM_KEY: string
  UPSTREAM_MODEL: string
}

const anthropic = protocol('anthropic')
const chat = protocol('openai-chat')

/**
 * Claude's Messages API in front of any Chat Completions server, as a worker at the edge: `fetch` in, `fetch` out,
 * nothing of Node.
 */
export default {
  async fetch(request: Request, environment: Environment): Promise<Response> {
    const decoded = anthropic.request.decode(await request.json())
    const target = { model: environment.UPSTREAM_MODEL, facts: undefined, quirks: {} }
    const { body, memo } = chat.request.encode(decoded.request, target)
    const context: EncodeContext = {
      requestedModel: decoded.request.model,
      responseId: `msg_${crypto.randomUUID()}`,
      inputTokensEstimate: 0,
      created_s: Math.floor(Date.now() / 1000),
    }
    const upstream = await fetch(`${environment.UPSTREAM_URL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${environment.UPSTREAM_KEY}` },
      body: body.join(''),
    })
    if (!upstream.ok) return failed(upstream, context)
    if (decoded.request.stream) return streamed(upstream, memo, context)
    const answer = await upstream.json()
    const response = collect((emit) => chat.response.decode(answer, memo, emit))
    return Response.json(anthropic.response.encode(response, context))
  },
}

function streamed(upstream: Response, memo: Memo, context: EncodeContext): Response {
  const translator = new StreamTranslator(
    { protocol: chat, framing: sse },
    { protocol: anthropic, framing: sse },
    memo,
    context,
    () => {},
  )
  const encoder = new TextEncoder()
  const bytesOf = (piece: string | Uint8Array) => (typeof piece === 'string' ? encoder.encode(piece) : piece)
  const stream = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const piece = translator.push(chunk)
      if (piece !== undefined) controller.enqueue(bytesOf(piece))
    },
    flush(controller) {
      const piece = translator.end()
      if (piece !== undefined) controller.enqueue(bytesOf(piece))
    },
  })
  return new Response(upstream.body!.pipeThrough(stream), { headers: { 'content-type': sse.contentType } })
}

/** The upstream's failure in the words and the form that agents act on. */
async function failed(upstream: Response, { responseId }: EncodeContext): Promise<Response> {
  const header = (name: string) => upstream.headers.get(name) ?? undefined
  const error = chat.error.decode(upstream.status, header, await upstream.text())
  const { status, headers, body } = anthropic.error.encode(error, responseId)
  return Response.json(body, { status, headers })
}

function protocol(id: Protocol['id']): Protocol {
  return PROTOCOLS.find((each) => each.id === id)!
}
