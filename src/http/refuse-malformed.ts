import type { Duplex } from 'node:stream'

/** Node's codes for what is no HTTP request, where 400 is not the answer. */
const STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  HPE_INVALID_METHOD: '405 Method Not Allowed',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/**
 * Bytes that are no HTTP: one answer, and the connection ends, so that nothing behind them is read as a request.
 * In the middle of another answer there is no place for one.
 */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex, answering: boolean): void {
  if (answering || error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else refuse(socket, STATUS[error.code ?? ''] ?? '400 Bad Request')
}

/** CONNECT would make this a proxy. */
export function refuseMethod(socket: Duplex): void {
  refuse(socket, '405 Method Not Allowed')
}

/** A client that does not close its side holds nothing for longer. */
const CLOSE_MS = 1_000

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  setTimeout(() => socket.destroy(), CLOSE_MS).unref()
}
