import { append } from '../lib/append.ts'
import { GatewayError } from './error.ts'
import type { BlockStart, Delta, Emit, Event, FinishReason } from './event.ts'
import type { Block, JsonObject } from './request.ts'
import type { Usage } from './usage.ts'

/** A whole answer, collected from its events. */
export interface Response {
  id?: string
  model?: string
  /** Blocks in order. */
  content: Block[]
  finish: FinishReason
  stopSequence?: string
  usage: Partial<Usage>
  extra: JsonObject
}

/**
 * The answer that `produce` emits, as one value.
 *
 * Throws the {@link GatewayError} of an `error` event, and `upstream_truncated` when neither `finish` nor
 * `error` came: half an answer must never look like a whole one.
 */
export function collect(produce: (emit: Emit) => void): Response {
  const collector = new Collector()
  produce((event) => collector.push(event))
  return collector.response()
}

/** The same for events that come over time. */
export class Collector {
  readonly #content: Block[] = []
  readonly #usage: Partial<Usage> = {}
  readonly #extra: [string, unknown][] = []
  #start: { id?: string; model?: string } = {}
  #finish: { reason: FinishReason; stopSequence?: string } | undefined
  #error: GatewayError | undefined

  push(event: Event): void {
    switch (event.type) {
      case 'start':
        this.#start = {
          ...(event.id === undefined ? {} : { id: event.id }),
          ...(event.model === undefined ? {} : { model: event.model }),
        }
        this.#learn(event.usage, event.extra)
        break
      case 'block-start':
        this.#content.push(openBlock(event.block))
        break
      case 'delta':
        extendBlock(this.#content.at(-1), event.delta)
        break
      case 'usage':
        this.#learn(event.usage, event.extra)
        break
      case 'finish':
        this.#finish = event
        this.#learn(undefined, event.extra)
        break
      case 'error':
        this.#error = event.error
        break
      case 'block-end':
        closeBlock(this.#content.at(-1))
        break
      case 'ping':
        break
    }
  }

  /** Throws as {@link collect} does. */
  response(): Response {
    if (this.#error !== undefined) throw this.#error
    if (this.#finish === undefined) {
      throw new GatewayError('upstream_truncated', 'The upstream’s answer ended before it was whole.')
    }
    const { reason, stopSequence } = this.#finish
    return {
      ...this.#start,
      content: this.#content,
      finish: reason,
      ...(stopSequence === undefined ? {} : { stopSequence }),
      usage: this.#usage,
      extra: Object.fromEntries(this.#extra),
    }
  }

  #learn(usage: Partial<Usage> | undefined, extra: JsonObject | undefined): void {
    Object.assign(this.#usage, usage)
    if (extra !== undefined) append(this.#extra, Object.entries(extra))
  }
}

function openBlock(start: BlockStart): Block {
  switch (start.type) {
    case 'text':
      return { type: 'text', text: '' }
    case 'thinking':
      return { type: 'thinking', text: '' }
    case 'tool-call':
      return { type: 'tool-call', id: start.id, name: start.name, arguments: '' }
    case 'redacted-thinking':
    case 'opaque':
      return { ...start }
  }
}

/** A delta that does not fit its block is the decoder's fault, and `checkGrammar` finds it in the tests. */
function extendBlock(block: Block | undefined, delta: Delta): void {
  if (block?.type === 'text' && delta.type === 'text') block.text += delta.text
  else if (block?.type === 'text' && delta.type === 'citation') (block.citations ??= []).push(delta.citation)
  else if (block?.type === 'thinking' && delta.type === 'thinking') block.text += delta.text
  else if (block?.type === 'thinking' && delta.type === 'signature')
    block.signature = (block.signature ?? '') + delta.signature
  else if (block?.type === 'tool-call' && delta.type === 'arguments') block.arguments += delta.json
}

/** Models call tools without parameters by saying nothing at all. */
function closeBlock(block: Block | undefined): void {
  if (block?.type === 'tool-call' && block.arguments.trim() === '') block.arguments = '{}'
}
