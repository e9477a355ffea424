import { randomBytes } from 'node:crypto'
import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { classifyInvoke, classifyPredict } from '../../operations/classify.ts'
import type { Body, FamilyId, OperationEndpoint, OperationId, Part } from '../../operations/operation.ts'
import { rerankModel } from '../../operations/rerank/bedrock-rerank.ts'
import type { Configuration } from '../../stores/config/configuration.ts'
import { SCAN_LIMITS, readString } from '../../wire/json-scan.ts'
import type { Span } from '../../wire/json-scan.ts'
import type { ScanLimits } from '../../wire/json-walker.ts'
import { FormError, fieldText, onlyPart, scanForm, writeForm } from '../../wire/multipart.ts'
import type { ScannedPart } from '../../wire/multipart.ts'
import type { Call } from '../call.ts'
import { BufferedRequest, MODEL_MAX_LENGTH, readRequest } from '../read-request.ts'
import type { InboundRequest } from '../read-request.ts'

/** What a client asks for beside conversations. */
export interface AskedOperation {
  readonly operation: OperationId
  readonly family: FamilyId
  readonly request: InboundRequest
  /** `content-type` of the body. */
  readonly type: string
  /** The parts of a form; undefined: the body is JSON. */
  readonly form: readonly ScannedPart[] | undefined
  /** What the body says. Not kept: it may be large. */
  body(): Body
}

/**
 * Reads the request of a model's operation. Throws `request_too_large`, and `invalid_request` naming the field.
 */
export async function readOperation(
  call: Call,
  endpoint: OperationEndpoint,
  configuration: Configuration,
): Promise<AskedOperation> {
  const type = call.headers['content-type'] ?? 'application/json'
  if (/^multipart\/form-data/i.test(type)) return readForm(call, endpoint, type, configuration)
  const otherModel = (parsed: () => JsonObject) => modelOf(endpoint, parsed)
  const stream = endpoint.operation === 'speech' ? { stream: isSpeechStream } : {}
  const request = await readRequest(call, configuration, { limits: LIMITS, otherModel, ...stream })
  const body = (): Body => ({ kind: 'json', value: request.parsed() })
  const asked = endpoint.family === 'predict' ? classifyPredict(endpoint, body()) : endpoint
  const { operation, family } = asked
  return { operation, family, request, type: 'application/json', form: undefined, body }
}

/** `InvokeModel` of a model that does not talk; undefined for all others. */
export function invokedOperation(call: Call, request: InboundRequest): AskedOperation | undefined {
  const asked = call.endpoint.path.endsWith('/invoke') ? classifyInvoke(request.model) : undefined
  if (asked === undefined) return undefined
  const body = (): Body => ({ kind: 'json', value: request.parsed() })
  return { ...asked, request, type: 'application/json', form: undefined, body }
}

/** As in conversations, but for the tokens that are to be embedded: 300,000 at once, each a value of its own. */
const LIMITS: ScanLimits = { ...SCAN_LIMITS, maxValues: 1_000_000 }

/** Moderations may leave their model out, as OpenAI documents; Bedrock's reranking names it deep in its body. */
function modelOf({ operation, family }: OperationEndpoint, parsed: () => JsonObject): string | undefined {
  if (family === 'bedrock-rerank') return rerankModel({ kind: 'json', value: parsed() })
  return operation === 'moderations' ? 'omni-moderation-latest' : undefined
}

/** Speech says it in another field: its bytes are a stream anyway, the question is of what. */
function isSpeechStream(body: Buffer, fields: ReadonlyMap<string, Span>): boolean {
  const span = fields.get('stream_format')
  return span !== undefined && readString(body, span) === 'sse'
}

async function readForm(
  call: Call,
  endpoint: OperationEndpoint,
  type: string,
  configuration: Configuration,
): Promise<AskedOperation> {
  const bytes = await call.readBody(configuration.client.maxRequestBodyBytes)
  try {
    const form = scanForm(bytes, type)
    const text = (name: string) => {
      const part = onlyPart(form, name)
      return part && fieldText(bytes, part)
    }
    const model = call.pathModel ?? text('model') ?? ''
    if (model === '' || model.length > MODEL_MAX_LENGTH) throw new FormError('model is required', 'model')
    const stream = /^(?:true|1)$/i.test(text('stream') ?? '')
    const request = new FormRequest(call, bytes, form, model, stream)
    const { operation, family } = endpoint
    const body = (): Body => ({ kind: 'form', parts: form.map((part) => toPart(request.body, part)) })
    return { operation, family, request, type, form, body }
  } catch (error) {
    if (!(error instanceof FormError)) throw error
    throw new GatewayError(
      'invalid_request',
      error.message,
      error.field === undefined ? {} : { field: error.field },
    )
  }
}

class FormRequest extends BufferedRequest {
  readonly summary: Buffer

  constructor(call: Call, body: Buffer, form: readonly ScannedPart[], model: string, stream: boolean) {
    super(call, body, { fields: new Map(), strings: undefined }, model, stream)
    this.summary = summaryOf(body, form)
  }
}

/** A file is bytes that nobody reads in a log. */
function summaryOf(body: Buffer, form: readonly ScannedPart[]): Buffer {
  const summary = new Map<string, unknown>()
  for (const { name, filename, type, content } of form) {
    const bytes = content.end - content.start
    const value =
      filename === undefined && bytes <= FIELD_MAX_BYTES
        ? body.toString('utf8', content.start, content.end)
        : { filename, type, bytes }
    const known = summary.get(name)
    summary.set(name, known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value])
  }
  return Buffer.from(JSON.stringify(Object.fromEntries(summary)))
}

const FIELD_MAX_BYTES = 64 * 1024

/** A file's bytes are not copied. */
function toPart(body: Buffer, { name, filename, type, content }: ScannedPart): Part {
  const bytes = body.subarray(content.start, content.end)
  if (filename === undefined) return { name, content: bytes.toString('utf8') }
  return { name, filename, ...(type === undefined ? {} : { type }), content: bytes }
}

/** A body as it goes to a provider. */
export function writeBody(body: Body): { type: string; bytes: Buffer } {
  switch (body.kind) {
    case 'json':
      return { type: 'application/json', bytes: Buffer.from(JSON.stringify(body.value)) }
    case 'bytes':
      return { type: body.type, bytes: Buffer.from(body.bytes) }
    case 'form': {
      const { type, body: bytes } = writeForm(body.parts, randomBytes(16).toString('hex'))
      return { type, bytes }
    }
  }
}
