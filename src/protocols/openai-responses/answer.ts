import { GatewayError } from '../../message/error.ts'
import type { Emit, FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { AnswerBlocks } from '../shared/answer-blocks.ts'
import { isObject, stringOf } from '../shared/object.ts'
import { answerError, isErrorObject } from '../shared/openai-error.ts'
import type { Memo } from '../translation.ts'
import { citationOf } from './citations.ts'
import { ItemReader, tellsOfItem } from './items-decode.ts'
import { readFinish, readUsage } from './wire.ts'

/** Reads one answer, streamed or whole, into events. */
export class ResponsesAnswer {
  readonly #memo: Memo
  readonly #items: ItemReader
  readonly #blocks: AnswerBlocks
  #started = false
  #ended = false
  #responseId = ''
  #usage: Partial<Usage> | undefined
  readonly #cited: JsonObject[] = []
  /** What searches found: addresses without a title, which what is cited later replaces. */
  readonly #found: JsonObject[] = []
  #query: string | undefined
  #searches = 0

  constructor(memo: Memo) {
    this.#memo = memo
    this.#blocks = new AnswerBlocks(memo, () => this.#responseId)
    this.#items = new ItemReader({
      blocks: this.#blocks,
      cite: (annotation, emit) => this.#cite(annotation, emit),
      searched: (item) => this.#searched(item),
    })
  }

  /** `finish` or `error` was emitted: whatever still comes is ignored. */
  get ended(): boolean {
    return this.#ended
  }

  /** An event of a stream. */
  push(type: string, event: JsonObject, emit: Emit): void {
    if (this.#ended) return
    switch (type) {
      case 'error':
        // Flat as the API documents it, or with the error inside as it sends it.
        return this.fail(answerError(isObject(event.error) ? event : { error: flatError(event) }), emit)
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return this.#start(event.response, emit)
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
        return this.#end(isObject(event.response) ? event.response : {}, type, emit)
      default:
        if (!tellsOfItem(type)) return
        this.#start(undefined, emit)
        this.#items.push(type, event, emit)
    }
  }

  /** More of what the last event said a piece of. */
  say(text: string, emit: Emit): void {
    this.#items.more(text, emit)
  }

  /** A whole answer. */
  whole(response: JsonObject, emit: Emit): void {
    const status = stringOf(response.status) || 'completed'
    if (status === 'queued' || status === 'in_progress')
      return this.fail(
        new GatewayError('upstream_truncated', `The upstream’s answer is still ${status}.`),
        emit,
      )
    this.#end(response, `response.${status}`, emit)
  }

  /** What the upstream reported as used before it failed was still billed. */
  fail(error: GatewayError, emit: Emit): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#started && this.#usage !== undefined) emit({ type: 'usage', usage: this.#usage })
    emit({ type: 'error', error })
  }

  #start(response: unknown, emit: Emit): void {
    if (this.#started) return
    this.#started = true
    const { id, model } = isObject(response) ? response : {}
    this.#responseId = stringOf(id)
    emit({
      type: 'start',
      ...(typeof id === 'string' && id !== '' && { id }),
      ...(typeof model === 'string' && model !== '' && { model }),
    })
  }

  #end(response: JsonObject, type: string, emit: Emit): void {
    this.#usage = readUsage(response) ?? this.#usage
    if (isErrorObject(response)) return this.fail(answerError(response), emit)
    if (type === 'response.failed' || type === 'response.cancelled')
      return this.fail(
        new GatewayError('upstream_error', `The upstream broke off its answer (${type}).`),
        emit,
      )
    this.#start(response, emit)
    // Some servers stream nothing but the end.
    if (Array.isArray(response.output) && !this.#items.begun) this.#items.wholes(response.output, emit)
    this.#complete(readFinish(response, this.#blocks.called), emit)
  }

  #complete(reason: FinishReason, emit: Emit): void {
    this.#ended = true
    // A client that asked for nothing but a search reads what the search found, and must not read what is made up.
    if (this.#memo.webSearch === true || this.#searches > 0)
      this.#blocks.tellSearch([...this.#found, ...this.#cited], this.#query, emit)
    this.#blocks.end(emit)
    if (this.#usage !== undefined) emit({ type: 'usage', usage: this.#withSearches(this.#usage) })
    const refused = reason.unified === 'end' && this.#items.refused
    emit({ type: 'finish', reason: refused ? { ...reason, unified: 'refusal' } : reason })
  }

  #withSearches(usage: Partial<Usage>): Partial<Usage> {
    if (usage.webSearches !== undefined || this.#searches === 0) return usage
    return { ...usage, webSearches: this.#searches }
  }

  // ==== Searches

  #cite(annotation: unknown, emit: Emit): void {
    const citation = citationOf(annotation)
    if (citation === undefined) return
    this.#cited.push(citation)
    this.#blocks.cite(citation, emit)
  }

  #searched({ action }: JsonObject): void {
    this.#searches++
    const { query, queries, sources } = isObject(action) ? action : {}
    const first: unknown = Array.isArray(queries) ? queries[0] : undefined
    this.#query ??= stringOf(query) || stringOf(first) || undefined
    if (!Array.isArray(sources)) return
    for (const source of sources) {
      const found = citationOf({ type: 'url_citation', ...(isObject(source) && { url: source.url }) })
      if (found !== undefined) this.#found.push(found)
    }
  }
}

function flatError({ message, code, param }: JsonObject): JsonObject {
  return { message, code, param }
}
