import type { GatewayError } from '../../message/error.ts'
import type { BlockStart, Delta, Event } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { errorBody } from '../shared/openai-error.ts'
import type { EncodeContext } from '../translation.ts'
import { openCall } from './calls-encode.ts'
import { ItemIds, OpenMessage, OpenReasoning, sendWhole } from './items-encode.ts'
import type { OpenItem, Sink } from './items-encode.ts'
import { markRedacted } from './seal.ts'
import { SearchReader } from './search-encode.ts'
import type { Search } from './search-encode.ts'
import { PROTOCOL, incompleteReason, writeUsage } from './wire.ts'

/** Writes one answer, item by item; streamed and whole answers are made here alike. */
export class AnswerItems {
  readonly #context: EncodeContext
  readonly #sink: Sink
  readonly #output: JsonObject[] = []
  readonly #search = new SearchReader()
  readonly #usage: Partial<Usage>
  #responseId = ''
  #ids: ItemIds | undefined
  #open: OpenItem | undefined
  /** The open block fills the open item. */
  #fills = false
  #final: JsonObject | undefined

  constructor(context: EncodeContext, sink: Sink) {
    this.#context = context
    this.#sink = sink
    this.#usage = { inputTokens: context.inputTokensEstimate }
  }

  push(event: Event): void {
    switch (event.type) {
      case 'start':
        this.begin(event.id)
        return this.#learn(event.usage)
      case 'block-start':
        return this.#openBlock(event.block)
      case 'delta':
        return this.#delta(event.delta)
      case 'block-end':
        return this.#endBlock()
      case 'usage':
        return this.#learn(event.usage)
      case 'ping':
        return
      case 'finish':
        return this.#finish(event)
      case 'error':
        return this.#fail(event.error)
    }
  }

  /** The whole answer, once `finish` has come. */
  get response(): JsonObject | undefined {
    return this.#final
  }

  /** The answer's first events. An answer begins once. */
  begin(id: string | undefined): void {
    if (this.#ids !== undefined) return
    const upstream = id ?? this.#context.responseId
    this.#responseId = upstream.startsWith('resp_') ? upstream : `resp_${upstream}`
    this.#ids = new ItemIds(upstream)
    const response = this.#response('in_progress', { usage: null })
    this.#sink.send('response.created', { response })
    this.#sink.send('response.in_progress', { response })
  }

  // ==== Blocks

  #openBlock(block: BlockStart): void {
    this.#fills = block.type !== 'opaque'
    switch (block.type) {
      case 'text':
        if (!(this.#open instanceof OpenMessage))
          this.#next((ids, at) => new OpenMessage(ids, this.#sink, at))
        return
      case 'thinking':
        return this.#next((ids, at) => new OpenReasoning(ids, this.#sink, at))
      case 'tool-call':
        return this.#next((ids, at) => openCall(block, this.#context.memo?.callForms, ids, this.#sink, at))
      case 'redacted-thinking':
        return this.#redacted(block.data)
      case 'opaque':
        return this.#opaque(block)
    }
  }

  #delta(delta: Delta): void {
    if (delta.type === 'opaque') this.#search.delta(delta.raw)
    else if (this.#fills) this.#open?.delta(delta)
  }

  #endBlock(): void {
    if (this.#fills) this.#open?.endBlock()
    this.#fills = false
    // A message may go on, and a call is told as done when it is known that it was not cut off.
    if (this.#open instanceof OpenReasoning) this.#close(true)
  }

  #next(open: (ids: ItemIds, index: number) => OpenItem): void {
    this.#close(true)
    this.#open = open(this.#ids!, this.#output.length)
  }

  #close(whole: boolean): void {
    const item = this.#open?.close(whole)
    this.#open = undefined
    if (item !== undefined) this.#output.push(item)
  }

  #whole(begun: JsonObject, item: JsonObject): void {
    this.#close(true)
    this.#output.push(sendWhole(begun, item, this.#output.length, this.#sink))
  }

  #redacted(data: string): void {
    const item = {
      id: this.#ids!.next('rs'),
      type: 'reasoning',
      summary: [],
      encrypted_content: markRedacted(data),
    }
    this.#whole({ ...item, encrypted_content: null }, item)
  }

  #opaque({ protocol, raw }: Extract<BlockStart, { type: 'opaque' }>): void {
    if (protocol === PROTOCOL) return this.#whole(raw, raw)
    const search = this.#search.open(raw)
    if (search !== undefined) this.#tellSearch(search)
  }

  #tellSearch({ status, action }: Search): void {
    this.#close(true)
    const id = this.#ids!.next('ws')
    const index = this.#output.length
    const place = { item_id: id, output_index: index }
    const item = { id, type: 'web_search_call', status: 'in_progress', action }
    this.#sink.send('response.output_item.added', { output_index: index, item })
    this.#sink.send('response.web_search_call.in_progress', place)
    this.#sink.send('response.web_search_call.searching', place)
    this.#sink.send('response.web_search_call.completed', place)
    const done = { ...item, status }
    this.#sink.send('response.output_item.done', { output_index: index, item: done })
    this.#output.push(done)
  }

  // ==== The end

  #finish({ reason }: Extract<Event, { type: 'finish' }>): void {
    const why = incompleteReason(reason)
    this.#close(why === undefined)
    const status = why === undefined ? 'completed' : 'incomplete'
    const incomplete_details = why === undefined ? null : { reason: why }
    this.#final = this.#response(status, { incomplete_details, usage: writeUsage(this.#usage) })
    this.#sink.send(`response.${status}`, { response: this.#final })
  }

  #fail(error: GatewayError): void {
    this.begin(undefined)
    const usage = this.#usage.outputTokens === undefined ? null : writeUsage(this.#usage)
    const response = this.#response('failed', { error: responseError(error), usage })
    this.#sink.send('response.failed', { response })
  }

  #learn(usage: Partial<Usage> | undefined): void {
    Object.assign(this.#usage, usage)
  }

  #response(status: string, fields: JsonObject): JsonObject {
    return {
      ...responseBody(this.#responseId, this.#context, status),
      output: [...this.#output],
      ...fields,
    }
  }
}

/** A response with every field that clients expect to be there. What the request set is said back. */
function responseBody(id: string, context: EncodeContext, status: string): JsonObject {
  return {
    id,
    object: 'response',
    created_at: context.created_s,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model: context.requestedModel,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    user: null,
    metadata: {},
    ...context.memo?.echo,
  }
}

/**
 * A failure inside a stream, in words on which Codex acts: it compacts, waits, gives up, or tries again for any that
 * it does not know. OpenAI's own `server_is_overloaded` is not said, because on that it gives up at once.
 */
export function responseError(error: GatewayError): JsonObject {
  const { code } = errorBody(error).error as JsonObject
  const { retryAfterSeconds } = error.details
  // Codex reads how long to wait out of the words.
  const wait =
    error.kind === 'rate_limited' && retryAfterSeconds !== undefined && !/try again in/i.test(error.message)
      ? ` Please try again in ${retryAfterSeconds}s.`
      : ''
  return {
    code: code ?? (error.status < 500 ? 'invalid_prompt' : 'server_error'),
    message: error.message + wait,
  }
}
