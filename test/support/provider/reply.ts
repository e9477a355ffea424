import type { Exchange } from './exchange.ts'
import { type Parts, play } from './parts.ts'
import type { RecordedRequest } from './record.ts'

/** An exact answer: `json` for a whole body, `chunks` for anything that takes time or breaks. */
export interface Reply {
  /** 200 unless told. */
  status?: number
  headers?: Record<string, string | string[]>
  json?: unknown
  chunks?: Parts
}

export interface ReplyOptions {
  /** How many requests get it; 1 unless told. A generator of chunks can be played only once. */
  times?: number
  /** Only requests whose path matches. */
  path?: RegExp
}

type Replier = (request: RecordedRequest) => Reply | undefined

/** Replies waiting for a request to match. They go to POST requests: polls for models do not use them up. */
export class ReplyQueue {
  #waiting: { replier: Replier; path: RegExp | undefined; left: number }[] = []

  add(reply: Reply | Replier, { times = 1, path }: ReplyOptions = {}): void {
    this.#waiting.push({ replier: typeof reply === 'function' ? reply : () => reply, path, left: times })
  }

  /** The first waiting reply that fits. A function that returns nothing leaves the request to the script. */
  take(request: RecordedRequest): Reply | undefined {
    if (request.method !== 'POST') return undefined
    const next = this.#waiting.find((one) => one.left > 0 && (one.path?.test(request.path) ?? true))
    if (!next) return undefined
    next.left -= 1
    return next.replier(request)
  }
}

export async function sendReply(reply: Reply, exchange: Exchange): Promise<void> {
  const type = reply.json === undefined ? 'text/event-stream' : 'application/json'
  exchange.head(reply.status ?? 200, { 'content-type': type, ...reply.headers })
  const parts = reply.json === undefined ? (reply.chunks ?? []) : [JSON.stringify(reply.json)]
  if (await play(parts, exchange)) exchange.end()
}
