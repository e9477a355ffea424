import type { BlockStart, Delta } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { CallForm } from '../protocol.ts'
import { shortHash } from '../shared/identity.ts'
import { BRIDGED } from './bridged-tools.ts'
import { urlCitation } from './citations.ts'
import { RawInput } from './raw-input.ts'
import { markSignature, unsealReasoning } from './seal.ts'

/** Where the events of an answer go; a whole answer needs none of them. */
export interface Sink {
  send(type: string, fields: JsonObject): void
  /** The events that come by the thousand. `place`: the fields that say where, the same object for each. */
  delta(type: string, place: JsonObject, text: string): void
}

/** The item that is being written. Its events begin with its first content, so that no empty item is ever sent. */
export interface OpenItem {
  delta(delta: Delta): void
  /** The block that filled it has ended. */
  endBlock(): void
  /**
   * Nothing more belongs to it. The item for the answer's `output`; undefined where it never began.
   * `whole`: false when the answer was cut off inside of it.
   */
  close(whole: boolean): JsonObject | undefined
}

/** Ids that OpenAI would take back: it checks how they begin and that no two are the same. */
export class ItemIds {
  readonly #base: string
  #count = 0
  readonly #callIds = new Set<string>()

  constructor(responseId: string) {
    this.#base = shortHash(responseId, 24)
  }

  next(prefix: string): string {
    return `${prefix}_${this.#base}${this.#count++}`
  }

  /** `upstream`: empty where it gave none. */
  callId(upstream: string): string {
    const isUsable = upstream !== '' && !this.#callIds.has(upstream)
    const id = isUsable ? upstream : `call_${this.#base}${this.#callIds.size}`
    this.#callIds.add(id)
    return id
  }
}

interface Part {
  type: 'output_text'
  text: string
  annotations: JsonObject[]
  logprobs: never[]
}

/** Text: each block is a part of one message, because agents show a message as one paragraph. */
export class OpenMessage implements OpenItem {
  readonly #ids: ItemIds
  readonly #sink: Sink
  readonly #index: number
  readonly #content: Part[] = []
  #id = ''
  #part: Part | undefined
  #place: JsonObject = {}
  #citations: JsonObject[] = []

  constructor(ids: ItemIds, sink: Sink, index: number) {
    this.#ids = ids
    this.#sink = sink
    this.#index = index
  }

  delta(delta: Delta): void {
    if (delta.type === 'text') this.#say(delta.text)
    else if (delta.type === 'citation') this.#cite(delta.citation)
  }

  endBlock(): void {
    const part = this.#part
    this.#citations = []
    if (part === undefined) return
    this.#part = undefined
    this.#sink.send('response.output_text.done', { ...this.#place, text: part.text, logprobs: [] })
    this.#sink.send('response.content_part.done', { ...this.#place, part })
  }

  close(whole: boolean): JsonObject | undefined {
    if (this.#id === '') return undefined
    const item = this.#item(whole ? 'completed' : 'incomplete')
    this.#sink.send('response.output_item.done', { output_index: this.#index, item })
    return item
  }

  #say(text: string): void {
    if (text === '') return
    const part = this.#part ?? this.#begin()
    part.text += text
    this.#sink.delta('response.output_text.delta', this.#place, text)
    for (const citation of this.#citations.splice(0)) this.#cite(citation)
  }

  #cite(citation: JsonObject): void {
    const part = this.#part
    if (part === undefined) return void this.#citations.push(citation)
    const annotation = urlCitation(citation, part.text.length)
    if (annotation === undefined) return
    const place = { ...this.#place, annotation_index: part.annotations.length }
    part.annotations.push(annotation)
    this.#sink.send('response.output_text.annotation.added', { ...place, annotation })
  }

  #begin(): Part {
    if (this.#id === '') {
      this.#id = this.#ids.next('msg')
      this.#sink.send('response.output_item.added', {
        output_index: this.#index,
        item: { ...this.#item('in_progress'), content: [] },
      })
    }
    const part: Part = { type: 'output_text', text: '', annotations: [], logprobs: [] }
    this.#place = { item_id: this.#id, output_index: this.#index, content_index: this.#content.length }
    this.#sink.send('response.content_part.added', { ...this.#place, part: { ...part, annotations: [] } })
    this.#content.push(part)
    this.#part = part
    return part
  }

  #item(status: string): JsonObject {
    return { id: this.#id, type: 'message', status, role: 'assistant', content: this.#content }
  }
}

/** Thinking: the text as the one part of a summary, the signature as what is encrypted. */
export class OpenReasoning implements OpenItem {
  readonly #id: string
  readonly #sink: Sink
  readonly #index: number
  readonly #place: JsonObject
  #begun = false
  #text = ''
  #signature: string | undefined

  constructor(ids: ItemIds, sink: Sink, index: number) {
    this.#id = ids.next('rs')
    this.#sink = sink
    this.#index = index
    this.#place = { item_id: this.#id, output_index: index, summary_index: 0 }
  }

  delta(delta: Delta): void {
    if (delta.type === 'signature') this.#signature = (this.#signature ?? '') + delta.signature
    else if (delta.type === 'thinking' && delta.text !== '') this.#think(delta.text)
  }

  endBlock(): void {
    if (this.#text === '') return
    const part = { type: 'summary_text', text: this.#text }
    this.#sink.send('response.reasoning_summary_text.done', { ...this.#place, text: this.#text })
    this.#sink.send('response.reasoning_summary_part.done', { ...this.#place, part })
  }

  close(): JsonObject | undefined {
    if (!this.#begun && this.#signature === undefined) return undefined
    this.#begin()
    const summary = this.#text === '' ? [] : [{ type: 'summary_text', text: this.#text }]
    const own = unsealReasoning(this.#signature)?.encryptedContent
    const item = this.#item(summary, own ?? markSignature(this.#signature))
    this.#sink.send('response.output_item.done', { output_index: this.#index, item })
    return item
  }

  #think(text: string): void {
    this.#begin()
    if (this.#text === '') {
      const part = { type: 'summary_text', text: '' }
      this.#sink.send('response.reasoning_summary_part.added', { ...this.#place, part })
    }
    this.#text += text
    this.#sink.delta('response.reasoning_summary_text.delta', this.#place, text)
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#sink.send('response.output_item.added', { output_index: this.#index, item: this.#item([], null) })
  }

  #item(summary: JsonObject[], encrypted_content: string | null): JsonObject {
    return { id: this.#id, type: 'reasoning', summary, encrypted_content }
  }
}

/** A call of a function, or of a tool with free text. */
export class OpenCall implements OpenItem {
  readonly #sink: Sink
  readonly #index: number
  readonly #place: JsonObject
  readonly #item: JsonObject
  readonly #raw: RawInput | undefined
  /** White space at the beginning of the arguments. */
  #blank = ''
  #arguments = ''

  constructor(form: CallForm, callId: string, ids: ItemIds, sink: Sink, index: number) {
    const isCustom = form.type === 'custom'
    this.#sink = sink
    this.#index = index
    this.#raw = isCustom ? new RawInput() : undefined
    const { name, namespace } = form
    const id = ids.next(isCustom ? BRIDGED.get('custom')!.idPrefix : 'fc')
    const type = isCustom ? 'custom_tool_call' : 'function_call'
    const called = { call_id: callId, name, ...(namespace !== undefined && { namespace }) }
    this.#item = { id, type, status: 'in_progress', ...called }
    this.#place = { item_id: id, output_index: index }
    sink.send('response.output_item.added', { output_index: index, item: this.#itemWith('', 'in_progress') })
  }

  delta(delta: Delta): void {
    if (delta.type !== 'arguments') return
    if (this.#raw !== undefined) return this.#tellInput(this.#raw.push(delta.json))
    // Models call tools without parameters by saying nothing at all, or white space.
    const json = this.#blank + delta.json
    this.#blank = this.#arguments === '' && json.trim() === '' ? json : ''
    if (this.#blank === '') this.#tell(json)
  }

  endBlock(): void {
    // What was said is told as final only when it is known that the answer was not cut off here.
  }

  close(whole: boolean): JsonObject | undefined {
    if (this.#raw !== undefined) {
      this.#tellInput(this.#raw.end())
      return this.#end(this.#raw.input, whole, 'response.custom_tool_call_input.done', 'input')
    }
    if (whole && this.#arguments === '') this.#tell('{}')
    return this.#end(this.#arguments, whole, 'response.function_call_arguments.done', 'arguments')
  }

  #tell(json: string): void {
    if (json === '') return
    this.#arguments += json
    this.#sink.delta('response.function_call_arguments.delta', this.#place, json)
  }

  #tellInput(text: string): void {
    if (text !== '') this.#sink.delta('response.custom_tool_call_input.delta', this.#place, text)
  }

  /** A client runs a call as soon as it is told as done: one that was cut off never is. */
  #end(said: string, whole: boolean, done: string, field: string): JsonObject {
    if (!whole) return this.#itemWith(said, 'incomplete')
    const item = this.#itemWith(said, 'completed')
    this.#sink.send(done, { ...this.#place, name: this.#item.name, [field]: said })
    this.#sink.send('response.output_item.done', { output_index: this.#index, item })
    return item
  }

  #itemWith(said: string, status: string): JsonObject {
    return { ...this.#item, status, [this.#raw === undefined ? 'arguments' : 'input']: said }
  }
}

/** A call of one of the API's own tools: these come in one piece, so it is sent when all of it is known. */
export class OpenBridgedCall implements OpenItem {
  readonly #form: CallForm
  readonly #callId: string
  readonly #ids: ItemIds
  readonly #sink: Sink
  readonly #index: number
  #arguments = ''

  constructor(form: CallForm, callId: string, ids: ItemIds, sink: Sink, index: number) {
    this.#form = form
    this.#callId = callId
    this.#ids = ids
    this.#sink = sink
    this.#index = index
  }

  delta(delta: Delta): void {
    if (delta.type === 'arguments') this.#arguments += delta.json
  }

  endBlock(): void {
    // As with every call: see above.
  }

  close(whole: boolean): JsonObject | undefined {
    if (!whole) return undefined
    const tool = BRIDGED.get(this.#form.type)!
    const fields = tool.writeCall(this.#arguments)
    if (fields === undefined) return this.#asFunction()
    const item = { id: this.#ids.next(tool.idPrefix), type: tool.call, call_id: this.#callId, ...fields }
    return sendWhole(
      { ...item, status: 'in_progress' },
      { ...item, status: 'completed' },
      this.#index,
      this.#sink,
    )
  }

  /** The model's own bytes: the client refuses them, and the model is told. */
  #asFunction(): JsonObject | undefined {
    const form = { ...this.#form, type: 'function' }
    const call = new OpenCall(form, this.#callId, this.#ids, this.#sink, this.#index)
    call.delta({ type: 'arguments', json: this.#arguments })
    return call.close(true)
  }
}

/** The item for a tool call, in the form in which the client knows the tool. */
export function openCall(
  block: Extract<BlockStart, { type: 'tool-call' }>,
  forms: ReadonlyMap<string, CallForm> | undefined,
  ids: ItemIds,
  sink: Sink,
  index: number,
): OpenItem {
  const form = forms?.get(block.name) ?? { type: 'function', name: block.name }
  const isStreamed = form.type === 'function' || form.type === 'custom'
  const Item = isStreamed ? OpenCall : OpenBridgedCall
  return new Item(form, ids.callId(block.id), ids, sink, index)
}

/** An item that comes in one piece. */
export function sendWhole(begun: JsonObject, item: JsonObject, index: number, sink: Sink): JsonObject {
  sink.send('response.output_item.added', { output_index: index, item: begun })
  sink.send('response.output_item.done', { output_index: index, item })
  return item
}
