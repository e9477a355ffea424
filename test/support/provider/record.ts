import type { IncomingMessage } from 'node:http'

import { type Json, parseJson } from './json.ts'
import type { Fault } from './faults.ts'
import type { Headers } from './protocol.ts'
import type { Answer } from './script.ts'

/** Everything that reached the provider in one request, and what became of it. */
export interface RecordedRequest {
  id: number
  method: string
  /** The request target as sent, with the query. */
  url: string
  path: string
  query: URLSearchParams
  /** Names and values in wire order and case. */
  rawHeaders: [string, string][]
  headers: Headers
  bodyBytes: Uint8Array
  /** The body as JSON, a form as an object of its fields, or undefined when it is neither. */
  body: Json
  protocol?: string
  /** What the scripted model decided; absent for other operations, refusals and coded replies. */
  answer?: Answer
  nonce?: string
  fault?: Fault['kind']
  /** The status sent; absent when the connection broke before one. */
  status?: number
  /** Why the request was refused, in the provider's words. */
  refusal?: string
  /** When each chunk was produced, in milliseconds since the epoch. */
  chunkTimes: number[]
  /** When the client left before the end, in milliseconds since the epoch. */
  clientGoneAt?: number
  chunksAfterClientGone: number
  /** Whether the whole answer was sent. */
  complete: boolean
}

/** Reads a request to its end. A client that leaves half-way is recorded with what it sent. */
export async function record(request: IncomingMessage, id: number): Promise<RecordedRequest> {
  const bodyBytes = await readBody(request)
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider')
  const rawHeaders: [string, string][] = []
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    rawHeaders.push([request.rawHeaders[at] ?? '', request.rawHeaders[at + 1] ?? ''])
  }
  const headers = joinHeaders(rawHeaders)
  return {
    id,
    method: request.method ?? '',
    url: request.url ?? '',
    path: pathname,
    query: searchParams,
    rawHeaders,
    headers,
    bodyBytes,
    body: (await parseForm(bodyBytes, headers)) ?? parseJson(new TextDecoder().decode(bodyBytes)),
    chunkTimes: [],
    chunksAfterClientGone: 0,
    complete: false,
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  try {
    for await (const part of request) parts.push(part)
  } catch {
    // The client left while sending.
  }
  return Buffer.concat(parts)
}

function joinHeaders(pairs: [string, string][]): Headers {
  const joined: Headers = {}
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    joined[key] = key in joined ? `${joined[key]}, ${value}` : value
  }
  return joined
}

/** Fields of a form: texts as they are, files with their name, type and size, a name that comes twice as a list. */
async function parseForm(bytes: Uint8Array, headers: Headers): Promise<Json> {
  const type = headers['content-type']
  if (!type?.startsWith('multipart/form-data')) return undefined
  const form = await new Response(Buffer.from(bytes), { headers: { 'content-type': type } })
    .formData()
    .catch(() => undefined)
  if (!form) return undefined
  const fields: Record<string, Json> = {}
  for (const name of new Set(form.keys())) {
    const values = form
      .getAll(name)
      .map((value) =>
        typeof value === 'string' ? value : { file: value.name, type: value.type, size: value.size },
      )
    fields[name] = values.length > 1 ? values : values[0]
  }
  return fields
}
