import { GatewayError } from '../../message/error.ts'
import type { BlockStart, Delta, Emit, Event } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import type { EncodeContext, Frame, Memo, StreamDecoder, StreamEncoder, WriteFrame } from '../protocol.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { parseJson } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import { GeminiAnswer } from './answer.ts'
import { GroundingWriter } from './citations.ts'
import { errorBody } from './error.ts'
import { FAILURE } from './framing.ts'
import { RepeatedChunk } from './repeated-chunk.ts'
import { callPart, endOf } from './response.ts'
import { Carrier } from './signature.ts'
import { unwrap, wireFinish, wireUsage } from './wire.ts'

// ==== From an upstream

export class GeminiStreamDecoder implements StreamDecoder {
  readonly #answer: GeminiAnswer
  readonly #repeated = new RepeatedChunk()

  constructor(memo: Memo) {
    this.#answer = new GeminiAnswer(memo)
  }

  push({ data }: Frame, emit: Emit): void {
    const [answer, repeated] = [this.#answer, this.#repeated]
    if (answer.ended) return
    const text = answer.finished ? undefined : repeated.textOf(data)
    if (text !== undefined) return answer.say(repeated.kind, text, repeated.counts ? data : undefined, emit)
    if (!data.startsWith('{') && isMark(data)) return
    try {
      const chunk = unwrap(parseChunk(data))
      answer.push(chunk, emit)
      if (!answer.ended) repeated.learn(data, chunk)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      answer.fail(error, emit)
    }
  }

  end(emit: Emit): void {
    const answer = this.#answer
    if (answer.ended) return
    // The reason may come before the usage, and the usage not at all.
    if (answer.finished) return answer.complete(emit)
    answer.fail(endedBefore('the answer was whole'), emit)
  }
}

/** Nothing, or what OpenAI's streams end with. */
function isMark(data: string): boolean {
  const text = data.trim()
  return text === '' || text === '[DONE]'
}

/** Arguments are written out again and must keep every digit; all else is text. */
function parseChunk(data: string): JsonObject {
  try {
    const chunk: unknown = data.includes('"functionCall"') ? parseJson(data) : JSON.parse(data)
    if (isObject(chunk)) return chunk
    // Some proxies pass on a list where a stream was asked for.
    if (Array.isArray(chunk) && isObject(chunk[0]) && chunk.length === 1) return chunk[0]
  } catch {
    // Told below.
  }
  throw noObject(data)
}

// ==== To a client

/** Each piece of text is a chunk; a call is one when it is whole; the last has the reason and the usage. */
export class GeminiStreamEncoder implements StreamEncoder {
  readonly #context: EncodeContext
  readonly #carrier = new Carrier()
  readonly #grounding = new GroundingWriter()
  #usage: Partial<Usage>
  /** Everything of a chunk behind its parts. */
  #tail = ''
  #block: OpenBlock | undefined
  /** A call that is no JSON object: the client cannot be given it. */
  #brokenCall: string | undefined

  constructor(context: EncodeContext) {
    this.#context = context
    this.#usage = { inputTokens: context.inputTokensEstimate }
    this.#identify(undefined)
  }

  push(event: Event, write: WriteFrame): void {
    switch (event.type) {
      case 'start':
        this.#identify(event.id)
        Object.assign(this.#usage, event.usage)
        return
      case 'block-start':
        this.#open(event.block)
        return
      case 'delta':
        return this.#delta(event.delta, write)
      case 'block-end':
        return this.#close(write)
      case 'usage':
        Object.assign(this.#usage, event.usage)
        return
      case 'ping':
        return
      case 'finish':
        return this.#finish(event, write)
      case 'error':
        return write(FAILURE, JSON.stringify(errorBody(event.error)))
    }
  }

  #open(block: BlockStart): void {
    if (block.type === 'opaque') this.#grounding.block(block)
    if (block.type === 'redacted-thinking') this.#carrier.add(block)
    this.#block = { start: block, text: '', signature: undefined }
  }

  #delta(delta: Delta, write: WriteFrame): void {
    const block = this.#block
    if (block === undefined) return
    switch (delta.type) {
      case 'text': {
        if (delta.text === '') return
        const signature = this.#carrier.forText()
        if (signature === undefined) return this.#write(`{"text":${JSON.stringify(delta.text)}}`, write)
        return this.#write(JSON.stringify({ text: delta.text, thoughtSignature: signature }), write)
      }
      case 'thinking':
        block.text += delta.text
        if (delta.text !== '') this.#write(`{"text":${JSON.stringify(delta.text)},"thought":true}`, write)
        return
      case 'signature':
        block.signature = (block.signature ?? '') + delta.signature
        return
      case 'arguments':
        block.text += delta.json
        return
      case 'citation':
        return this.#grounding.cite(delta.citation)
    }
  }

  #close(write: WriteFrame): void {
    const block = this.#block
    this.#block = undefined
    if (block?.start.type === 'thinking') {
      const { text, signature } = block
      this.#carrier.add({ type: 'thinking', text, ...(signature !== undefined && { signature }) })
    }
    if (block?.start.type !== 'tool-call') return
    const part = callPart({ ...block.start, arguments: block.text }, this.#carrier)
    if (part === undefined) this.#brokenCall = block.text
    else this.#write(JSON.stringify(part), write)
  }

  #finish({ reason }: Extract<Event, { type: 'finish' }>, write: WriteFrame): void {
    const ending = {
      content: { parts: [{ text: '' }], role: 'model' },
      ...endOf(wireFinish(reason), this.#brokenCall),
      index: 0,
      ...this.#grounding.fields(),
    }
    const usage = JSON.stringify(wireUsage(this.#usage))
    write('', `{"candidates":[${JSON.stringify(ending)}],"usageMetadata":${usage}${this.#tail}`)
  }

  #write(part: string, write: WriteFrame): void {
    write('', `{"candidates":[{"content":{"parts":[${part}],"role":"model"},"index":0}]${this.#tail}`)
  }

  #identify(id: string | undefined): void {
    const { responseId, requestedModel } = this.#context
    const envelope = { modelVersion: requestedModel, responseId: id ?? responseId }
    this.#tail = `,${JSON.stringify(envelope).slice(1)}`
  }
}

interface OpenBlock {
  start: BlockStart
  /** Of thinking, or the arguments of a call. */
  text: string
  signature: string | undefined
}
