import type { BlockStart, Delta, Event } from '../../message/event.ts'
import type { Usage } from '../../message/usage.ts'
import type { StreamEncoder, WriteFrame } from '../stream.ts'
import type { EncodeContext } from '../translation.ts'
import { GroundingWriter } from './citations.ts'
import { errorBody } from './error.ts'
import { FAILURE } from './framing.ts'
import { callPart, endOf } from './response.ts'
import { Carrier } from './signature.ts'
import { writeFinish, writeUsage } from './wire.ts'

/** Each piece of text is a chunk; a call is one when it is whole; the last has the reason and the usage. */
export class GeminiStreamEncoder implements StreamEncoder {
  readonly #context: EncodeContext
  readonly #carrier = new Carrier()
  readonly #grounding = new GroundingWriter()
  #usage: Partial<Usage>
  /** Everything of a chunk behind its parts. */
  #tail = ''
  /** Everything behind the only part of a chunk. */
  #behindPart = ''
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
        if (signature === undefined) return this.#say(delta.text, '}', write)
        return this.#write(JSON.stringify({ text: delta.text, thoughtSignature: signature }), write)
      }
      case 'thinking':
        block.text += delta.text
        if (delta.text !== '') this.#say(delta.text, ',"thought":true}', write)
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
      ...endOf(writeFinish(reason), this.#brokenCall),
      index: 0,
      ...this.#grounding.fields(),
    }
    const usage = JSON.stringify(writeUsage(this.#usage))
    write('', `{"candidates":[${JSON.stringify(ending)}],"usageMetadata":${usage}${this.#tail}`)
  }

  /** Pieces of text come by the thousand: only they are made JSON. */
  #say(text: string, end: string, write: WriteFrame): void {
    write('', `${TEXT_HEAD}${JSON.stringify(text)}${end}${this.#behindPart}`)
  }

  #write(part: string, write: WriteFrame): void {
    write('', `${PART_HEAD}${part}${this.#behindPart}`)
  }

  #identify(id: string | undefined): void {
    const { responseId, requestedModel } = this.#context
    const envelope = { modelVersion: requestedModel, responseId: id ?? responseId }
    this.#tail = `,${JSON.stringify(envelope).slice(1)}`
    this.#behindPart = `],"role":"model"},"index":0}]${this.#tail}`
  }
}

const PART_HEAD = '{"candidates":[{"content":{"parts":['
const TEXT_HEAD = `${PART_HEAD}{"text":`

interface OpenBlock {
  start: BlockStart
  /** Of thinking, or the arguments of a call. */
  text: string
  signature: string | undefined
}
