import type { Readable } from 'node:stream'
import { free } from '../lib/free.ts'
import { GatewayError } from '../message/error.ts'
import { CODINGS, createInflater, isPlausible, readCoding } from '../wire/inflate.ts'
import type { HttpRequest } from './request.ts'

/** Types of bodies: JSON alone, forms with files beside it, or whatever comes. */
export type BodyTypes = 'json' | 'forms' | 'any'

/**
 * A request's body, whole and inflated, bounded while it comes in. `take` is told of every byte that is kept and
 * may throw. Throws `unsupported_media_type`, `request_too_large`, `invalid_request` for what cannot be inflated,
 * and `client_closed`.
 */
export function readBody(
  request: HttpRequest,
  types: BodyTypes,
  maxBytes: number,
  take: (bytes: number) => void,
): Promise<Buffer> {
  let coding: string | undefined
  try {
    coding = codingOf(request, types, maxBytes)
  } catch (error) {
    return Promise.reject(error)
  }
  return coding === undefined
    ? collect(request.body, request, maxBytes, take)
    : inflate(request, coding, maxBytes, take)
}

/** How the body is compressed. Throws where it is not to be read, and sends for it where it is waited with. */
function codingOf(request: HttpRequest, types: BodyTypes, maxBytes: number): string | undefined {
  if (types !== 'any') checkType(request.headers['content-type'], types)
  const { coding, refused } = readCoding(request.headers['content-encoding'])
  if (refused) {
    const message = `content-encoding: expected one of identity, ${CODINGS.join(', ')}.`
    throw new GatewayError('unsupported_media_type', message, { field: 'content-encoding' })
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  // A client that waits for the go-ahead gets it only here, when its headers have passed every check.
  if (/^100-continue$/i.test(request.headers.expect ?? '')) request.sendContinue()
  return coding
}

/**
 * JSON, nothing said, or bytes of no kind, which the AWS SDK calls what it invokes a model with. A form or
 * `text/plain` is what a page of another site can send without asking first.
 */
function checkType(header: string | undefined, types: BodyTypes): void {
  if (header === undefined || header === 'application/json') return
  const [type = '', ...parameters] = header.toLowerCase().split(';')
  if (types === 'forms' && type.trim() === 'multipart/form-data') return
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1])
    .find(Boolean)
  if (!/^application\/(?:(?:[\w.-]+\+)?json|octet-stream)$/.test(type.trim())) {
    const form = types === 'forms' ? ' or multipart/form-data' : ''
    refuseType(`content-type: expected application/json${form}.`)
  }
  if (charset !== undefined && !/^(?:utf-?8|us-ascii)$/.test(charset))
    refuseType('content-type: expected charset=utf-8.')
}

function refuseType(message: string): never {
  throw new GatewayError('unsupported_media_type', message, { field: 'content-type' })
}

async function inflate(
  request: HttpRequest,
  coding: string,
  maxBytes: number,
  take: (bytes: number) => void,
): Promise<Buffer> {
  const inflater = createInflater(coding)
  let given = 0
  try {
    request.body.pipe(inflater)
    return await collect(inflater, request, maxBytes, (bytes) => {
      given += bytes
      if (!isPlausible(inflater, given)) throw tooLarge(maxBytes)
      take(bytes)
    })
  } catch (error) {
    if (error instanceof GatewayError) throw error
    throw new GatewayError('invalid_request', `The body is not valid ${coding}.`, { cause: error })
  } finally {
    request.body.unpipe(inflater)
    inflater.destroy()
  }
}

/** `source` is the request or what inflates it. */
function collect(
  source: Readable,
  request: HttpRequest,
  maxBytes: number,
  take: (bytes: number) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const keep = (chunk: Buffer) => {
      try {
        if (length + chunk.length > maxBytes) throw tooLarge(maxBytes)
        take(chunk.length)
      } catch (error) {
        forget()
        source.pause()
        return reject(error)
      }
      length += chunk.length
      chunks.push(chunk)
    }
    const ended = () => {
      // A stream of HTTP/2 that was reset ends like one that is whole.
      if (request.aborted) return closed()
      forget()
      if (chunks.length === 1) return resolve(chunks[0]!)
      resolve(Buffer.concat(chunks, length))
      chunks.forEach(free)
    }
    // Closing is what tells of a client that left: an error is emitted only where somebody listened before.
    const closed = () => {
      if (request.complete) return
      forget()
      reject(new GatewayError('client_closed', 'The client left before its request was whole.'))
    }
    // The request lives as long as its answer: a listener that stayed would hold the body twice, chunks and whole.
    const forget = () => {
      clearTimeout(timer)
      source.off('data', keep).off('end', ended)
      request.body.off('close', closed)
    }
    const timer = timeoutOf(request, (error) => {
      forget()
      source.pause()
      reject(error)
    })
    if (request.body.destroyed) return closed()
    source.on('data', keep).on('end', ended)
    if (source !== request.body) source.on('error', reject)
    request.body.on('close', closed)
  })
}

/** Where Node does not keep the time of a body, this does. */
function timeoutOf(
  { bodyTimeoutMs }: HttpRequest,
  late: (error: GatewayError) => void,
): NodeJS.Timeout | undefined {
  if (bodyTimeoutMs === undefined) return undefined
  const error = () => new GatewayError('request_timeout', 'The body of the request took too long to arrive.')
  return setTimeout(() => late(error()), bodyTimeoutMs)
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('request_too_large', `The request body is larger than ${maxBytes} bytes.`)
}
