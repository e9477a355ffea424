import { GatewayError } from '../../message/error.ts'
import type { BlockStart, Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Memo } from '../translation.ts'
import { freshCallId } from './identity.ts'
import { searchBlocks } from './web-search.ts'

/** What a call is called whose upstream never told its name. */
export const UNNAMED_TOOL = 'unnamed_tool'

/** Longer arguments than any model's output limit allows are a fault or an attack on memory. */
export const TOOL_ARGUMENTS_MAX_CHARACTERS = 16 * 1024 * 1024

/** A piece of a tool call as it stands on the wire; empty strings for what this piece does not say. */
export interface CallPart {
  /** The upstream's own position of the call, where it gives one. */
  position: number | undefined
  id: string
  name: string
  arguments: string
}

interface Call {
  kind: 'call'
  ordinal: number
  id: string
  name: string
  arguments: string
  isWaiting: boolean
}

interface Said {
  kind: 'text' | 'thinking'
  text: string
  signature: string
  /** What is said next is no part of it. */
  ended?: boolean
}

/** A block that comes in one piece. */
interface Whole {
  kind: 'whole'
  block: BlockStart
}

type Item = Call | Said | Whole

/** Checking for whole arguments parses them; an upstream that forces more checks than this has to wait for the end. */
const COMPLETENESS_CHECKS_MAX = 8

/**
 * Turns the loose pieces of an OpenAI-like answer into blocks of which one is open at a time. A block is opened
 * when its first content is there, never empty. Pieces of parallel calls may come interleaved: what does not belong
 * to the open call waits until that call is whole. Arguments pass as they come, piece by piece and unread.
 */
export class AnswerBlocks {
  readonly #memo: Memo
  readonly #responseId: () => string
  readonly #calls: Call[] = []
  readonly #byPosition = new Map<number, Call>()
  readonly #byId = new Map<string, Call>()
  #nextIndex = 0
  #open: { item: Item; index: number } | undefined
  #waiting: Item[] = []
  #citations: JsonObject[] = []
  #argumentCharacters = 0
  #checks = 0
  #checkedLength = -1
  #toldNoSearch = false

  constructor(memo: Memo, responseId: () => string) {
    this.#memo = memo
    this.#responseId = responseId
  }

  /** Some block was or will be opened. */
  get started(): boolean {
    return this.#nextIndex > 0 || this.#waiting.some((item) => !isEmpty(item))
  }

  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** What is said next as text goes on with a text that has begun. */
  get inText(): boolean {
    return this.#open?.item.kind === 'text' && this.#waiting.length === 0
  }

  /** A tool was called, even if its call has not been passed on yet. */
  get called(): boolean {
    return this.#calls.some((call) => !isEmpty(call))
  }

  say(kind: Said['kind'], text: string, emit: Emit): void {
    const open = this.#open
    if (open !== undefined && open.item.kind === kind) {
      emit({ type: 'delta', index: open.index, delta: { type: kind, text } })
      return
    }
    const last = this.#waiting.at(-1)
    if (last?.kind === kind && last.ended !== true) last.text += text
    else this.#enqueue({ kind, text, signature: '' }, emit)
  }

  /** What is said next begins a block of its own. */
  separate(emit: Emit): void {
    const last = this.#waiting.at(-1)
    if (last?.kind === 'text' || last?.kind === 'thinking') last.ended = true
    else if (last === undefined && this.#open?.item.kind !== 'call') this.#close(emit)
  }

  /** Ends the thinking said so far with its signature, or stands for thinking that is not shown. */
  sign(signature: string, emit: Emit): void {
    const open = this.#open
    if (open?.item.kind === 'thinking' && this.#waiting.length === 0) {
      emit({ type: 'delta', index: open.index, delta: { type: 'signature', signature } })
      return this.#close(emit)
    }
    const last = this.#waiting.at(-1)
    if (last?.kind === 'thinking' && last.signature === '' && last.ended !== true) last.signature = signature
    else this.#enqueue({ kind: 'thinking', text: '', signature }, emit)
  }

  /** A block of one protocol, in one piece. */
  whole(block: BlockStart, emit: Emit): void {
    this.#enqueue({ kind: 'whole', block }, emit)
  }

  /** A citation belongs to text: to the open one, else to the next. */
  cite(citation: JsonObject, emit: Emit): void {
    if (this.#open?.item.kind !== 'text') this.#citations.push(citation)
    else emit({ type: 'delta', index: this.#open.index, delta: { type: 'citation', citation } })
  }

  /** The search that the upstream ran. */
  tellSearch(found: readonly JsonObject[], query: string | undefined, emit: Emit): void {
    for (const block of searchBlocks(this.#responseId(), found, query)) this.whole(block, emit)
  }

  /** Before anything is said: where a search was asked for that the upstream cannot run. */
  tellNoSearch(emit: Emit): void {
    if (this.#memo.webSearchUnavailable !== true || this.#toldNoSearch) return
    this.#toldNoSearch = true
    for (const block of searchBlocks(this.#responseId(), 'unavailable')) this.whole(block, emit)
  }

  call(part: CallPart, emit: Emit): void {
    const call = this.#find(part)
    const isNew = call === undefined
    const target = call ?? this.#add(part)
    if (target.id === '') this.#identify(target, part.id)
    if (target.name === '') target.name = part.name
    // Some proxies end with a summary that says the whole call again.
    if (part.arguments === target.arguments && isObjectText(target.arguments)) return
    target.arguments += part.arguments
    this.#argumentCharacters += part.arguments.length
    if (this.#argumentCharacters > TOOL_ARGUMENTS_MAX_CHARACTERS) throw tooLong()
    if (target === this.#open?.item) {
      if (part.arguments !== '') this.#pass(part.arguments, emit)
      return
    }
    if (isNew) this.#waiting.push(target)
    else if (!target.isWaiting && part.arguments.trim() !== '') throw afterEnd(target)
    this.#drain(emit)
  }

  /** The answer ended: everything that waited is passed on, also what is incomplete. */
  end(emit: Emit): void {
    for (const item of this.#waiting) {
      if (isEmpty(item)) continue
      if (item.kind === 'call' && item.name === '') item.name = UNNAMED_TOOL
      this.#begin(item, emit)
    }
    this.#waiting = []
    this.#close(emit)
  }

  #enqueue(item: Item, emit: Emit): void {
    this.#waiting.push(item)
    this.#drain(emit)
  }

  #drain(emit: Emit): void {
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0]!
      // A name that comes late opens late; no client takes a call without one.
      if (next.kind === 'call' && next.name === '') return
      if (this.#open?.item.kind === 'call' && !this.#isWhole(this.#open.item)) return
      this.#waiting.shift()
      this.#begin(next, emit)
    }
  }

  #begin(item: Item, emit: Emit): void {
    this.#close(emit)
    if (item.kind === 'call') item.isWaiting = false
    const index = this.#nextIndex++
    this.#open = { item, index }
    this.#checks = 0
    this.#checkedLength = -1
    if (item.kind === 'call') {
      const { callIds, toolNames } = this.#memo
      const id = freshCallId(item.id, this.#responseId(), item.ordinal, callIds)
      const name = toolNames?.get(item.name) ?? item.name
      emit({ type: 'block-start', index, block: { type: 'tool-call', id, name } })
      if (item.arguments !== '') this.#pass(item.arguments, emit)
      return
    }
    if (item.kind === 'whole') {
      emit({ type: 'block-start', index, block: item.block })
      return this.#close(emit)
    }
    emit({ type: 'block-start', index, block: { type: item.kind } })
    if (item.text !== '') emit({ type: 'delta', index, delta: { type: item.kind, text: item.text } })
    if (item.signature !== '') {
      emit({ type: 'delta', index, delta: { type: 'signature', signature: item.signature } })
      return this.#close(emit)
    }
    if (item.kind === 'text') for (const citation of this.#citations.splice(0)) this.cite(citation, emit)
  }

  #pass(json: string, emit: Emit): void {
    emit({ type: 'delta', index: this.#open!.index, delta: { type: 'arguments', json } })
  }

  #close(emit: Emit): void {
    if (this.#open === undefined) return
    emit({ type: 'block-end', index: this.#open.index })
    this.#open = undefined
  }

  /** Are the open call's arguments a whole JSON object? Then nothing more can belong to it. */
  #isWhole(call: Call): boolean {
    const length = call.arguments.length
    if (length === this.#checkedLength || this.#checks >= COMPLETENESS_CHECKS_MAX) return false
    this.#checkedLength = length
    this.#checks++
    return isObjectText(call.arguments)
  }

  #find(part: CallPart): Call | undefined {
    if (part.position !== undefined) {
      const known = this.#byPosition.get(part.position)
      return known !== undefined && !startsAnother(part, known) ? known : undefined
    }
    if (part.id !== '') return this.#byId.get(part.id)
    return part.name === '' ? this.#calls.at(-1) : undefined
  }

  #identify(call: Call, id: string): void {
    call.id = id
    if (id !== '' && !this.#byId.has(id)) this.#byId.set(id, call)
  }

  #add(part: CallPart): Call {
    const ordinal = this.#calls.length
    const call: Call = { kind: 'call', ordinal, id: '', name: '', arguments: '', isWaiting: true }
    this.#calls.push(call)
    if (part.position !== undefined) this.#byPosition.set(part.position, call)
    return call
  }
}

/** Some servers give every parallel call the position 0: then another id, or a second whole call, tells them apart. */
function startsAnother(part: CallPart, known: Call): boolean {
  if (part.name === '') return false
  if (part.id !== '' && known.id !== '') return part.id !== known.id
  return part.id === '' && part.arguments !== '' && isObjectText(known.arguments)
}

function isEmpty(item: Item): boolean {
  return item.kind === 'call' && item.id === '' && item.name === '' && item.arguments === ''
}

function isObjectText(text: string): boolean {
  if (!text.trimEnd().endsWith('}')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function tooLong(): GatewayError {
  const limit = TOOL_ARGUMENTS_MAX_CHARACTERS / 1024 / 1024
  return new GatewayError(
    'upstream_malformed',
    `The upstream's tool calls have more than ${limit} million characters of arguments.`,
  )
}

function afterEnd(call: Call): GatewayError {
  const name = JSON.stringify(call.name)
  return new GatewayError(
    'upstream_malformed',
    `The upstream sent more arguments for its call of ${name} after they were whole.`,
  )
}
