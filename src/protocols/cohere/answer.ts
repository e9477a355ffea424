import { GatewayError } from '../../message/error.ts'
import type { Emit, FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { AnswerBlocks } from '../shared/answer-blocks.ts'
import { isObject, stringOf } from '../shared/object.ts'
import type { Memo } from '../translation.ts'
import { brokenOff } from './error.ts'
import { readUsage, unifiedFinish } from './wire.ts'

/** Reads one answer, in events or whole, into the hub's events. */
export class CohereAnswer {
  readonly #memo: Memo
  readonly #blocks: AnswerBlocks
  #started = false
  #ended = false
  #responseId = ''
  #usage: Partial<Usage> | undefined

  constructor(memo: Memo) {
    this.#memo = memo
    this.#blocks = new AnswerBlocks(memo, () => this.#responseId)
  }

  /** `finish` or `error` was emitted: whatever still comes is ignored. */
  get ended(): boolean {
    return this.#ended
  }

  start(id: unknown, emit: Emit): void {
    if (this.#started) return
    this.#started = true
    if (typeof id === 'string') this.#responseId = id
    emit({ type: 'start', ...(this.#responseId !== '' && { id: this.#responseId }) })
  }

  /** A part of the content, or a piece of one; what follows goes on with it unless `separate` says otherwise. */
  content(part: unknown, emit: Emit): void {
    if (!isObject(part)) return
    if (typeof part.thinking === 'string') this.say('thinking', part.thinking, emit)
    if (typeof part.text === 'string') this.say('text', part.text, emit)
  }

  plan(text: unknown, emit: Emit): void {
    if (typeof text === 'string') this.say('text', text, emit)
  }

  say(kind: 'text' | 'thinking', text: string, emit: Emit): void {
    if (text === '') return
    this.start(undefined, emit)
    this.#blocks.tellNoSearch(emit)
    this.#blocks.say(kind, text, emit)
  }

  separate(emit: Emit): void {
    this.#blocks.separate(emit)
  }

  call(call: unknown, position: number | undefined, emit: Emit): void {
    if (!isObject(call)) return
    this.start(undefined, emit)
    this.#blocks.tellNoSearch(emit)
    const called = isObject(call.function) ? call.function : {}
    const part = {
      position,
      id: stringOf(call.id),
      name: stringOf(called.name),
      arguments: stringOf(called.arguments),
    }
    this.#blocks.call(part, emit)
  }

  /** The end: of a whole answer, or what the last event of a stream says. */
  complete({ finish_reason, usage, error }: JsonObject, emit: Emit): void {
    if (this.#ended) return
    this.#usage = readUsage(usage) ?? this.#usage
    const raw = typeof finish_reason === 'string' ? finish_reason : null
    const unified = raw === null ? 'end' : unifiedFinish(raw)
    if (raw !== null && (unified === 'error' || (typeof error === 'string' && error !== '')))
      return this.fail(brokenOff(raw, error), emit)
    this.#ended = true
    this.start(undefined, emit)
    this.#blocks.end(emit)
    if (this.#usage !== undefined) emit({ type: 'usage', usage: this.#usage })
    const stopSequence = unified === 'stop-sequence' ? this.#stopSequence() : undefined
    emit({
      type: 'finish',
      reason: { unified: this.#reason(unified as FinishReason['unified']), raw },
      ...(stopSequence !== undefined && { stopSequence }),
    })
  }

  /** What the upstream reported as used before it failed was still billed. */
  fail(error: GatewayError, emit: Emit): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#usage !== undefined && !this.#blocks.isOpen) emit({ type: 'usage', usage: this.#usage })
    emit({ type: 'error', error })
  }

  #reason(unified: FinishReason['unified']): FinishReason['unified'] {
    return this.#blocks.called && (unified === 'end' || unified === 'other') ? 'tool-calls' : unified
  }

  /** It does not say at which: where there was one, at that. */
  #stopSequence(): string | undefined {
    const { stopSequences = [] } = this.#memo
    return stopSequences.length === 1 ? stopSequences[0] : undefined
  }
}

/** The answer in `message` is no answer. */
export function malformed(what: string): GatewayError {
  return new GatewayError('upstream_malformed', `The upstream ${what}.`)
}
