import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it came to a service of the fleet. */
export interface Asked {
  /** The provider key that it came with. */
  key: string
  model: string
  /** Which request it is, from 0 on. */
  count: number
}

/** What a request gets: a status, an end without an answer, or none at all until somebody ends it; or these words, with 400. */
export type Fate = number | 'reset' | 'hang' | 'cut' | Promise<number> | { says: string }

/** Chat services of which each request comes to the same place, told apart by provider key and model. */
export interface Fleet {
  url: string
  asked: Asked[]
  /** Requests that are being answered. */
  open(): number
  /** What becomes of the next requests. */
  answer(fate: (asked: Asked) => Fate, headers?: Record<string, string>): void
  /** The names of keys of the requests since the last time that this was asked, in their order. */
  keys(): string[]
  close(): void
}

export async function startFleet(): Promise<Fleet> {
  const asked: Asked[] = []
  let seen = 0
  let open = 0
  let fate: (asked: Asked) => Fate = () => 200
  let headers: Record<string, string> = {}
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    open++
    response.on('close', () => open--)
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const { model, stream } = JSON.parse(Buffer.concat(parts).toString())
    const key = String(request.headers['authorization']).replace('Bearer ', '')
    const one = { key, model, count: asked.length }
    asked.push(one)
    const decided = fate(one)
    if (decided === 'reset') return void response.destroy()
    if (decided === 'hang') return
    if (decided === 'cut') return cut(response)
    if (typeof decided === 'object' && 'says' in decided) return refuse(response, decided.says)
    const status = await decided
    if (status === 200 && stream === true) return answerStream(response)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(
      JSON.stringify(status === 200 ? WHOLE : { error: { message: 'It failed', type: 'server_error' } }),
    )
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    open: () => open,
    answer(next, withHeaders = {}) {
      fate = next
      headers = withHeaders
    },
    keys: () => asked.slice(seen, (seen = asked.length)).map(({ key }) => key),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const ID = { id: 'chatcmpl-1', created: 1, model: 'm' }
const WHOLE = {
  ...ID,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'word' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ ...ID, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(chunk({ role: 'assistant', content: 'word' }))
}

function answerStream(response: ServerResponse): void {
  begin(response)
  response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`)
}

function refuse(response: ServerResponse, message: string): void {
  response.writeHead(400, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }))
}

/** The first word, and then nothing more. */
function cut(response: ServerResponse): void {
  begin(response)
  setImmediate(() => response.destroy())
}
