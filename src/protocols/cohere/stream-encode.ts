import type { BlockStart, Delta, Event } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { idBehind } from '../shared/gemini-signature.ts'
import type { StreamEncoder, WriteFrame } from '../stream.ts'
import type { EncodeContext } from '../translation.ts'
import { errorEnd } from './error.ts'
import { writeFinish, writeUsage } from './wire.ts'

interface Open {
  kind: 'content' | 'call'
  index: number
}

export class CohereStreamEncoder implements StreamEncoder {
  readonly #context: EncodeContext
  /** Content and calls are counted apart. */
  #contents = 0
  #calls = 0
  #open: Open | undefined
  /** A delta of the open content up to its text. */
  #head = ''
  /** The open call has said no arguments yet. */
  #silent = false
  /** Of the thinking that comes last before the next block. */
  #signature = ''
  #usage: Partial<Usage> = {}

  constructor(context: EncodeContext) {
    this.#context = context
  }

  push(event: Event, write: WriteFrame): void {
    switch (event.type) {
      case 'start':
        Object.assign(this.#usage, event.usage)
        return this.#start(event.id ?? this.#context.responseId, write)
      case 'block-start':
        return this.#begin(event.block, write)
      case 'delta':
        return this.#onDelta(event.delta, write)
      case 'block-end':
        return this.#end(write)
      case 'usage':
        return void Object.assign(this.#usage, event.usage)
      case 'ping':
        return
      case 'finish': {
        const delta = { finish_reason: writeFinish(event.reason), usage: writeUsage(this.#usage) }
        say({ type: 'message-end', delta }, write)
        return write('', '[DONE]')
      }
      case 'error':
        return say(errorEnd(event.error), write)
    }
  }

  #start(id: string, write: WriteFrame): void {
    const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }
    say({ type: 'message-start', id, delta: { message } }, write)
  }

  #begin(block: BlockStart, write: WriteFrame): void {
    const signature = this.#signature
    this.#signature = ''
    if (block.type !== 'tool-call') return
    this.#silent = true
    this.#open = { kind: 'call', index: this.#calls++ }
    const id = idBehind(signature, block.id)
    const called = { id, type: 'function', function: { name: block.name, arguments: '' } }
    this.#say('tool-call-start', { tool_calls: called }, write)
  }

  #onDelta(delta: Delta, write: WriteFrame): void {
    if (delta.type === 'text' || delta.type === 'thinking') {
      if (delta.text === '') return
      // A part is begun by what it says: a thought of which only the signature is shown says nothing here.
      if (this.#open === undefined) {
        const index = this.#contents++
        this.#open = { kind: 'content', index }
        this.#head = `{"type":"content-delta","index":${index},"delta":{"message":{"content":{"${delta.type}":`
        this.#say('content-start', { content: { type: delta.type, [delta.type]: '' } }, write)
      }
      return write('content-delta', `${this.#head}${JSON.stringify(delta.text)}}}}}`)
    }
    if (delta.type === 'signature') this.#signature += delta.signature
    if (delta.type !== 'arguments' || delta.json === '') return
    this.#silent = false
    this.#say('tool-call-delta', { tool_calls: { function: { arguments: delta.json } } }, write)
  }

  #end(write: WriteFrame): void {
    if (this.#open === undefined) return
    // A call without arguments: clients parse what they got, and nothing is no JSON.
    if (this.#silent) this.#onDelta({ type: 'arguments', json: '{}' }, write)
    say(
      { type: this.#open.kind === 'call' ? 'tool-call-end' : 'content-end', index: this.#open.index },
      write,
    )
    this.#open = undefined
  }

  #say(type: string, message: JsonObject, write: WriteFrame): void {
    say({ type, index: this.#open?.index, delta: { message } }, write)
  }
}

function say(event: JsonObject, write: WriteFrame): void {
  write(event.type as string, JSON.stringify(event))
}
