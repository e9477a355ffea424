import type { BlockStart, Event } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { idBehind } from '../shared/gemini-signature.ts'
import { errorBody } from '../shared/openai-error.ts'
import type { StreamEncoder, WriteFrame } from '../stream.ts'
import type { EncodeContext } from '../translation.ts'
import { urlCitation } from './citations.ts'
import { writeFinish, writeUsage } from './wire.ts'

export class ChatStreamEncoder implements StreamEncoder {
  readonly #context: EncodeContext
  /** Everything of a chunk before and after its delta. */
  #head = ''
  readonly #tail: string
  /** Everything of a chunk before and after its text. */
  #contentHead = ''
  #thinkingHead = ''
  readonly #textTail: string
  #calls = 0
  /** The open call has said no arguments yet. */
  #silent = false
  /** Of the thinking that comes last before the next block. */
  #signature = ''
  #usage: Partial<Usage> = {}

  constructor(context: EncodeContext) {
    this.#context = context
    this.#tail = `,"logprobs":null,"finish_reason":null}]${this.#usageField()}}`
    this.#textTail = `}${this.#tail}`
    this.#identify(undefined)
  }

  push(event: Event, write: WriteFrame): void {
    switch (event.type) {
      case 'start':
        this.#identify(event.id)
        Object.assign(this.#usage, event.usage)
        return this.#delta({ role: 'assistant', content: '', refusal: null }, write)
      case 'block-start':
        if (event.block.type === 'tool-call') this.#openCall(event.block, write)
        this.#signature = ''
        return
      case 'delta':
        return this.#onDelta(event.delta, write)
      case 'block-end':
        // A call without arguments: clients of this API parse what they got, and nothing is no JSON.
        if (this.#silent) this.#call({ function: { arguments: '{}' } }, write)
        if (this.#silent) this.#silent = false
        return
      case 'usage':
        Object.assign(this.#usage, event.usage)
        return
      case 'ping':
        return
      case 'finish':
        return this.#finish(writeFinish(event.reason), write)
      case 'error':
        return write('', JSON.stringify(errorBody(event.error)))
    }
  }

  #onDelta(delta: Extract<Event, { type: 'delta' }>['delta'], write: WriteFrame): void {
    switch (delta.type) {
      case 'text':
        return write('', this.#contentHead + JSON.stringify(delta.text) + this.#textTail)
      case 'thinking':
        return write('', this.#thinkingHead + JSON.stringify(delta.text) + this.#textTail)
      case 'arguments':
        if (delta.json === '') return
        this.#silent = false
        return this.#call({ function: { arguments: delta.json } }, write)
      case 'signature':
        this.#signature += delta.signature
        return
      case 'citation': {
        const annotation = urlCitation(delta.citation)
        if (annotation !== undefined) this.#delta({ annotations: [annotation] }, write)
      }
    }
  }

  /** Gemini's signature travels in the id, because clients of this API keep nothing else of a call. */
  #openCall({ id, name }: Extract<BlockStart, { type: 'tool-call' }>, write: WriteFrame): void {
    this.#silent = true
    const signedId = idBehind(this.#signature, id)
    this.#call({ id: signedId, type: 'function', function: { name, arguments: '' } }, write)
  }

  #call(part: JsonObject, write: WriteFrame): void {
    const index = 'id' in part ? this.#calls++ : this.#calls - 1
    this.#delta({ tool_calls: [{ index, ...part }] }, write)
  }

  #delta(delta: JsonObject, write: WriteFrame): void {
    write('', this.#head + JSON.stringify(delta) + this.#tail)
  }

  #finish(reason: string, write: WriteFrame): void {
    write('', `${this.#head}{},"logprobs":null,"finish_reason":"${reason}"}]${this.#usageField()}}`)
    if (this.#context.includeUsage === true) {
      const [envelope] = this.#head.split('"choices":', 1)
      write('', `${envelope}"choices":[],"usage":${JSON.stringify(writeUsage(this.#usage))}}`)
    }
    write('', '[DONE]')
  }

  /** With usage asked for, every chunk has the field, null until the last. */
  #usageField(): string {
    return this.#context.includeUsage === true ? ',"usage":null' : ''
  }

  #identify(id: string | undefined): void {
    const { responseId, created_s, requestedModel } = this.#context
    const envelope = {
      id: id ?? responseId,
      object: 'chat.completion.chunk',
      created: created_s,
      model: requestedModel,
    }
    this.#head = `${JSON.stringify(envelope).slice(0, -1)},"choices":[{"index":0,"delta":`
    this.#contentHead = `${this.#head}{"content":`
    this.#thinkingHead = `${this.#head}{"reasoning_content":`
  }
}
