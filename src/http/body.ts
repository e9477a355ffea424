import type { IncomingMessage, ServerResponse } from 'node:http'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'
import { promisify } from 'node:util'
import { GatewayError } from '../message/error.ts'
import { BODIES_MAX_BYTES, INFLATE_MAX_RATIO } from './limits.ts'

const DECOMPRESS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
} as const

/** Bytes of bodies that all calls hold together, so that many large ones at once are refused, not swapped out. */
export class BodyBudget {
  #held = 0

  take(bytes: number): void {
    if (this.#held + bytes > BODIES_MAX_BYTES) {
      throw new GatewayError('overloaded_gateway', 'The gateway holds too many request bodies at once; try again in a second.', {
        retryAfterSeconds: 1,
      })
    }
    this.#held += bytes
  }

  release(bytes: number): void {
    this.#held -= bytes
  }
}

/** A request's body, whole, bounded while it comes in. The bytes taken from the budget are in `held`. */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
  budget: BodyBudget,
  held: { bytes: number },
): Promise<Buffer> {
  const type = request.headers['content-type']
  if (type !== undefined && !/^(application|text)\/([\w.+-]*\+)?(json|plain)\s*(;|$)/i.test(type)) {
    throw new GatewayError('unsupported_media_type', 'content-type: expected application/json.', { field: 'content-type' })
  }
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding !== 'identity' && !(encoding in DECOMPRESS)) {
    throw new GatewayError('unsupported_media_type', `content-encoding: expected one of identity, ${Object.keys(DECOMPRESS).join(', ')}.`)
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  if (/^100-continue$/i.test(request.headers.expect ?? '')) response.writeContinue()
  const raw = await collect(request, maxBytes, budget, held)
  if (encoding === 'identity') return raw
  return decompress(raw, encoding as keyof typeof DECOMPRESS, maxBytes, budget, held)
}

function collect(request: IncomingMessage, maxBytes: number, budget: BodyBudget, held: { bytes: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      try {
        if (length + chunk.length > maxBytes) throw tooLarge(maxBytes)
        budget.take(chunk.length)
        held.bytes += chunk.length
      } catch (error) {
        request.removeAllListeners('data')
        request.pause()
        return reject(error as GatewayError)
      }
      length += chunk.length
      chunks.push(chunk)
    })
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)))
    request.on('error', () => reject(new GatewayError('client_closed', 'The client closed the connection before its request was whole.')))
  })
}

async function decompress(
  raw: Buffer,
  encoding: keyof typeof DECOMPRESS,
  maxBytes: number,
  budget: BodyBudget,
  held: { bytes: number },
): Promise<Buffer> {
  const maxOutputLength = Math.min(maxBytes, Math.max(raw.length * INFLATE_MAX_RATIO, 64 * 1024))
  let body: Buffer
  try {
    body = await DECOMPRESS[encoding](raw, { maxOutputLength })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxOutputLength)
    throw new GatewayError('invalid_request', `The body is not valid ${encoding}.`)
  }
  budget.take(body.length)
  held.bytes += body.length
  return body
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('request_too_large', `The request body is larger than ${maxBytes} bytes.`)
}
