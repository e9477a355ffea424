import type { GatewayError } from '../../message/error.ts'
import type { Emit, FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { AnswerBlocks } from '../shared/answer-blocks.ts'
import { saidArguments } from '../shared/call-input.ts'
import { sealSignature } from '../shared/gemini-signature.ts'
import { isObject, stringOf } from '../shared/object.ts'
import { answerError, isErrorObject } from '../shared/openai-error.ts'
import type { Memo } from '../translation.ts'
import { citationOf } from './citations.ts'
import { firstChoice, geminiSignature, hasContent, readUsage, unifiedFinish } from './wire.ts'

/**
 * Reads one answer, in chunks or whole, into events. The API has one `content` string and a list of calls; what
 * the many servers that speak it made of that is written down here, variant by variant.
 */
export class ChatAnswer {
  readonly #memo: Memo
  readonly #blocks: AnswerBlocks
  #started = false
  #ended = false
  #responseId = ''
  #finish: string | undefined
  #stopSequence: string | undefined
  #refused = false
  #usage: Partial<Usage> | undefined
  #cited: JsonObject[] = []

  constructor(memo: Memo) {
    this.#memo = memo
    this.#blocks = new AnswerBlocks(memo, () => this.#responseId)
  }

  /** `finish` or `error` was emitted: whatever still comes is ignored. */
  get ended(): boolean {
    return this.#ended
  }

  /** The upstream said why the answer ended. */
  get finished(): boolean {
    return this.#finish !== undefined
  }

  /** Has any part of an answer come? */
  get begun(): boolean {
    return this.#blocks.started || this.#finish !== undefined
  }

  /** A chunk of a stream, or a whole answer whose `message` stands where a chunk has its `delta`. */
  push(body: JsonObject, emit: Emit): void {
    if (this.#ended) return
    if (isErrorObject(body)) return this.fail(answerError(body), emit)
    this.#start(body, emit)
    const choice = firstChoice(body.choices)
    // Groq, then Moonshot, put it elsewhere while streaming.
    const usage = body.usage ?? (isObject(body.x_groq) ? body.x_groq.usage : undefined) ?? choice?.usage
    if (usage !== undefined && usage !== null)
      this.#usage = readUsage(usage, body.service_tier) ?? this.#usage
    if (choice === undefined) return
    const part = choice.delta ?? choice.message
    if (isObject(part)) this.#read(part, emit)
    if (typeof choice.finish_reason === 'string') this.#onFinish(choice, emit)
  }

  /** A chunk that says this text and nothing new beside it. */
  say(kind: 'text' | 'thinking', text: string, emit: Emit): void {
    this.#blocks.say(kind, text, emit)
  }

  /** The upstream's answer is whole. */
  complete(emit: Emit): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#memo.webSearch === true) this.#blocks.tellSearch(this.#cited, undefined, emit)
    this.#blocks.end(emit)
    if (this.#usage !== undefined) emit({ type: 'usage', usage: this.#usage })
    const raw = this.#finish ?? null
    const stopSequence = this.#stopSequence
    emit({
      type: 'finish',
      reason: { unified: this.#reason(raw), raw },
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

  #start(body: JsonObject, emit: Emit): void {
    if (this.#started) return
    this.#started = true
    if (typeof body.id === 'string') this.#responseId = body.id
    emit({
      type: 'start',
      ...(typeof body.id === 'string' && body.id !== '' && { id: body.id }),
      ...(typeof body.model === 'string' && body.model !== '' && { model: body.model }),
    })
  }

  #read(part: JsonObject, emit: Emit): void {
    if (this.#memo.webSearchUnavailable === true && hasContent(part)) this.#blocks.tellNoSearch(emit)
    const thinking = thinkingOf(part)
    if (thinking !== '') this.#blocks.say('thinking', thinking, emit)
    if (typeof part.content === 'string') {
      if (part.content !== '') this.#blocks.say('text', part.content, emit)
    } else if (Array.isArray(part.content)) this.#readParts(part.content, emit)
    if (typeof part.refusal === 'string' && part.refusal !== '') {
      this.#refused = true
      this.#blocks.say('text', part.refusal, emit)
    }
    if (Array.isArray(part.annotations)) this.#readAnnotations(part.annotations, emit)
    if (Array.isArray(part.tool_calls)) for (const call of part.tool_calls) this.#readCall(call, emit)
    // Before tools, a model could call one function; some servers still answer so.
    if (isObject(part.function_call)) this.#readCall({ index: 0, function: part.function_call }, emit)
  }

  /** Mistral's content is a list when it thinks. */
  #readParts(parts: unknown[], emit: Emit): void {
    for (const part of parts) {
      if (!isObject(part)) continue
      const thinking = part.type === 'thinking' ? textOf(part.thinking) : ''
      if (thinking !== '') this.#blocks.say('thinking', thinking, emit)
      if (part.type !== 'thinking' && typeof part.text === 'string' && part.text !== '')
        this.#blocks.say('text', part.text, emit)
    }
  }

  #readCall(call: unknown, emit: Emit): void {
    if (!isObject(call)) return
    const called = isObject(call.function) ? call.function : {}
    const signature = geminiSignature(call)
    if (signature !== undefined) this.#blocks.sign(sealSignature(signature), emit)
    const position = typeof call.index === 'number' ? call.index : undefined
    const part = {
      position,
      id: stringOf(call.id),
      name: stringOf(called.name),
      arguments: saidArguments(called.arguments),
    }
    this.#blocks.call(part, emit)
  }

  #readAnnotations(annotations: unknown[], emit: Emit): void {
    for (const annotation of annotations) {
      const citation = citationOf(annotation)
      if (citation === undefined) continue
      this.#cited.push(citation)
      this.#blocks.cite(citation, emit)
    }
  }

  #onFinish(choice: JsonObject, emit: Emit): void {
    const raw = choice.finish_reason as string
    if (unifiedFinish(raw) === 'error') return this.fail(answerError(choice, raw), emit)
    this.#finish = raw
    // vLLM and SGLang tell which of the client's sequences they stopped at.
    const stopped = choice.stop_reason ?? choice.matched_stop
    if (typeof stopped === 'string' && this.#memo.stopSequences?.includes(stopped))
      this.#stopSequence = stopped
  }

  #reason(raw: string | null): FinishReason['unified'] {
    const unified = raw === null ? 'end' : (unifiedFinish(raw) as FinishReason['unified'])
    if (unified !== 'end' && unified !== 'other') return unified
    if (this.#blocks.called) return 'tool-calls'
    if (this.#refused) return 'refusal'
    return this.#stopSequence === undefined ? unified : 'stop-sequence'
  }
}

/** DeepSeek, Kimi, GLM: `reasoning_content`; Groq, OpenRouter, newer vLLM: `reasoning`. Some send both, alike. */
function thinkingOf(part: JsonObject): string {
  if (typeof part.reasoning_content === 'string' && part.reasoning_content !== '')
    return part.reasoning_content
  if (typeof part.reasoning === 'string' && part.reasoning !== '') return part.reasoning
  return Array.isArray(part.reasoning_details) ? textOf(part.reasoning_details) : ''
}

/** A string, or the readable parts of a list: `text`, and OpenRouter's `summary`. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return ''
  return value.map((part) => (isObject(part) ? stringOf(part.text) || stringOf(part.summary) : '')).join('')
}
