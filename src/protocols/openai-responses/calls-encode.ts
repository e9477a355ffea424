import type { BlockStart, Delta } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { RawInput } from '../shared/raw-input.ts'
import type { CallForm } from '../translation.ts'
import { BRIDGED } from './bridged-tools.ts'
import { sendWhole } from './items-encode.ts'
import type { ItemIds, OpenItem, Sink } from './items-encode.ts'

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
