import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { AnswerBlocks } from '../shared/answer-blocks.ts'
import { stringifyJson } from '../shared/json.ts'
import { isObject, stringOf } from '../shared/object.ts'
import type { Memo } from '../translation.ts'
import { decodeCitation } from './citations.ts'
import { MALFORMED, PROTOCOL, kindOf, readFinish, readUsage } from './wire.ts'

/** One answer of an upstream, whole or in pieces, as events. */
export class ConverseAnswer {
  readonly #blocks: AnswerBlocks
  #started = false
  #ended = false
  /** Comes behind the thinking that it signs. */
  #signature = ''
  #usage: Partial<Usage> | undefined
  #stop: { raw: unknown; stopSequence: string | undefined } | undefined

  constructor(memo: Memo) {
    this.#blocks = new AnswerBlocks(memo, () => '')
  }

  /** `finish` or `error` was emitted: whatever still comes is ignored. */
  get ended(): boolean {
    return this.#ended
  }

  /** The upstream said why the answer ended. */
  get stopped(): boolean {
    return this.#stop !== undefined
  }

  start(emit: Emit): void {
    if (this.#started) return
    this.#started = true
    emit({ type: 'start' })
    this.#blocks.tellNoSearch(emit)
  }

  /** A whole block, at its place in the answer. */
  block(block: JsonObject, position: number, emit: Emit): void {
    const { toolUse, reasoningContent, citationsContent } = block
    if (isObject(toolUse) && toolUse.type === undefined)
      this.call(position, toolUse, argumentsText(toolUse.input), emit)
    else if (isObject(reasoningContent)) this.#reasoning(reasoningContent, emit)
    else if (isObject(citationsContent)) this.#cited(citationsContent, emit)
    else if (typeof block.text === 'string') this.text(block.text, emit)
    else this.opaque(block, emit)
    this.stopBlock(emit)
  }

  text(text: string, emit: Emit): void {
    this.#sign(emit)
    if (text !== '') this.#blocks.say('text', text, emit)
  }

  thinking(text: string, emit: Emit): void {
    if (text !== '') this.#blocks.say('thinking', text, emit)
  }

  signature(piece: string): void {
    this.#signature += piece
  }

  redacted(data: string, emit: Emit): void {
    this.#sign(emit)
    this.#blocks.whole({ type: 'redacted-thinking', data }, emit)
  }

  cite(citation: JsonObject, emit: Emit): void {
    const decoded = decodeCitation(citation)
    if (decoded !== undefined) this.#blocks.cite(decoded, emit)
  }

  /** `call`: what is new of it. */
  call(position: number, call: JsonObject, json: string, emit: Emit): void {
    this.#sign(emit)
    const { toolUseId, name } = call
    this.#blocks.call({ position, id: stringOf(toolUseId), name: stringOf(name), arguments: json }, emit)
  }

  /** Images that the model made, and tools that the service ran. */
  opaque(block: JsonObject, emit: Emit): void {
    this.#sign(emit)
    this.#blocks.whole({ type: 'opaque', protocol: PROTOCOL, kind: kindOf(block), raw: block }, emit)
  }

  stopBlock(emit: Emit): void {
    this.#sign(emit)
    this.#blocks.separate(emit)
  }

  /** `additional`: fields of the model's own answer that were asked for. */
  stop(raw: unknown, additional: unknown): void {
    this.#stop = { raw, stopSequence: stopSequenceOf(additional) }
  }

  usage(usage: unknown, serviceTier: unknown): void {
    this.#usage = readUsage(usage, serviceTier) ?? this.#usage
  }

  /** The upstream's answer is whole. */
  complete(emit: Emit): void {
    if (this.#ended) return
    const { raw, stopSequence } = this.#stop ?? { raw: null, stopSequence: undefined }
    if (MALFORMED.has(raw)) return this.fail(malformed(raw), emit)
    this.#ended = true
    this.#sign(emit)
    this.#blocks.end(emit)
    if (this.#usage !== undefined) emit({ type: 'usage', usage: this.#usage })
    emit({
      type: 'finish',
      reason: readFinish(raw, this.#blocks.called),
      ...(stopSequence !== undefined && { stopSequence }),
    })
  }

  /** What the upstream reported as used before it failed was still billed. */
  fail(error: GatewayError, emit: Emit): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#usage !== undefined && this.#started) emit({ type: 'usage', usage: this.#usage })
    emit({ type: 'error', error })
  }

  #reasoning({ reasoningText, redactedContent }: JsonObject, emit: Emit): void {
    if (typeof redactedContent === 'string') return this.redacted(redactedContent, emit)
    if (!isObject(reasoningText)) return
    this.thinking(stringOf(reasoningText.text), emit)
    this.signature(stringOf(reasoningText.signature))
  }

  #cited({ content, citations }: JsonObject, emit: Emit): void {
    for (const part of listOf(content)) this.text(stringOf(part.text), emit)
    for (const citation of listOf(citations)) this.cite(citation, emit)
  }

  #sign(emit: Emit): void {
    if (this.#signature === '') return
    this.#blocks.sign(this.#signature, emit)
    this.#signature = ''
  }
}

/** An answer that broke off inside the model: the same request may well succeed. */
export function malformed(raw: unknown): GatewayError {
  return new GatewayError('upstream_malformed', `The model spoilt its answer (${String(raw)}).`, {
    upstream: { status: 200, type: String(raw) },
  })
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function argumentsText(input: unknown): string {
  return input === undefined || input === null || input === '' ? '{}' : stringifyJson(input)
}

/** Claude tells it at its top when it answers at once, and in its last delta when it streams. */
function stopSequenceOf(additional: unknown): string | undefined {
  if (!isObject(additional)) return undefined
  const { stop_sequence: own, delta } = additional
  const said = typeof own === 'string' ? own : isObject(delta) ? delta.stop_sequence : undefined
  return typeof said === 'string' ? said : undefined
}
