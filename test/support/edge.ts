import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach } from 'vitest'
import type { GuardSettings } from '../../src/http/guards.ts'
import type { EdgeLimits } from '../../src/http/limits.ts'
import { MOUNTS } from '../../src/http/mounts.ts'
import { Router } from '../../src/http/router.ts'
import type { Admit, OwnRoute } from '../../src/http/router.ts'
import { startServer } from '../../src/http/server.ts'
import type { RunningServer } from '../../src/http/server.ts'
import { toGatewayError } from '../../src/message/error.ts'
import type { Call } from '../../src/pipeline/call.ts'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

export interface EdgeSetup {
  handle?: (call: Call) => Promise<void>
  limits?: Partial<EdgeLimits>
  guards?: Partial<GuardSettings>
  own?: readonly OwnRoute[]
  admit?: Admit
  host?: string
  port?: number
}

export interface TestEdge extends RunningServer {
  close(deadlineMs?: number, lastWords?: () => Promise<void>): Promise<void>
  url: string
  /** Calls that reached the pipeline. */
  calls: Call[]
  /** What the edge reported about itself. */
  reports: unknown[]
}

/** The real edge with a pipeline of the test's own, which answers `ok` unless told otherwise. */
export async function startEdge(setup: EdgeSetup = {}): Promise<TestEdge> {
  const calls: Call[] = []
  const reports: unknown[] = []
  const handle = setup.handle ?? (async ({ reply }) => reply.send(200, {}, 'ok'))
  const server = await startServer({
    host: setup.host ?? '127.0.0.1',
    port: setup.port ?? 0,
    router: new Router(MOUNTS, setup.own ?? []),
    guards: () => ({ allowedHosts: [], allowedOrigins: [], ...setup.guards }),
    handle: (call) => {
      calls.push(call)
      return handle(call)
    },
    report: (message, error) => reports.push([message, error]),
    ...(setup.admit && { admit: setup.admit }),
    ...(setup.limits && { limits: setup.limits }),
  })
  let closed: Promise<void> | undefined
  const edge = {
    ...server,
    url: `http://127.0.0.1:${server.port}`,
    calls,
    reports,
    close: (deadlineMs = 0, lastWords?: () => Promise<void>) =>
      (closed ??= server.close(deadlineMs, lastWords)),
  }
  open.push(edge)
  return edge
}

/** A pipeline that reads the body and tells of it, or of why it could not. */
export const readsBody =
  (maxBytes: number) =>
  async (call: Call): Promise<void> => {
    const { reply } = call
    try {
      const body = await call.readBody(maxBytes)
      reply.send(200, {}, JSON.stringify({ bytes: body.length }))
    } catch (thrown) {
      const { status, kind, message } = toGatewayError(thrown)
      reply.send(status, {}, JSON.stringify({ kind, message }))
    }
  }

/** A pipeline that never answers. */
export const hangs = ({ reply }: Call): Promise<void> => new Promise((resolve) => reply.onGone(resolve))

/** One answer as a client reads it. */
export interface RawAnswer {
  status: number
  head: string
  body: string
}

/** A client of raw bytes. */
export interface RawClient {
  socket: Socket
  /** All that came so far. */
  received(): string
  /** Waits for a text to have come. */
  until(text: string): Promise<void>
  /** Waits for so many whole answers, or for the connection to close. */
  answers(count: number): Promise<RawAnswer[]>
  /** Waits until the server has closed the connection, and tells what came. */
  closed(): Promise<RawAnswer[]>
}

/** Connects, sends the bytes, and reads. */
export async function rawClient(
  port: number,
  bytes: string | Buffer = '',
  host = '127.0.0.1',
): Promise<RawClient> {
  const socket = connect({ port, host, noDelay: true })
  let text = ''
  socket.setEncoding('latin1')
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => (text += chunk))
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  await once(socket, 'connect')
  const waitFor = async (there: () => boolean) => {
    while (!there() && !socket.destroyed) {
      await Promise.race([new Promise((resolve) => socket.once('data', resolve)), ended])
    }
  }
  if (bytes.length > 0) socket.write(bytes)
  open.push({ close: async () => void socket.destroy() })
  return {
    socket,
    received: () => text,
    until: (part) => waitFor(() => text.includes(part)),
    answers: async (count) => {
      await waitFor(() => parse(text).length >= count)
      return parse(text)
    },
    closed: async () => {
      await ended
      return parse(text)
    },
  }
}

/** Sends one request and reads until the server closes the connection. */
export async function ask(port: number, bytes: string | Buffer): Promise<RawAnswer[]> {
  const client = await rawClient(port, bytes)
  return client.closed()
}

/** The answers in a text, of which the last may not be whole; bodies by `content-length` or to the end. */
function parse(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  let at = 0
  for (;;) {
    const headEnd = text.indexOf('\r\n\r\n', at)
    if (headEnd < 0) return answers
    const head = text.slice(at, headEnd)
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
    const length = /^content-length: (\d+)/im.exec(head)?.[1]
    at = headEnd + 4
    const none = status < 200 || status === 204
    const end = none ? at : length === undefined ? text.length : at + Number(length)
    if (end > text.length) return answers
    answers.push({ status, head, body: text.slice(at, end) })
    at = end
  }
}

/** The bytes of a request; `host` is there unless it is given. */
export function request(line: string, headers: readonly string[] = [], body = ''): string {
  const host = headers.some((header) => /^host:/i.test(header)) ? [] : ['host: localhost']
  return [`${line} HTTP/1.1`, ...host, ...headers, '', body].join('\r\n')
}

/** A well-formed request for a model. */
export function post(body: string, headers: readonly string[] = [], path = '/anthropic/v1/messages'): string {
  return request(
    `POST ${path}`,
    ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, ...headers],
    body,
  )
}
