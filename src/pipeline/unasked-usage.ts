import type { GatewayError } from '../message/error.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { malformedStream } from '../wire/frame-error.ts'
import { SSE_COMMENT, sse, sseText } from '../wire/framing.ts'
import type { FrameReader } from '../wire/framing.ts'
import { readBoolean } from '../wire/json-scan.ts'
import type { Edit } from '../wire/json-scan.ts'
import type { Target } from './plan.ts'
import { objectAt } from './prospect-fields.ts'
import type { InboundRequest } from './read-request.ts'
import { isBound } from './reserve.ts'
import { TappedPassage } from './tapped-passage.ts'

/*
 * A Chat stream tells what it used only to who asks for it, and thinking that nobody shows cannot be counted: who did
 * not ask would have 60,000 tokens of it for nothing. Where something is charged with them, the gateway asks, and keeps
 * the answer from clients that would not know what to do with a chunk without choices.
 */

/** The body as it is would get no usage, and somebody's budget or limit depends on it. */
export function lacksUsage({ body, fields, stream }: InboundRequest, target: Target): boolean {
  const { protocol, quirks } = target.surface
  if (!stream || protocol.id !== 'openai-chat' || quirks.streamOptions === false || !isBound(target))
    return false
  const options = fields.get('stream_options')
  const asked = options && objectAt(body, options)?.get('include_usage')
  return asked === undefined || readBoolean(body, asked) !== true
}

/** Asks for it. What is neither an object nor null there is left to the upstream to refuse. */
export function askForUsage({ body, fields }: InboundRequest): Edit[] {
  const options = fields.get('stream_options')
  if (options === undefined) {
    const start = body.indexOf('{') + 1
    return [{ span: { start, end: start }, text: '"stream_options":{"include_usage":true},' }]
  }
  const first = body[options.start]
  if (first === LETTER_N) return [{ span: options, text: '{"include_usage":true}' }]
  if (first !== OPEN_BRACE) return []
  const inner = objectAt(body, options)
  const asked = inner?.get('include_usage')
  if (asked !== undefined) return [{ span: asked, text: 'true' }]
  if (inner === undefined || inner.size === 0) return [{ span: options, text: '{"include_usage":true}' }]
  const start = options.start + 1
  return [{ span: { start, end: start }, text: '"include_usage":true,' }]
}

const LETTER_N = 0x6e
const OPEN_BRACE = 0x7b

/** A native answer without the chunk that only tells what was used. */
export class WithoutUsage extends TappedPassage {
  readonly #reader: FrameReader
  readonly #ping: string
  readonly #requestId: string
  #broken: GatewayError | undefined
  #out = ''

  constructor(protocol: Protocol, requestId: string) {
    super(protocol.stream.tap())
    this.#ping = SSE_COMMENT
    this.#requestId = requestId
    this.#reader = sse.reader(({ event, data }) => {
      if (!isUsageAlone(data)) this.#out += sseText(event, data)
    })
  }

  push(chunk: Buffer): Buffer | undefined {
    this.tap.push(chunk)
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.#broken = malformedStream(error)
    }
    return this.#take()
  }

  end(): Buffer | undefined {
    this.tap.end()
    this.#reader.end()
    return this.#take()
  }

  override get error() {
    return this.#broken ?? super.error
  }

  /** What was given on ends with an event. */
  ping(): string {
    return this.#ping
  }

  failure(error: GatewayError): string {
    return this.tap.failure(error, this.#requestId)
  }

  #take(): Buffer | undefined {
    if (this.#out === '') return undefined
    const bytes = Buffer.from(this.#out)
    this.#out = ''
    return bytes
  }
}

const MAY_BE_USAGE_ALONE = /"choices":\s*\[\s*\]/

function isUsageAlone(data: string): boolean {
  if (!MAY_BE_USAGE_ALONE.test(data)) return false
  try {
    const chunk = JSON.parse(data) as { choices?: unknown; usage?: unknown }
    return Array.isArray(chunk.choices) && chunk.choices.length === 0 && Boolean(chunk.usage)
  } catch {
    return false
  }
}
