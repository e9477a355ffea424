import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach } from 'vitest'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** How one request over HTTP/2 ended. */
export interface Http2Answer {
  status: number | undefined
  headers: IncomingHttpHeaders
  body: string
  /** Of the reset that ended the stream; 0: it ended as it should. */
  code: number
}

export interface Asked {
  stream: ClientHttp2Stream
  answer: Promise<Http2Answer>
  /** Everything that has come so far. */
  received(): string
  /** Waits for a text to have come, or for the end. */
  until(text: string): Promise<void>
}

export type Fields = Record<string, string>

/** Node's own client, on one connection. */
export async function http2Client(port: number, options: object = {}): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://localhost:${port}`, {
    ...options,
    createConnection: () => connect({ port, host: '127.0.0.1', noDelay: true }),
  })
  session.on('error', () => undefined)
  open.push(() => session.destroy())
  await once(session, 'connect')
  return session
}

/** Sends one request; a body that is null is still to be written. */
export function askHttp2(
  session: ClientHttp2Session,
  fields: Fields = {},
  body: string | Buffer | null = '',
): Asked {
  const head = { ':method': 'GET', ':path': '/anthropic/v1/models', ...fields }
  const stream = session.request(head, { endStream: body?.length === 0 })
  if (body !== null && body.length > 0) stream.end(body)
  let text = ''
  const result: Http2Answer = { status: undefined, headers: {}, body: '', code: 0 }
  stream.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  stream.on('error', () => undefined)
  stream.on('response', (headers) => Object.assign(result, { status: headers[':status'], headers }))
  const ended = new Promise<void>((resolve) => stream.on('close', () => resolve()))
  return {
    stream,
    received: () => text,
    until: async (part) => {
      while (!text.includes(part) && !stream.closed)
        await Promise.race([new Promise((resolve) => stream.once('data', resolve)), ended])
    },
    answer: ended.then(() => ({ ...result, body: text, code: stream.rstCode })),
  }
}

/** A well-formed request for a model. */
export const POST: Fields = {
  ':method': 'POST',
  ':path': '/anthropic/v1/messages',
  'content-type': 'application/json',
}

// ==== Frames by hand

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** RFC 9113, 6. */
export const TYPES = {
  data: 0, headers: 1, priority: 2, reset: 3, settings: 4, push: 5, ping: 6, goaway: 7, window: 8, continuation: 9,
} as const // prettier-ignore
export const END_STREAM = 1
export const END_HEADERS = 4

export interface Http2Frame {
  type: number
  flags: number
  stream: number
  payload: Buffer
}

export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = Buffer.from(payload)
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

export const number32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export const settings = (...pairs: [id: number, value: number][]): Buffer =>
  frame(
    TYPES.settings,
    0,
    0,
    Buffer.concat(pairs.map(([id, value]) => Buffer.concat([number32(id).subarray(2), number32(value)]))),
  )

/** Header fields as literals without compression (RFC 7541, 6.2.2). */
export function fieldBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]))
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([integer(bytes.length), bytes])
}

/** An integer with a prefix of seven bits (RFC 7541, 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

export const HEAD = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/anthropic/v1/messages'],
  [':authority', 'localhost'],
  ['content-type', 'application/json'],
] as const

export const headersFrame = (
  stream: number,
  fields: readonly (readonly [string, string])[],
  flags = END_HEADERS | END_STREAM,
): Buffer => frame(TYPES.headers, flags, stream, fieldBlock(fields))

export interface RawHttp2Client {
  socket: Socket
  /** The frames that have come so far. */
  frames(): Http2Frame[]
  /** Waits for a frame that answers the description, or for the connection to close. */
  until(is: (frame: Http2Frame) => boolean): Promise<Http2Frame | undefined>
  /** Waits until the server has closed the connection. */
  closed(): Promise<Http2Frame[]>
}

/** Sends the bytes behind a preface and empty settings, and reads frames. */
export async function rawHttp2Client(port: number, ...bytes: Buffer[]): Promise<RawHttp2Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => (received = Buffer.concat([received, chunk])))
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  open.push(() => socket.destroy())
  await once(socket, 'connect')
  socket.write(Buffer.concat([PREFACE, settings(), ...bytes]))
  const frames = () => parse(received)
  return {
    socket,
    frames,
    until: async (is) => {
      for (;;) {
        const found = frames().find(is)
        if (found !== undefined || socket.destroyed) return found
        await Promise.race([new Promise((resolve) => socket.once('data', resolve)), ended])
      }
    },
    closed: async () => {
      await ended
      return frames()
    },
  }
}

function parse(bytes: Buffer): Http2Frame[] {
  const frames: Http2Frame[] = []
  for (let at = 0; at + 9 <= bytes.length;) {
    const length = bytes.readUIntBE(at, 3)
    if (at + 9 + length > bytes.length) return frames
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, at + 9 + length),
    })
    at += 9 + length
  }
  return frames
}
