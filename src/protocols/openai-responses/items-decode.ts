import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { stringifyJson } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import type { AnswerBlocks } from '../shared/tool-calls.ts'
import { inputArguments } from './raw-input.ts'
import { sealReasoning } from './seal.ts'
import { isSearch, stringOf } from './wire.ts'

/** Where what items say goes to. */
export interface ItemListener {
  blocks: AnswerBlocks
  cite(annotation: unknown, emit: Emit): void
  /** A search of the web is over. */
  searched(item: JsonObject): void
  /** An item with something to say begins. */
  begin(emit: Emit): void
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

/** What each event adds to, and of which item: a piece in `delta`, or in the last field all of it. */
const PIECES: Readonly<Record<string, { item: string; kind: Kind; whole: string }>> = {
  'response.output_text': { item: 'message', kind: 'text', whole: 'text' },
  'response.refusal': { item: 'message', kind: 'refusal', whole: 'refusal' },
  'response.reasoning_summary_text': { item: 'reasoning', kind: 'summary', whole: 'text' },
  // Open models show the reasoning itself.
  'response.reasoning_text': { item: 'reasoning', kind: 'content', whole: 'text' },
  'response.function_call_arguments': { item: 'function_call', kind: 'arguments', whole: 'arguments' },
}

type Kind = 'text' | 'refusal' | 'summary' | 'content' | 'arguments'

const EVENTS = new Set([
  'response.output_item.added',
  'response.output_item.done',
  'response.content_part.done',
  'response.output_text.annotation.added',
])

/** Does an event say something of an item? Any other means nothing here. */
export function tellsOfItem(type: string): boolean {
  return EVENTS.has(type) || Object.hasOwn(PIECES, type.slice(0, type.lastIndexOf('.')))
}

/**
 * Reads items however a server tells them: in pieces, only as they end, or whole. What was told twice is said once,
 * and what only the end tells is said then.
 */
export class ItemReader {
  readonly #listener: ItemListener
  #count = 0
  #last: Item | undefined
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
    if (type === 'response.output_item.added') return this.#begin(event, emit)
    if (type === 'response.output_item.done') return this.#end(event, emit)
    if (type === 'response.content_part.done') return this.#partDone(event, emit)
    if (type === 'response.output_text.annotation.added') return this.#annotation(event, emit)
    const end = type.lastIndexOf('.')
    const piece = PIECES[type.slice(0, end)]
    if (piece === undefined) return
    const part = numberOf(event.content_index ?? event.summary_index) ?? 0
    const item = this.#find(event, piece.item)
    if (type.endsWith('.delta')) this.#say(item, piece.kind, part, stringOf(event.delta), emit)
    else if (type.endsWith('.done'))
      this.#complete(item, piece.kind, part, stringOf(event[piece.whole]), emit)
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
    const whole = argumentsOf(told.arguments)
    const rest = whole.startsWith(said) ? whole.slice(said.length) : ''
    this.#call(item, told, rest, emit)
  }

  #call(item: Item, { call_id, name }: JsonObject, json: string, emit: Emit): void {
    this.#listener.begin(emit)
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
    const said = item.said.get(`${kind} ${part}`) ?? ''
    if (whole.startsWith(said)) this.#say(item, kind, part, whole.slice(said.length), emit)
  }

  #say(item: Item, kind: Kind, part: number, text: string, emit: Emit): void {
    if (text === '' || isOther(item, kind)) return
    const key = `${kind} ${part}`
    const said = item.said.get(key)
    item.said.set(key, (said ?? '') + text)
    if (kind === 'arguments') return this.#call(item, {}, text, emit)
    this.#listener.begin(emit)
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

/** Of an item with a summary of the reasoning and the reasoning itself, the first is shown. */
function isOther({ said }: Item, kind: Kind): boolean {
  const other = kind === 'summary' ? 'content 0' : kind === 'content' ? 'summary 0' : ''
  return said.has(other)
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Some servers give the arguments parsed. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : stringifyJson(value)
}
