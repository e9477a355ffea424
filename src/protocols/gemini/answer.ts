import { GatewayError } from '../../message/error.ts'
import type { Emit, FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { AnswerBlocks } from '../shared/answer-blocks.ts'
import { sealSignature } from '../shared/gemini-signature.ts'
import { stringifyJson } from '../shared/json.ts'
import { isObject, stringOf } from '../shared/object.ts'
import { opaqueText } from '../shared/opaque-text.ts'
import type { Memo } from '../translation.ts'
import { readGrounding } from './citations.ts'
import { answerError, isErrorObject } from './error.ts'
import { PROTOCOL, blockReason, firstCandidate, partsOf, readUsage, unifiedFinish, unwrap } from './wire.ts'

/**
 * Reads one answer, in chunks or whole, into events: both have one form here. A call always comes complete, in one
 * part, and often without an id.
 */
export class GeminiAnswer {
  readonly #memo: Memo
  readonly #blocks: AnswerBlocks
  #started = false
  #ended = false
  #responseId = ''
  #calls = 0
  #finish: FinishReason | undefined
  /** The last chunk with usage: nearly every chunk has all of it so far, and only the last one's counts. */
  #counted: JsonObject | string | undefined
  /** By address. */
  readonly #pages = new Map<unknown, JsonObject>()
  #queries: readonly string[] = []
  /** Of text that had already begun: it goes where more follows. */
  #lateSignature = ''

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

  push(body: JsonObject, emit: Emit): void {
    if (this.#ended) return
    if (isErrorObject(body)) return this.fail(answerError(body), emit)
    if (isObject(body.usageMetadata)) this.#counted = body
    this.#start(body, emit)
    const candidate = firstCandidate(body)
    const blocked = blockReason(body)
    if (candidate !== undefined) this.#read(candidate, emit)
    else if (blocked !== undefined) this.#finish = { unified: 'refusal', raw: blocked }
    if (!this.#ended && this.#finish !== undefined && isObject(body.usageMetadata)) this.complete(emit)
  }

  /** A chunk that says this text and nothing new beside it but the usage so far: then it is given as it came. */
  say(kind: 'text' | 'thinking', text: string, counted: string | undefined, emit: Emit): void {
    this.#counted = counted ?? this.#counted
    if (kind === 'text') this.#say(text, '', emit)
    else this.#think(text, '', emit)
  }

  /** The upstream's answer is whole. */
  complete(emit: Emit): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#memo.webSearch === true)
      this.#blocks.tellSearch([...this.#pages.values()], this.#queries[0], emit)
    this.#blocks.end(emit)
    this.#tellUsage(emit)
    const { unified, raw } = this.#finish ?? { unified: 'end', raw: null }
    const isCall = this.#blocks.called && (unified === 'end' || unified === 'other')
    emit({ type: 'finish', reason: { unified: isCall ? 'tool-calls' : unified, raw } })
  }

  /** What the upstream reported as used before it failed was still billed. */
  fail(error: GatewayError, emit: Emit): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#started) this.#tellUsage(emit)
    emit({ type: 'error', error })
  }

  #start(body: JsonObject, emit: Emit): void {
    if (this.#started) return
    this.#started = true
    this.#responseId = stringOf(body.responseId)
    const model = stringOf(body.modelVersion)
    const usage = readUsage(body)
    emit({
      type: 'start',
      ...(this.#responseId !== '' && { id: this.#responseId }),
      ...(model !== '' && { model }),
      // The first chunk knows the prompt: the client shows it from the beginning.
      ...(usage !== undefined && { usage }),
    })
  }

  #tellUsage(emit: Emit): void {
    const usage = this.#counted === undefined ? undefined : countOf(this.#counted)
    if (usage === undefined) return
    const webSearches = this.#queries.length > 0 ? { webSearches: this.#queries.length } : {}
    emit({ type: 'usage', usage: { ...usage, ...webSearches } })
  }

  #read(candidate: JsonObject, emit: Emit): void {
    const parts = partsOf(candidate)
    if (parts.length > 0) this.#blocks.tellNoSearch(emit)
    for (const part of parts) this.#readPart(part, emit)
    const grounding = readGrounding(candidate)
    if (grounding !== undefined) {
      if (grounding.queries.length > 0) this.#queries = grounding.queries
      for (const page of grounding.pages) this.#cite(page, emit)
    }
    const raw = stringOf(candidate.finishReason)
    if (raw === '' || raw === 'FINISH_REASON_UNSPECIFIED') return
    const unified = unifiedFinish(raw)
    if (unified === 'failed') this.fail(brokenCall(raw, stringOf(candidate.finishMessage)), emit)
    else this.#finish = { unified, raw }
  }

  #readPart(part: JsonObject, emit: Emit): void {
    const signature = stringOf(part.thoughtSignature)
    if (part.thought === true) return this.#think(stringOf(part.text), signature, emit)
    if (isObject(part.functionCall)) return this.#call(part.functionCall, signature, emit)
    const text = typeof part.text === 'string' ? part.text : otherText(part)
    if (text !== '') this.#say(text, signature, emit)
    else if (signature !== '') this.#lateSignature = signature
  }

  #think(text: string, signature: string, emit: Emit): void {
    if (text !== '') {
      this.#placeLate(emit)
      this.#blocks.say('thinking', text, emit)
    }
    if (signature !== '') this.#blocks.sign(sealSignature(signature, 'thought'), emit)
  }

  /**
   * A signature of text comes with its last piece. A client is given it before a text that begins with this piece;
   * behind text it would be the answer's last block, and Claude Code takes that for the answer.
   */
  #say(text: string, signature: string, emit: Emit): void {
    const isBegun = this.#blocks.inText
    if (signature !== '' && !isBegun) {
      this.#placeLate(emit)
      this.#blocks.sign(sealSignature(signature), emit)
    } else if (!isBegun) this.#placeLate(emit)
    this.#blocks.say('text', text, emit)
    if (signature !== '' && isBegun) this.#lateSignature = signature
  }

  /** More follows: the signature stood on a part of its own before that. */
  #placeLate(emit: Emit): void {
    if (this.#lateSignature === '') return
    this.#blocks.sign(sealSignature(this.#lateSignature, 'alone'), emit)
    this.#lateSignature = ''
  }

  #call(call: JsonObject, signature: string, emit: Emit): void {
    this.#placeLate(emit)
    if (signature !== '') this.#blocks.sign(sealSignature(signature), emit)
    // Each call is whole, so that each has a place of its own, whatever its id.
    const part = {
      position: this.#calls++,
      id: stringOf(call.id),
      name: stringOf(call.name),
      arguments: isObject(call.args) ? stringifyJson(call.args) : '{}',
    }
    this.#blocks.call(part, emit)
  }

  #cite(page: JsonObject, emit: Emit): void {
    if (this.#pages.has(page.url)) return
    this.#pages.set(page.url, page)
    this.#blocks.cite(page, emit)
  }
}

function countOf(chunk: JsonObject | string): Partial<Usage> | undefined {
  if (typeof chunk !== 'string') return readUsage(chunk)
  try {
    return readUsage(unwrap(JSON.parse(chunk) as JsonObject))
  } catch {
    // Only the last event of a stream that was cut off can be no JSON, and its end is told as that.
    return undefined
  }
}

/** Code that Google ran, and what came of it; of pictures and sound only that they were there. */
function otherText(part: JsonObject): string {
  if (isObject(part.inlineData)) {
    const type = stringOf(part.inlineData.mimeType) || 'a file'
    return `[The answer has content of type ${type} here, which this API cannot carry.]`
  }
  const kind = Object.keys(part).find((name) => isObject(part[name]))
  if (kind === undefined) return ''
  const text = opaqueText({ type: 'opaque', protocol: PROTOCOL, kind, raw: part })
  return text === undefined ? '' : `\n${text}\n`
}

function brokenCall(raw: string, message: string): GatewayError {
  const more = message === '' ? '' : `: ${message.slice(0, 300)}`
  return new GatewayError('upstream_malformed', `The model broke off its answer (${raw})${more}`, {
    upstream: { status: 200, type: raw },
  })
}
