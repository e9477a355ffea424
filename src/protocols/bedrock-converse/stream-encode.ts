import type { BlockStart, Delta, Event } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { exceptionFrame } from '../shared/aws-error.ts'
import type { StreamEncoder, WriteFrame } from '../stream.ts'
import type { EncodeContext } from '../translation.ts'
import { CallIds } from './call-ids.ts'
import { encodeCitation } from './citations.ts'
import { responseFields } from './response.ts'
import { markRedacted, markSignature, writeFinish, writeUsage } from './wire.ts'

/**
 * Events as ConverseStream would send them: only calls have a `contentBlockStart`; usage comes behind the end, in
 * `metadata`; a failure is an exception of the stream, after which nothing comes.
 */
export class ConverseStreamEncoder implements StreamEncoder {
  readonly #context: EncodeContext
  readonly #callIds: CallIds
  #usage: Partial<Usage>
  #started = false
  #ended = false
  #called = false
  #block: OpenBlock | undefined
  /** Blocks that the client has seen. Not the events' index: blocks that turn out empty are never sent. */
  #sent = 0

  constructor(context: EncodeContext) {
    this.#context = context
    this.#callIds = new CallIds(context.responseId)
    this.#usage = { inputTokens: context.inputTokensEstimate }
  }

  push(event: Event, write: WriteFrame): void {
    if (this.#ended) return
    switch (event.type) {
      case 'start':
        this.#usage = { ...this.#usage, ...event.usage }
        this.#start(write)
        break
      case 'block-start':
        this.#open(event.block, write)
        break
      case 'delta':
        this.#block?.delta(event.delta, write)
        break
      case 'block-end':
        this.#close(write)
        break
      case 'usage':
        this.#usage = { ...this.#usage, ...event.usage }
        break
      case 'ping':
        break
      case 'finish':
        this.#close(write)
        this.#finish(event, write)
        break
      case 'error': {
        this.#ended = true
        const { event: name, data } = exceptionFrame(event.error)
        write(name, data)
        break
      }
    }
  }

  #start(write: WriteFrame): void {
    if (this.#started) return
    this.#started = true
    write('messageStart', '{"role":"assistant"}')
  }

  #open(block: BlockStart, write: WriteFrame): void {
    this.#start(write)
    this.#close(write)
    if (block.type === 'tool-call') this.#called = true
    this.#block = new OpenBlock(this.#sent, block)
    this.#block.open(this.#callIds, write)
  }

  #close(write: WriteFrame): void {
    if (this.#block === undefined) return
    this.#block.close(write)
    if (this.#block.isSent) this.#sent++
    this.#block = undefined
  }

  #finish(event: Extract<Event, { type: 'finish' }>, write: WriteFrame): void {
    this.#start(write)
    this.#ended = true
    const stopReason = writeFinish(event.reason, this.#called)
    send(write, 'messageStop', { stopReason, ...responseFields(event.stopSequence, this.#context) })
    send(write, 'metadata', { usage: writeUsage(this.#usage), metrics: { latencyMs: 0 } })
  }
}

/** The block that is being sent. It begins on the wire with its first content, so that no empty block is ever sent. */
class OpenBlock {
  isSent = false
  readonly #index: number
  readonly #block: BlockStart
  /** Everything of a delta before and after its text. */
  readonly #head: string
  readonly #tail: string
  #signature: string | undefined
  #hasArguments = false

  constructor(index: number, block: BlockStart) {
    this.#index = index
    this.#block = block
    const [before, after] = AROUND_TEXT.get(block.type) ?? ['', '']
    this.#head = `{"contentBlockIndex":${index},"delta":${before}`
    this.#tail = `${after}}`
  }

  /** Sends the beginning of blocks that are something even without content. */
  open(callIds: CallIds, write: WriteFrame): void {
    const block = this.#block
    if (block.type === 'tool-call') {
      this.isSent = true
      const toolUse = { toolUseId: callIds.next(block.id), name: block.name }
      send(write, 'contentBlockStart', { contentBlockIndex: this.#index, start: { toolUse } })
    } else if (block.type === 'redacted-thinking')
      this.#send({ reasoningContent: { signature: markRedacted(block.data) } }, write)
  }

  delta(delta: Delta, write: WriteFrame): void {
    const kind = this.#block.type
    if (delta.type === 'text' && kind === 'text') this.#text(delta.text, write)
    else if (delta.type === 'citation' && kind === 'text') this.#cite(delta.citation, write)
    else if (delta.type === 'thinking' && kind === 'thinking') this.#think(delta.text, write)
    else if (delta.type === 'signature' && kind === 'thinking')
      this.#signature = (this.#signature ?? '') + delta.signature
    else if (delta.type === 'arguments' && kind === 'tool-call') this.#arguments(delta.json, write)
  }

  close(write: WriteFrame): void {
    const kind = this.#block.type
    // Thinking that the upstream does not show still has its signature, which carries it to the next turn.
    if (kind === 'thinking' && (this.isSent || this.#signature !== undefined))
      this.#send({ reasoningContent: { signature: markSignature(this.#signature) } }, write)
    // Clients parse what has come at the end, and nothing is no JSON.
    if (kind === 'tool-call' && !this.#hasArguments) this.#send({ toolUse: { input: '{}' } }, write)
    if (this.isSent) send(write, 'contentBlockStop', { contentBlockIndex: this.#index })
  }

  #text(text: string, write: WriteFrame): void {
    if (text !== '') this.#say(text, write)
  }

  #cite(citation: JsonObject, write: WriteFrame): void {
    const encoded = encodeCitation(citation)
    if (encoded !== undefined) this.#send({ citation: encoded }, write)
  }

  #think(text: string, write: WriteFrame): void {
    if (text !== '') this.#say(text, write)
  }

  /** The model's own bytes, also when they are no JSON. White space alone is a call without arguments. */
  #arguments(json: string, write: WriteFrame): void {
    if (!this.#hasArguments && json.trim() === '') return
    this.#hasArguments = true
    this.#say(json, write)
  }

  /** Deltas come by the thousand: only their text is made JSON. */
  #say(text: string, write: WriteFrame): void {
    this.isSent = true
    write('contentBlockDelta', this.#head + JSON.stringify(text) + this.#tail)
  }

  #send(delta: JsonObject, write: WriteFrame): void {
    this.isSent = true
    send(write, 'contentBlockDelta', { contentBlockIndex: this.#index, delta })
  }
}

/** What stands around the text of a block's deltas. */
const AROUND_TEXT: ReadonlyMap<BlockStart['type'], readonly [string, string]> = new Map([
  ['text', ['{"text":', '}']],
  ['thinking', ['{"reasoningContent":{"text":', '}}']],
  ['tool-call', ['{"toolUse":{"input":', '}}']],
])

function send(write: WriteFrame, name: string, fields: JsonObject): void {
  write(name, JSON.stringify(fields))
}
