/**
 * A provider made of canned bytes, on a raw socket: it must never be what limits a figure. The path says which
 * answer: `/json`, or `/<events>` for a stream of that many events, each its own write.
 */
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { anthropicEvents, anthropicJson, chatChunks } from './payloads.ts'

/** Milliseconds between events; 0: as fast as they can be written, each in its own turn of the loop. */
const intervalMs = Number(process.argv[2] ?? 0)
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  let pending = Buffer.alloc(0)
  let missing = 0
  let path = ''
  socket.on('data', (chunk) => {
    if (missing === 0) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      const end = pending.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = pending.latin1Slice(0, end)
      path = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP'))
      missing = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0) - (pending.length - end - 4)
      pending = Buffer.alloc(0)
    } else missing -= chunk.length
    if (missing <= 0) answer(socket, path)
  })
})

function answer(socket: Socket, path: string): void {
  const [, kind, count] = /\/(json|\d+)?(?:\/|$)/.exec(path) ?? []
  if (kind === 'json') return void socket.write(jsonAnswer)
  const events = path.includes('chat') ? chatStream(Number(kind ?? count)) : messageStream(Number(kind ?? count))
  let next = 0
  const step = () => {
    if (socket.destroyed) return
    socket.write(events[next++]!)
    if (next === events.length) return
    if (intervalMs === 0) setImmediate(step)
    else setTimeout(step, intervalMs)
  }
  step()
}

const json = anthropicJson()
const jsonAnswer = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`)

const cached = new Map<string, Buffer[]>()
const messageStream = (count: number) => stream(`messages ${count}`, () => anthropicEvents(count))
const chatStream = (count: number) => stream(`chat ${count}`, () => chatChunks(count))

function stream(name: string, make: () => string[]): Buffer[] {
  let events = cached.get(name)
  if (events === undefined) {
    events = make().map((text) => Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`))
    events[0] = Buffer.concat([Buffer.from(HEAD), events[0]!])
    events[events.length - 1] = Buffer.concat([events[events.length - 1]!, Buffer.from('0\r\n\r\n')])
    cached.set(name, events)
  }
  return events
}

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as import('node:net').AddressInfo).port}`))
