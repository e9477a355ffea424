import type { Part } from './parts.ts'

/** A broken HTTP answer, named by its row of the reliability catalogue. */
export interface MalformedResponse {
  id: string
  name: string
  parts: Part[]
  /** Sent on connecting, before any request. */
  greets?: boolean
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
const EVENT = 'event: ping\ndata: {"type": "ping"}\n\n'
const JSON_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

/** Marks bytes that must never reach a client. */
export const POISON = 'POISON'

/** Answers that no provider should give, and some proxy between did: one row each, for `startRawUpstream`. */
export const MALFORMED: MalformedResponse[] = [
  {
    id: 'C4',
    name: 'chunked body cut off',
    parts: [`${HEAD}transfer-encoding: chunked\r\n\r\n`, chunk(EVENT), 'close'],
  },
  {
    id: 'C5',
    name: 'body shorter than content-length',
    parts: [`${JSON_HEAD}content-length: 400\r\n\r\n{"id":`, 'close'],
  },
  {
    id: 'C6',
    name: 'a second response appended to the first',
    parts: [
      `${JSON_HEAD}content-length: 2\r\n\r\n{}`,
      `${JSON_HEAD}content-length: ${POISON.length + 2}\r\n\r\n"${POISON}"`,
    ],
  },
  {
    id: 'C7',
    name: 'content-length and transfer-encoding',
    parts: [`${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${chunk(EVENT)}0\r\n\r\n`],
  },
  { id: 'C8', name: '100 Continue that nobody asked for', parts: ['HTTP/1.1 100 Continue\r\n\r\n', 'hang'] },
  {
    id: 'C9',
    name: '5,000 early hints',
    parts: ['HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(5_000), 'hang'],
  },
  {
    id: 'C10',
    name: '101 Switching Protocols',
    parts: ['HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 'hang'],
  },
  {
    id: 'C11',
    name: 'a header of 20 KB',
    parts: [`${JSON_HEAD}x-long: ${'word '.repeat(4_000)}\r\ncontent-length: 2\r\n\r\n{}`],
  },
  { id: 'C12', name: 'status 999', parts: ['HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\n{}'] },
  { id: 'C12', name: '204 with a body', parts: ['HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n{}'] },
  {
    id: 'C12',
    name: 'the banner of an SSH server',
    parts: ['SSH-2.0-OpenSSH_9.2p1\r\n', 'hang'],
    greets: true,
  },
  {
    id: 'C13',
    name: 'a carriage return inside a header value',
    parts: [`${JSON_HEAD}x-note: one\rset-cookie: ${POISON}=1\r\ncontent-length: 2\r\n\r\n{}`],
  },
]
