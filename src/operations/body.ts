import { GatewayError } from '../message/error.ts'
import type { JsonObject, Warning } from '../message/request.ts'
import { tokenCount } from '../message/usage.ts'
import { Fields } from '../protocols/shared/openai-fields.ts'
import { isObject } from '../protocols/shared/object.ts'
import type { Body, Part, UpstreamAnswer } from './operation.ts'

/** Readers of bodies that all codecs share. */

export function json(value: JsonObject | readonly unknown[]): Body {
  return { kind: 'json', value }
}

/** The fields of a client's JSON body. Throws `invalid_request`. */
export function fieldsOf(body: Body): Fields {
  if (body.kind === 'json') return new Fields(body.value, '')
  throw new GatewayError('invalid_request', 'content-type: expected application/json.', {
    field: 'content-type',
  })
}

/** A provider's answer as a JSON object. Throws `upstream_malformed`. */
export function objectOf(answer: UpstreamAnswer): JsonObject {
  if (answer.body.kind === 'json' && isObject(answer.body.value)) return answer.body.value
  throw malformed('is not a JSON object')
}

/** `what`: the rest of a sentence about the answer, e.g. `has no embeddings`. */
export function malformed(what: string): GatewayError {
  return new GatewayError('upstream_malformed', `The upstream's answer ${what}.`)
}

/** The provider has no word for something that the answer depends on. `what` is a whole sentence. */
export function unsupported(field: string, what: string): GatewayError {
  return new GatewayError('unsupported', `${field}: ${what}`, { field })
}

/** The data of one event of a stream. Throws `upstream_malformed`. */
export function frameObject(data: string): JsonObject {
  try {
    const value: unknown = JSON.parse(data)
    if (isObject(value)) return value
  } catch {
    // Told below.
  }
  throw malformed('has an event that is not a JSON object')
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function objectsOf(value: unknown): readonly JsonObject[] {
  return listOf(value).filter(isObject)
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Seconds that are billed: whole, the begun one counts. Undefined for what is no count; see `tokenCount`. */
export function secondsOf(value: unknown): number | undefined {
  return typeof value === 'number' ? tokenCount(Math.ceil(value)) : undefined
}

/** A whole number out of a response header: Bedrock tells there what an answer has used. */
export function headerNumber(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : undefined
}

/** A warning for each field that is there and that no request of another family can carry. */
export function leftOut(body: JsonObject, known: ReadonlySet<string>): Warning[] {
  return Object.keys(body)
    .filter((name) => !known.has(name) && body[name] !== null && body[name] !== undefined)
    .map((name) => dropped(name))
}

export function dropped(field: string, reason = 'the provider’s API has no such field'): Warning {
  return { kind: 'dropped', field, reason }
}

/** Without the fields that are undefined. */
export function compact(fields: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

export interface File {
  readonly name: string
  readonly type: string
  readonly bytes: Uint8Array
}

/** The fields and files of a client's form. */
export class Form {
  readonly #parts: readonly Part[]

  /** Throws `invalid_request` where the body is no form. */
  constructor(body: Body) {
    if (body.kind !== 'form')
      throw new GatewayError('invalid_request', 'content-type: expected multipart/form-data.', {
        field: 'content-type',
      })
    this.#parts = body.parts
  }

  text(name: string): string | undefined {
    const part = this.#parts.findLast((each) => each.name === name && typeof each.content === 'string')
    return part === undefined || part.content === '' ? undefined : (part.content as string)
  }

  /** Throws `invalid_request` for what is no number. */
  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() !== '' && Number.isFinite(value)) return value
    throw new GatewayError(
      'invalid_request',
      `${name}: expected a number, got ${JSON.stringify(text.slice(0, 40))}.`,
      {
        field: name,
      },
    )
  }

  /** All values of `name` and `name[]`, in order. */
  texts(name: string): string[] {
    return this.#parts
      .filter((each) => each.name === name || each.name === `${name}[]`)
      .flatMap((each) => (typeof each.content === 'string' ? [each.content] : []))
  }

  /** All files of `name` and `name[]`, in order. */
  files(name: string): File[] {
    return this.#parts
      .filter((each) => each.name === name || each.name === `${name}[]`)
      .flatMap(({ filename, type, content }) =>
        typeof content === 'string'
          ? []
          : [{ name: filename ?? name, type: mediaType(type, filename ?? ''), bytes: content }],
      )
  }

  flag(name: string): boolean {
    return /^(?:true|1)$/i.test(this.text(name) ?? '')
  }

  leftOut(known: ReadonlySet<string>): Warning[] {
    const names = new Set(this.#parts.map(({ name }) => name.replace(/\[\]$/, '')))
    return [...names].filter((name) => !known.has(name)).map((name) => dropped(name))
  }
}

/** By the end of a file's name, where its part says nothing better. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  mpga: 'audio/mpeg',
  mpeg: 'audio/mpeg',
  m4a: 'audio/mp4',
  mp4: 'audio/mp4',
  wav: 'audio/wav',
  webm: 'audio/webm',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  opus: 'audio/ogg',
  flac: 'audio/flac',
  aac: 'audio/aac',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
}

function mediaType(type: string | undefined, filename: string): string {
  const said = type?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (said !== '' && said !== 'application/octet-stream') return said
  const ending = filename.split('.').at(-1)!.toLowerCase()
  return Object.hasOwn(MEDIA_TYPES, ending) ? MEDIA_TYPES[ending]! : 'application/octet-stream'
}
