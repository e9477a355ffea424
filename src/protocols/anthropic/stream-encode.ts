import type { BlockStart, Delta, Event } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import type { Frame } from '../../wire/framing.ts'
import type { StreamEncoder, WriteFrame } from '../stream.ts'
import type { EncodeContext } from '../translation.ts'
import { CallIds } from './call-ids.ts'
import { encodeError } from './error.ts'
import {
  DELTA_EXTRAS,
  MESSAGE_EXTRAS,
  USAGE_EXTRAS,
  markSignature,
  only,
  writeFinish,
  writeUsage,
} from './wire.ts'

/** Claude's own pings; both its client's idle limit (300 s) and proxies on the way count them as life. */
export const PING: Frame = { event: 'ping', data: '{"type": "ping"}' }

/**
 * Events as the stream that Claude would send: one `message_start`, blocks one after the other, `message_delta`
 * with the whole usage, `message_stop`; or an `error` event, after which nothing comes.
 */
export class MessageStreamEncoder implements StreamEncoder {
  readonly #context: EncodeContext
  #usage: Partial<Usage>
  #usageExtra: JsonObject = {}
  #started = false
  #ended = false
  #called = false
  #block: OpenBlock | undefined
  /** Blocks that the client has seen begin. Not the events' index: blocks that turn out empty are never sent. */
  #sent = 0
  readonly #callIds: CallIds

  constructor(context: EncodeContext) {
    this.#context = context
    this.#callIds = new CallIds(context.responseId)
    this.#usage = { inputTokens: context.inputTokensEstimate }
  }

  push(event: Event, write: WriteFrame): void {
    if (this.#ended) return
    switch (event.type) {
      case 'start':
        this.#learn(event.usage, event.extra)
        this.#start(event, write)
        break
      case 'block-start':
        this.#start({}, write)
        this.#openBlock(event.block, write)
        break
      case 'delta':
        this.#block?.delta(event.delta, write)
        break
      case 'block-end':
        this.#closeBlock(write)
        break
      case 'usage':
        this.#learn(event.usage, event.extra)
        break
      case 'ping':
        write(PING.event, PING.data)
        break
      case 'finish':
        this.#start({}, write)
        this.#closeBlock(write)
        this.#finish(event, write)
        break
      case 'error':
        this.#ended = true
        write('error', errorData(event.error, this.#context.responseId))
        break
    }
  }

  #learn(usage: Partial<Usage> | undefined, extra: JsonObject | undefined): void {
    this.#usage = { ...this.#usage, ...usage }
    this.#usageExtra = { ...this.#usageExtra, ...only(extra, USAGE_EXTRAS) }
  }

  #start(event: { id?: string; extra?: JsonObject }, write: WriteFrame): void {
    if (this.#started) return
    this.#started = true
    const message = {
      id: event.id ?? this.#context.responseId,
      type: 'message',
      role: 'assistant',
      model: this.#context.requestedModel,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: this.#writeUsage(),
      ...only(event.extra, DELTA_EXTRAS),
      ...only(event.extra, MESSAGE_EXTRAS),
    }
    send(write, 'message_start', { message })
  }

  #openBlock(block: BlockStart, write: WriteFrame): void {
    this.#closeBlock(write)
    if (block.type === 'tool-call') this.#called = true
    const id = block.type === 'tool-call' ? this.#callIds.next(block.id) : ''
    this.#block = new OpenBlock(this.#sent, block, id)
    this.#block.open(write)
  }

  #closeBlock(write: WriteFrame): void {
    if (this.#block === undefined) return
    this.#block.close(write)
    if (this.#block.isSent) this.#sent++
    this.#block = undefined
  }

  #finish(event: Extract<Event, { type: 'finish' }>, write: WriteFrame): void {
    this.#ended = true
    const delta = {
      stop_reason: writeFinish(event.reason, this.#called),
      stop_sequence: event.stopSequence ?? null,
      ...only(event.extra, DELTA_EXTRAS),
    }
    send(write, 'message_delta', { delta, usage: this.#writeUsage(), ...only(event.extra, MESSAGE_EXTRAS) })
    send(write, 'message_stop', {})
  }

  #writeUsage(): JsonObject {
    return { ...writeUsage(this.#usage), ...this.#usageExtra }
  }
}

const DELTA_HEADS: Partial<Record<BlockStart['type'], string>> = {
  text: '{"type":"text_delta","text":',
  thinking: '{"type":"thinking_delta","thinking":',
  'tool-call': '{"type":"input_json_delta","partial_json":',
}

/** The block that is being sent. It begins on the wire with its first content, so that no empty block is ever sent. */
class OpenBlock {
  isSent = false
  readonly #index: number
  readonly #block: BlockStart
  readonly #callId: string
  /** A delta of its text as it begins. */
  readonly #head: string
  #signature: string | undefined
  #citations: JsonObject[] = []
  #hasArguments = false
  /** White space at the beginning of the arguments. */
  #blank = ''

  constructor(index: number, block: BlockStart, callId: string) {
    this.#index = index
    this.#block = block
    this.#callId = callId
    this.#head = `{"type":"content_block_delta","index":${index},"delta":${DELTA_HEADS[block.type] ?? ''}`
  }

  /** Sends the beginning of blocks that are something even without content. */
  open(write: WriteFrame): void {
    const block = this.#block
    switch (block.type) {
      case 'tool-call':
        this.#begin({ type: 'tool_use', id: this.#callId, name: block.name, input: {} }, write)
        // Claude begins every call so, and sends nothing more for a call without arguments.
        this.#send({ type: 'input_json_delta', partial_json: '' }, write)
        break
      case 'redacted-thinking':
        this.#begin({ type: 'redacted_thinking', data: markSignature(block.data) }, write)
        break
      case 'opaque':
        if (block.protocol === 'anthropic') this.#openOpaque(block.raw, write)
        break
      case 'text':
      case 'thinking':
        break
    }
  }

  delta(delta: Delta, write: WriteFrame): void {
    const kind = this.#block.type
    if (delta.type === 'text' && kind === 'text') this.#text(delta.text, write)
    else if (delta.type === 'citation' && kind === 'text') this.#cite(delta.citation, write)
    else if (delta.type === 'thinking' && kind === 'thinking') this.#think(delta.text, write)
    else if (delta.type === 'signature' && kind === 'thinking')
      this.#signature = (this.#signature ?? '') + delta.signature
    else if (delta.type === 'arguments' && kind === 'tool-call') this.#arguments(delta.json, write)
    else if (delta.type === 'opaque' && this.isSent) this.#send(delta.raw, write)
  }

  close(write: WriteFrame): void {
    // Thinking that the upstream does not show still has its signature, which carries it to the next turn.
    if (this.#block.type === 'thinking' && (this.isSent || this.#signature !== undefined)) {
      this.#beginThinking(write)
      this.#send({ type: 'signature_delta', signature: markSignature(this.#signature) }, write)
    }
    if (this.isSent) send(write, 'content_block_stop', { index: this.#index })
  }

  #text(text: string, write: WriteFrame): void {
    if (text === '') return
    if (!this.isSent) this.#begin({ type: 'text', text: '' }, write)
    this.#say(text, write)
    if (this.#citations.length === 0) return
    for (const citation of this.#citations.splice(0)) this.#cite(citation, write)
  }

  #cite(citation: JsonObject, write: WriteFrame): void {
    if (!this.isSent) this.#citations.push(citation)
    else this.#send({ type: 'citations_delta', citation }, write)
  }

  #think(text: string, write: WriteFrame): void {
    if (text === '') return
    this.#beginThinking(write)
    this.#say(text, write)
  }

  #beginThinking(write: WriteFrame): void {
    if (!this.isSent) this.#begin({ type: 'thinking', thinking: '', signature: '' }, write)
  }

  /**
   * The model's own bytes, also when they are no JSON: the client's parse fails then, and the model is told. Only
   * white space with nothing behind it is kept back, at which the SDKs stumble: it is a call without arguments.
   */
  #arguments(json: string, write: WriteFrame): void {
    const said = this.#blank + json
    this.#blank = this.#hasArguments || said.trim() !== '' ? '' : said
    if (said === '' || this.#blank !== '') return
    this.#hasArguments = true
    this.#say(said, write)
  }

  /** Calls of server tools take their input in deltas only; clients do not look for it in the beginning. */
  #openOpaque(raw: JsonObject, write: WriteFrame): void {
    const { input } = raw
    const isCall = typeof input === 'object' && input !== null
    this.#begin(isCall ? { ...raw, input: {} } : raw, write)
    if (isCall && Object.keys(input).length > 0)
      this.#send({ type: 'input_json_delta', partial_json: JSON.stringify(input) }, write)
  }

  #begin(block: JsonObject, write: WriteFrame): void {
    this.isSent = true
    send(write, 'content_block_start', { index: this.#index, content_block: block })
  }

  /** Deltas come by the thousand: only their text is made JSON. */
  #say(text: string, write: WriteFrame): void {
    write('content_block_delta', `${this.#head}${JSON.stringify(text)}}}`)
  }

  #send(delta: JsonObject, write: WriteFrame): void {
    send(write, 'content_block_delta', { index: this.#index, delta })
  }
}

function send(write: WriteFrame, name: string, fields: JsonObject): void {
  write(name, JSON.stringify({ type: name, ...fields }))
}

/** The data of an `error` event. */
export function errorData(error: Extract<Event, { type: 'error' }>['error'], requestId: string): string {
  return JSON.stringify(encodeError(error, requestId).body)
}
