import type { GatewayError } from '../../message/error.ts'
import { toGatewayError } from '../../message/error.ts'
import type { AnswerHeaders } from '../../wire/egress.ts'
import { isFramedAs, sse } from '../../wire/framing.ts'
import { clientFraming } from '../call.ts'
import type { Call } from '../call.ts'
import { FramedPassage } from '../framed-passage.ts'
import { NativePassage } from '../native-passage.ts'
import type { Passage } from '../passage.ts'
import type { CallRecord } from '../record.ts'
import { parseAnswer, readError } from '../whole-answer.ts'

/** An answer is read when it is whole, up to so much; a longer one goes on unread. */
const READ_MAX_BYTES = 8 * 1024 * 1024

/**
 * Reads beside an answer that passes as it is: what it has used where it is an answer of a model, and why it is an
 * error. What cannot be read is no reason to hold it up.
 */
export class PassthroughReader {
  readonly #call: Call
  readonly #record: CallRecord
  readonly #unpriced: string | undefined
  #status = 0
  #headers: AnswerHeaders = {}
  #stream: Passage | undefined
  /** Of an answer that is to be read whole. */
  #held: Buffer[] | undefined
  #heldBytes = 0

  /** `unpriced`: why nobody can know what its answer costs. */
  constructor(call: Call, record: CallRecord, unpriced: string | undefined) {
    this.#call = call
    this.#record = record
    this.#unpriced = unpriced
  }

  get status(): number {
    return this.#status
  }

  onHeaders(status: number, headers: AnswerHeaders): void {
    this.#status = status
    this.#headers = headers
    if (status >= 400) this.#held = []
    else if (this.#unpriced !== undefined) this.#record.unpriced(this.#unpriced)
    else if (this.#call.passthrough?.generates === true) this.#read(String(headers['content-type'] ?? ''))
  }

  onBytes(bytes: Buffer): void {
    this.#stream?.push(bytes)
    if (this.#held === undefined) return
    this.#heldBytes += bytes.length
    if (this.#heldBytes <= READ_MAX_BYTES) this.#held.push(bytes)
    else this.#held = undefined
  }

  /** The answer is whole. Returns the failure that it tells of. */
  end(): GatewayError | undefined {
    this.#stream?.end()
    if (this.#stream !== undefined) return this.#stream.error
    return this.#held && this.#readWhole(Buffer.concat(this.#held))
  }

  #read(type: string): void {
    const call = this.#call
    const framing = clientFraming(call)
    const isStream = call.endpoint.stream ?? isFramedAs(sse, type)
    if (!isStream) this.#held = this.#begin()
    else if (framing.id === 'sse') this.#stream = new NativePassage(call.protocol, framing, call.id)
    else this.#stream = new FramedPassage(call.protocol, framing, framing, call.id)
    if (this.#stream !== undefined) this.#record.meter(this.#stream)
  }

  /** Where it is cut, what came of it was used all the same. */
  #begin(): Buffer[] {
    const nothing = { finish: undefined, responseId: undefined, model: undefined }
    this.#record.meter({ usage: {}, ...nothing, complete: false })
    return []
  }

  #readWhole(body: Buffer): GatewayError | undefined {
    const { protocol } = this.#call
    const answer = { status: this.#status, headers: this.#headers, body }
    if (this.#status >= 400) return readError(answer, protocol)
    try {
      this.#record.meter({ ...protocol.readUsage(parseAnswer(answer)), complete: true })
      return undefined
    } catch (error) {
      return toGatewayError(error)
    }
  }
}
