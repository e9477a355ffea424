import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/**
 * A connection that was ended for being idle breaks as soon as the other side hears of the next request: after one
 * round trip. Whatever has worked for longer than this has begun, and is billed.
 */
export const STALE_WITHIN_MS = 1_000

/** How a connection was when a request was written to it. */
interface Written {
  bytesRead: number
  atMs: number
}

const connections = new WeakMap<object, Written>()

subscribe('undici:client:sendHeaders', (message) => {
  const { socket } = message as { socket: Socket }
  const written = connections.get(socket)
  if (written === undefined) return
  written.bytesRead = socket.bytesRead
  written.atMs = performance.now()
})

/**
 * Lets the errors of a new connection say `isStale`: it had brought an answer before, was kept, and broke as soon as the
 * next request was written, before a byte of an answer to that one. The other side has most likely never seen that.
 */
export function watchStale(socket: Socket): void {
  const written: Written = { bytesRead: 0, atMs: 0 }
  connections.set(socket, written)
  // Before undici's own listener, which hands the error on.
  socket.prependListener('error', (error: Error & { isStale?: boolean }) => {
    const { bytesRead, atMs } = written
    error.isStale =
      bytesRead > 0 && socket.bytesRead === bytesRead && performance.now() - atMs < STALE_WITHIN_MS
  })
}
