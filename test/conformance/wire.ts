import type { JsonObject } from './json.ts'
import type { AnswerFacts, AnswerScript, RequestFacts, RequestScript } from './script.ts'

/** What goes over HTTP in one direction. */
export interface Message {
  status: number
  headers: Record<string, string>
  body: Buffer | string
  /** Comes when the client has read the body. */
  later?: Buffer | string
}

/** A request as an upstream gets it. */
export interface Received {
  /** With its query. */
  path: string
  headers: Record<string, string | undefined>
  body: JsonObject
  /** The body as it came. */
  raw: string
}

/**
 * One wire API from both sides, written from its documentation and independent of the gateway's codecs: what a client
 * sends and reads, and what a service reads and answers.
 */
export interface Wire {
  id: string
  client: {
    /** Below the gateway's root. */
    path(model: string, stream: boolean): string
    headers: Record<string, string>
    body(script: RequestScript, model: string, stream: boolean): JsonObject
    readWhole(answer: JsonObject): AnswerFacts
    /** The next request of the conversation: the answer as it came, and the results of its calls. */
    goOn(body: JsonObject, answer: JsonObject, result: string): JsonObject
    /** The request with a further text of the user. */
    say(body: JsonObject, text: string): JsonObject
    readStream: (bytes: Buffer) => AnswerFacts
    /** The message in an error answer, in the client's own envelope; undefined: it is not that. */
    readError: (status: number, answer: JsonObject) => string | undefined
  }
  upstream: {
    readRequest: (request: Received) => RequestFacts
    whole(answer: AnswerScript): Message
    stream(answer: AnswerScript): Message
    error(status: 400 | 429 | 500, message: string): Message
    /** A stream that begins with a text and breaks off with the service's own error. */
    brokenStream(text: string, message: string): Message
  }
}

/** Server-sent events of a text. */
export function eventsOf(bytes: Buffer): { event: string; data: string }[] {
  return bytes
    .toString('utf8')
    .split(/\r?\n\r?\n/)
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const lines = block.split(/\r?\n/)
      const field = (name: string) =>
        lines
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).trimStart())
      return { event: field('event')[0] ?? '', data: field('data').join('\n') }
    })
    .filter(({ data }) => data !== '')
}

export function json(status: number, body: JsonObject, headers: Record<string, string> = {}): Message {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

export function sse(...events: (JsonObject | string)[]): Message {
  const text = events.map((event) => {
    const data = typeof event === 'string' ? event : JSON.stringify(event)
    const name = typeof event === 'string' || event['type'] === undefined ? '' : `event: ${event['type']}\n`
    return `${name}data: ${data}\n\n`
  })
  return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: text.join('') }
}

/** A stream that goes on when the client has read its beginning. */
export function twoParts(first: Message, then: Message): Message {
  return { ...first, later: then.body }
}

export function parsed(text: string): unknown {
  return text === '' ? {} : JSON.parse(text)
}
