import type { Delta } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { shortHash } from '../shared/identity.ts'
import { urlCitation } from './citations.ts'
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
    // A citation is of its whole block, and how long that is, is known only now.
    for (const annotation of part.annotations) annotation.end_index = part.text.length
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
    if (this.#citations.length > 0) for (const citation of this.#citations.splice(0)) this.#cite(citation)
  }

  #cite(citation: JsonObject): void {
    const part = this.#part
    if (part === undefined) return void this.#citations.push(citation)
    const annotation = urlCitation(citation, part.text.length)
    if (annotation === undefined) return
    const place = { ...this.#place, annotation_index: part.annotations.length }
    this.#sink.send('response.output_text.annotation.added', { ...place, annotation })
    part.annotations.push(annotation)
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

/** An item that comes in one piece. */
export function sendWhole(begun: JsonObject, item: JsonObject, index: number, sink: Sink): JsonObject {
  sink.send('response.output_item.added', { output_index: index, item: begun })
  sink.send('response.output_item.done', { output_index: index, item })
  return item
}
