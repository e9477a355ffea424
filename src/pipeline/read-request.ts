import { free } from '../lib/free.ts'
import { GatewayError } from '../message/error.ts'
import type { JsonObject } from '../message/request.ts'
import { sessionOf } from '../rules/affinity.ts'
import type { Session } from '../rules/affinity.ts'
import type { Configuration } from '../stores/config/configuration.ts'
import { JsonScanError, readBoolean, readString, scanObject } from '../wire/json-scan.ts'
import type { ScannedObject, Span } from '../wire/json-scan.ts'
import type { ScanLimits } from '../wire/json-walker.ts'
import type { NestedStrings } from '../wire/nested-strings.ts'
import type { SetAside } from '../wire/set-aside.ts'
import type { Call } from './call.ts'
import type { ScannedBody } from './foreign-blocks.ts'
import { parseBody } from './parse-body.ts'
import { WATCHED } from './watched.ts'

/** The client's request as bytes, with the fields that policy depends on. */
export interface InboundRequest {
  /** Empty once it was released. */
  readonly body: Buffer
  readonly bodyBytes: number
  /** What the log keeps instead of the body: of a form, its fields, and of its files what they are. */
  readonly summary?: Buffer
  /** Spans of the top-level values. */
  readonly fields: ReadonlyMap<string, Span>
  /** What the scan has seen inside of them. */
  readonly strings: NestedStrings | undefined
  readonly model: string
  readonly stream: boolean
  /** For the log, and for rules. */
  readonly sessionId: string | undefined
  /** The same where it decides where the call goes; the client can switch that off. */
  readonly session: Session | undefined
  /** `provider/model` names that the client would take instead, in this order. */
  readonly fallbacks: readonly string[]
  /**
   * Parses the whole body: only for translation, a native call never asks. Not kept, because what lives as long as
   * a call is copied by the garbage collector again and again. Parts of it are frozen, and with `texts` long ones are
   * set aside: see `parse-body.ts`.
   */
  parsed(texts?: SetAside): JsonObject
  /**
   * No attempt can follow any more, so the body is not needed again: a thousand answers that stream for minutes
   * would otherwise hold a thousand bodies.
   */
  release(): void
  /** The bytes as they are go to an upstream; what it returns is to be called when they are written. */
  lend(): () => void
}

export interface ReadOptions {
  /** Absent: those of conversations. */
  limits?: ScanLimits
  /** The model where the body's `model` does not name it. */
  otherModel?: (parsed: () => JsonObject) => string | undefined
  /** Absent: the body's `stream` says whether the answer is to be one. */
  stream?: (body: Buffer, fields: ReadonlyMap<string, Span>) => boolean
}

/**
 * Reads the body and finds the fields that routing needs, without parsing the rest: a Claude Code body is 50 KB
 * to 5 MB, and its bytes go on as they came.
 *
 * Throws `request_too_large`, and `invalid_request` naming the field.
 */
export async function readRequest(
  call: Call,
  configuration: Configuration,
  { limits, otherModel, stream = streamOf }: ReadOptions = {},
): Promise<InboundRequest> {
  const body = await call.readBody(configuration.client.maxRequestBodyBytes)
  const scanned = scan(body, limits)
  const { fields } = scanned
  const other = otherModel?.(() => parse({ body, fields }))
  const model = call.pathModel ?? (fields.has('model') ? undefined : other)
  const asked = bounded(model ?? requiredString(body, fields, 'model'))
  return new BufferedRequest(call, body, scanned, asked, call.endpoint.stream ?? stream(body, fields))
}

/**
 * The same for a request that goes to its provider whatever it is: of a body that is no JSON object, or that two readers
 * could read differently, nothing is known. A model in the path is meant, whatever the body says; empty: none is named.
 */
export async function readAnyRequest(call: Call, configuration: Configuration): Promise<InboundRequest> {
  const body = await call.readBody(configuration.client.maxRequestBodyBytes)
  const scanned = tryScan(body)
  const { fields } = scanned
  const named = call.pathModel ?? MODEL_IN_PATH.exec(call.path)?.[1]
  const [model, stream] = [fields.get('model'), fields.get('stream')]
  const asked = named ?? (model && readString(body, model)) ?? ''
  const isStream = call.endpoint.stream ?? (stream !== undefined && readBoolean(body, stream) === true)
  return new BufferedRequest(call, body, scanned, asked.slice(0, MODEL_MAX_LENGTH), isStream)
}

const MODEL_IN_PATH = /\/(?:models|model|deployments)\/([^/:]{1,512})/

function tryScan(body: Buffer): ScannedObject {
  try {
    const scanned = scanObject(body)
    checkSpellings(scanned.fields)
    fallbacksOf(body, scanned.fields)
    return scanned
  } catch {
    return { fields: new Map(), strings: undefined }
  }
}

function streamOf(body: Buffer, fields: ReadonlyMap<string, Span>): boolean {
  const span = fields.get('stream')
  const stream = span === undefined ? false : readBoolean(body, span)
  if (stream !== undefined) return stream
  throw new GatewayError('invalid_request', 'stream: Input should be a valid boolean', { field: 'stream' })
}

/** More would only be more waiting: each is an attempt of its own. */
const FALLBACKS_MAX = 8
const FALLBACKS_MAX_BYTES = 8 * 1024

/**
 * The list is the gateway's own only if all of it are names: Claude's API has a field of this name too, which holds
 * a word or objects.
 */
function fallbacksOf(body: Buffer, fields: ReadonlyMap<string, Span>): readonly string[] {
  const span = fields.get('fallbacks')
  if (span === undefined || span.end - span.start > FALLBACKS_MAX_BYTES) return []
  const value = parseValue(body, span)
  const isOurs = Array.isArray(value) && value.every((name) => typeof name === 'string')
  return isOurs ? value.slice(0, FALLBACKS_MAX) : []
}

const NO_BYTES = Buffer.alloc(0)

/** A request whose body is held until nobody needs it. */
export class BufferedRequest implements InboundRequest {
  body: Buffer
  readonly bodyBytes: number
  readonly fields: ReadonlyMap<string, Span>
  readonly strings: NestedStrings | undefined
  readonly model: string
  readonly stream: boolean
  readonly sessionId: string | undefined
  readonly session: Session | undefined
  readonly fallbacks: readonly string[]
  readonly #call: Call
  /** Upstreams that may still be reading the body. */
  #readers = 0

  constructor(call: Call, body: Buffer, { fields, strings }: ScannedObject, model: string, stream: boolean) {
    this.#call = call
    this.body = body
    this.bodyBytes = body.length
    this.fields = fields
    this.strings = strings
    this.model = model
    this.stream = stream
    this.sessionId = sessionIdOf(call, body, fields)
    this.session = sessionOf(this.sessionId, call.headers)
    this.fallbacks = fallbacksOf(body, fields)
  }

  parsed(texts?: SetAside): JsonObject {
    return parse(this, texts)
  }

  lend(): () => void {
    this.#readers++
    return () => this.#readers--
  }

  release(): void {
    if (this.#readers === 0) free(this.body)
    this.body = NO_BYTES
    this.#call.releaseBody()
  }
}

/** The scan has seen a well-formed object from outside; a fault inside one of its values shows here. */
function parse(scanned: ScannedBody, texts?: SetAside): JsonObject {
  try {
    return parseBody(scanned, texts)
  } catch (error) {
    throw notJson(error as Error)
  }
}

function parseValue(body: Buffer, { start, end }: Span): unknown {
  try {
    return JSON.parse(body.toString('utf8', start, end))
  } catch (error) {
    throw notJson(error as Error)
  }
}

function notJson({ message }: Error): GatewayError {
  return new GatewayError('invalid_request', `The body is not valid JSON: ${message}`)
}

function scan(body: Buffer, limits?: ScanLimits): ScannedObject {
  try {
    const scanned = scanObject(body, limits, WATCHED)
    checkSpellings(scanned.fields)
    return scanned
  } catch (error) {
    if (!(error instanceof JsonScanError)) throw error
    throw new GatewayError(
      'invalid_request',
      error.message,
      error.field === undefined ? {} : { field: error.field },
    )
  }
}

const PLAIN_NAME = /^[a-z0-9_]*$/

/**
 * Programs in Go, such as Ollama and other gateways, read names whatever their case, and the last one wins: the model
 * that was checked would not be the one that answers (E3).
 */
function checkSpellings(fields: ReadonlyMap<string, Span>): void {
  const names = [...fields.keys()]
  if (names.every((name) => PLAIN_NAME.test(name))) return
  const known = new Set<string>()
  for (const name of names) {
    // Upper case first: there is a long s, and a sign for Kelvin.
    const plain = name.toUpperCase().toLowerCase()
    if (known.has(plain)) {
      const message = `The field "${plain}" stands twice in the request body, in other letters: send it once`
      throw new GatewayError('invalid_request', message, { field: plain })
    }
    known.add(plain)
  }
}

/** The longest real ones are ARNs of some 150 characters; the name is repeated in errors, answers and the log. */
export const MODEL_MAX_LENGTH = 512

function bounded(model: string): string {
  if (model.length <= MODEL_MAX_LENGTH) return model
  const message = `model: String should have at most ${MODEL_MAX_LENGTH} characters`
  throw new GatewayError('invalid_request', message, { field: 'model' })
}

function requiredString(body: Buffer, fields: ReadonlyMap<string, Span>, name: string): string {
  const span = fields.get(name)
  if (span === undefined)
    throw new GatewayError('invalid_request', `${name}: Field required`, { field: name })
  const value = readString(body, span)
  if (value === undefined)
    throw new GatewayError('invalid_request', `${name}: Input should be a valid string`, { field: name })
  if (value === '')
    throw new GatewayError('invalid_request', `${name}: String should have at least 1 character`, {
      field: name,
    })
  return value
}

/** Claude Code's, OpenCode's, Codex's. */
const SESSION_HEADERS = ['x-claude-code-session-id', 'x-session-id', 'session-id']
/** Of the ids that agents send, so much is kept. Who names a session for the gateway, and at more length, has none. */
const SESSION_MAX_LENGTH = 255

/** Header first; Claude Code also puts it, as JSON in a string, into `metadata.user_id`. */
function sessionIdOf(call: Call, body: Buffer, fields: ReadonlyMap<string, Span>): string | undefined {
  const { headers } = call
  const named = headers['x-bf-session-id']
  if (named !== undefined && named !== '') return named.length > SESSION_MAX_LENGTH ? undefined : named
  const name = SESSION_HEADERS.find((one) => (headers[one] ?? '') !== '')
  const session =
    name === undefined
      ? (sessionIn(headers['x-codex-turn-metadata']) ?? claudeSession(body, fields))
      : headers[name]
  return session?.slice(0, SESSION_MAX_LENGTH)
}

function claudeSession(body: Buffer, fields: ReadonlyMap<string, Span>): string | undefined {
  const span = fields.get('metadata')
  if (span === undefined || span.end - span.start > 4096) return undefined
  try {
    const userId: unknown = JSON.parse(body.toString('utf8', span.start, span.end))?.user_id
    return typeof userId === 'string' ? sessionIn(userId) : undefined
  } catch {
    return undefined
  }
}

/** The `session_id` of a JSON object; undefined where the text is none. */
function sessionIn(text: string | undefined): string | undefined {
  if (text === undefined || !text.startsWith('{')) return undefined
  try {
    const session: unknown = JSON.parse(text)?.session_id
    return typeof session === 'string' && session !== '' ? session : undefined
  } catch {
    return undefined
  }
}
