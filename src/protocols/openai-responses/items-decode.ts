import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { saidArguments } from '../shared/call-input.ts'
import { isObject, stringOf } from '../shared/object.ts'
import type { AnswerBlocks } from '../shared/answer-blocks.ts'
import { inputArguments } from '../shared/raw-input.ts'
import { sealReasoning } from './seal.ts'
import { isSearch } from './wire.ts'

/** Where what items say goes to. */
export interface ItemListener {
  blocks: AnswerBlocks
  cite(annotation: unknown, emit: Emit): void
  /** A search of the web is over. */
  searched(item: JsonObject): void
}

/** An item of which parts have come. */
interface Item {
  type: string
  /** Counts the items, because some servers give every one the position 0. */
  ordinal: number
  /** What was said, by kind and part: `text 0`, `summary 1`. */
  said: Map<string, string>
  /** How many citations each part has had. */
  cited: Map<number, number>
  done: boolean
}

/** A part of an item, and its key in what was said. */
interface Place {
  item: Item
  kind: Kind
  part: number
  key: string
}

type Kind = 'text' | 'refusal' | 'summary' | 'content' | 'arguments'

interface Piece {
  /** Type of the item that it belongs to. */
  item: string
  kind: Kind
  /** The event's field that holds it. */
  field: string
  /** The field holds all of the part, and not a piece. */
  isWhole: boolean
}

/** Events that tell of items. */
const EVENTS = new Map<string, Piece | 'begin' | 'end' | 'part' | 'annotation'>([
  ['response.output_item.added', 'begin'],
  ['response.output_item.done', 'end'],
  ['response.content_part.done', 'part'],
  ['response.output_text.annotation.added', 'annotation'],
  ...pieces('output_text', 'message', 'text', 'text'),
  ...pieces('refusal', 'message', 'refusal', 'refusal'),
  ...pieces('reasoning_summary_text', 'reasoning', 'summary', 'text'),
  // Open models show the reasoning itself.
  ...pieces('reasoning_text', 'reasoning', 'content', 'text'),
  ...pieces('function_call_arguments', 'function_call', 'arguments', 'arguments'),
])

function pieces(event: string, item: string, kind: Kind, whole: string): [string, Piece][] {
  return [
    [`response.${event}.delta`, { item, kind, field: 'delta', isWhole: false }],
    [`response.${event}.done`, { item, kind, field: whole, isWhole: true }],
  ]
}

/** Does an event say something of an item? Any other means nothing here. */
export function tellsOfItem(type: string): boolean {
  return EVENTS.has(type)
}

/**
 * Reads items however a server tells them: in pieces, only as they end, or whole. What was told twice is said once,
 * and what only the end tells is said then.
 */
export class ItemReader {
  readonly #listener: ItemListener
  #count = 0
  #last: Item | undefined
  #latest: Place | undefined
  readonly #byIndex = new Map<number, Item>()
  readonly #byId = new Map<string, Item>()
  #refused = false

  constructor(listener: ItemListener) {
    this.#listener = listener
  }

  /** Any item has begun. */
  get begun(): boolean {
    return this.#count > 0
  }

  /** The model said that it will not. */
  get refused(): boolean {
    return this.#refused
  }

  /** An event that {@link tellsOfItem}. */
  push(type: string, event: JsonObject, emit: Emit): void {
    const told = EVENTS.get(type)
    if (told === undefined) return
    if (told === 'begin') return this.#begin(event, emit)
    if (told === 'end') return this.#end(event, emit)
    if (told === 'part') return this.#partDone(event, emit)
    if (told === 'annotation') return this.#annotation(event, emit)
    const part = numberOf(event.content_index ?? event.summary_index) ?? 0
    const item = this.#find(event, told.item)
    const text = stringOf(event[told.field])
    if (told.isWhole) this.#complete(item, told.kind, part, text, emit)
    else this.#say((this.#latest = placeOf(item, told.kind, part)), text, emit)
  }

  /** Another delta that belongs where the last event did, which was one. */
  more(text: string, emit: Emit): void {
    this.#say(this.#latest!, text, emit)
  }

  /** The items of an answer that comes in one piece. */
  wholes(output: readonly unknown[], emit: Emit): void {
    output.forEach((item, output_index) => this.#end({ item, output_index }, emit))
  }

  // ==== Items

  #begin(event: JsonObject, emit: Emit): void {
    if (!isObject(event.item)) return
    const item = this.#add(event, event.item)
    if (item.type === 'function_call') this.#call(item, event.item, '', emit)
  }

  #end(event: JsonObject, emit: Emit): void {
    const told = event.item
    if (!isObject(told)) return
    const item = this.#known(event, told) ?? this.#add(event, told)
    if (item.done) return
    item.done = true
    switch (item.type) {
      case 'message':
        return this.#endMessage(item, told, emit)
      case 'reasoning':
        return this.#endReasoning(item, told, emit)
      case 'function_call':
        return this.#endCall(item, told, emit)
      case 'custom_tool_call':
        return this.#call(item, told, inputArguments(stringOf(told.input)), emit)
      default:
        if (isSearch(told)) this.#listener.searched(told)
    }
  }

  #endMessage(item: Item, { content }: JsonObject, emit: Emit): void {
    const parts = Array.isArray(content) ? content.filter(isObject) : []
    parts.forEach((part, at) => this.#readPart(item, part, at, emit))
    this.#listener.blocks.separate(emit)
  }

  #endReasoning(item: Item, told: JsonObject, emit: Emit): void {
    for (const kind of ['summary', 'content'] as const) {
      const parts = Array.isArray(told[kind]) ? told[kind].filter(isObject) : []
      parts.forEach((part, at) => this.#complete(item, kind, at, stringOf(part.text), emit))
    }
    const encryptedContent = stringOf(told.encrypted_content)
    if (encryptedContent !== '')
      this.#listener.blocks.sign(sealReasoning({ id: stringOf(told.id), encryptedContent }), emit)
    else this.#listener.blocks.separate(emit)
  }

  #endCall(item: Item, told: JsonObject, emit: Emit): void {
    const said = item.said.get('arguments 0') ?? ''
    const whole = saidArguments(told.arguments)
    const rest = whole.startsWith(said) ? whole.slice(said.length) : ''
    this.#call(item, told, rest, emit)
  }

  #call(item: Item, { call_id, name }: JsonObject, json: string, emit: Emit): void {
    this.#listener.blocks.tellNoSearch(emit)
    const called = { id: stringOf(call_id), name: stringOf(name) }
    // Repeated, a name would look like the beginning of another call.
    const isNamed = item.said.has('name')
    if (called.name !== '') item.said.set('name', called.name)
    const part = { position: item.ordinal, ...(isNamed ? { id: '', name: '' } : called), arguments: json }
    this.#listener.blocks.call(part, emit)
  }

  // ==== Parts

  #partDone(event: JsonObject, emit: Emit): void {
    const { part } = event
    if (!isObject(part)) return
    const item = this.#find(event, part.type === 'reasoning_text' ? 'reasoning' : 'message')
    this.#readPart(item, part, numberOf(event.content_index) ?? 0, emit)
  }

  #readPart(item: Item, part: JsonObject, at: number, emit: Emit): void {
    if (part.type === 'refusal') return this.#complete(item, 'refusal', at, stringOf(part.refusal), emit)
    if (part.type === 'reasoning_text') return this.#complete(item, 'content', at, stringOf(part.text), emit)
    if (part.type !== 'output_text' && part.type !== 'text') return
    this.#complete(item, 'text', at, stringOf(part.text), emit)
    const annotations = Array.isArray(part.annotations) ? part.annotations : []
    for (const annotation of annotations.slice(item.cited.get(at) ?? 0))
      this.#cite(item, annotation, at, emit)
  }

  #annotation(event: JsonObject, emit: Emit): void {
    this.#cite(this.#find(event, 'message'), event.annotation, numberOf(event.content_index) ?? 0, emit)
  }

  #cite(item: Item, annotation: unknown, at: number, emit: Emit): void {
    item.cited.set(at, (item.cited.get(at) ?? 0) + 1)
    this.#listener.cite(annotation, emit)
  }

  /** All of a part is known: what of it was not said yet. */
  #complete(item: Item, kind: Kind, part: number, whole: string, emit: Emit): void {
    const place = placeOf(item, kind, part)
    const said = item.said.get(place.key) ?? ''
    if (whole.startsWith(said)) this.#say(place, whole.slice(said.length), emit)
  }

  #say({ item, kind, part, key }: Place, text: string, emit: Emit): void {
    if (text === '' || isOther(item, kind)) return
    const said = item.said.get(key)
    item.said.set(key, (said ?? '') + text)
    if (kind === 'arguments') return this.#call(item, {}, text, emit)
    this.#listener.blocks.tellNoSearch(emit)
    if (kind === 'refusal') this.#refused = true
    const isThinking = kind === 'summary' || kind === 'content'
    const isNext = said === undefined && part > 0 && isThinking
    this.#listener.blocks.say(isThinking ? 'thinking' : 'text', isNext ? `\n\n${text}` : text, emit)
  }

  // ==== Which item

  #add(event: JsonObject, told: JsonObject): Item {
    const item: Item = {
      type: stringOf(told.type),
      ordinal: this.#count++,
      said: new Map(),
      cited: new Map(),
      done: false,
    }
    this.#last = item
    const id = stringOf(told.id)
    if (id !== '') this.#byId.set(id, item)
    const index = numberOf(event.output_index)
    if (index !== undefined) this.#byIndex.set(index, item)
    return item
  }

  /** By position, unless another item stands there by now. Some proxies give an item another id in each event. */
  #known(event: JsonObject, told: JsonObject): Item | undefined {
    const index = numberOf(event.output_index)
    const there = index === undefined ? undefined : this.#byIndex.get(index)
    if (there?.type === told.type && there?.done === false) return there
    const named = this.#byId.get(stringOf(told.id))
    return named?.type === told.type ? named : undefined
  }

  /** The item that a piece belongs to; one that was never told of begins here. */
  #find(event: JsonObject, type: string): Item {
    const id = stringOf(event.item_id)
    const named = this.#byId.get(id)
    if (named?.type === type) return named
    const known = this.#known(event, { type })
    if (known !== undefined) return known
    const last = this.#last
    if (event.output_index === undefined && last?.type === type && !last.done) return last
    return this.#add(event, { type, id })
  }
}

function placeOf(item: Item, kind: Kind, part: number): Place {
  return { item, kind, part, key: `${kind} ${part}` }
}

/** Of an item with a summary of the reasoning and the reasoning itself, the first is shown. */
function isOther({ said }: Item, kind: Kind): boolean {
  const other = kind === 'summary' ? 'content 0' : kind === 'content' ? 'summary 0' : undefined
  return other !== undefined && said.has(other)
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
