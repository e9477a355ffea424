import { append } from '../../lib/append.ts'
import { GatewayError } from '../../message/error.ts'
import type { Delta, Emit, FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { EXCEPTION } from '../../wire/framing.ts'
import type { Frame } from '../../wire/framing.ts'
import { awsException } from '../shared/aws-error.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { parseJson } from '../shared/json.ts'
import { isObject, leftover, parseObject } from '../shared/object.ts'
import { RepeatedText } from '../shared/repeated-text.ts'
import type { StreamDecoder } from '../stream.ts'
import type { Memo } from '../translation.ts'
import { decodeBlockStart } from './answer.ts'
import type { StartedBlock } from './answer.ts'
import { answerError } from './error.ts'
import { PROTOCOL, USAGE_EXTRAS, UsageReader, only, readFinish } from './wire.ts'

const MESSAGE_FIELDS = new Set([
  'id',
  'type',
  'role',
  'model',
  'content',
  'stop_reason',
  'stop_sequence',
  'usage',
])
const DELTA_FIELDS = new Set(['stop_reason', 'stop_sequence'])
const DELTA_EVENT_FIELDS = new Set(['type', 'delta', 'usage'])

/** Anthropic's stream as events. What it does not know passes as opaque; what cannot be is an error, never a clean end. */
export class MessageStreamDecoder implements StreamDecoder {
  readonly #memo: Memo
  readonly #usage = new UsageReader()
  #started = false
  #ended = false
  /** Blocks begun so far; the last may be open. */
  #blocks = 0
  #lastWireIndex = -1
  #messageId = ''
  #open: OpenBlock | undefined
  #finish: { reason: FinishReason; stopSequence?: string } = { reason: readFinish(null) }
  readonly #repeated = new RepeatedText(textOfDelta)
  /** What the repeated deltas are. */
  #kind: TextKind = 'text'
  /** Beside what is known, of however many `message_delta`s. */
  readonly #extra: [string, unknown][] = []

  constructor(memo: Memo) {
    this.#memo = memo
  }

  push(frame: Frame, emit: Emit): void {
    if (this.#ended) return
    if (frame.event === DELTA || frame.event === '') {
      const text = this.#repeated.textOf(frame.data)
      if (text !== undefined) return void this.#open!.take(deltaOf(this.#kind, text), emit)
    }
    if (frame.event.startsWith(EXCEPTION)) return this.#error(awsException(frame.event, frame.data), emit)
    if (frame.data === '') return
    const body = parseObject(frame.data, parseJson)
    if (body === undefined) return this.#error(noObject(frame.data), emit)
    const type = typeof body['type'] === 'string' ? body['type'] : frame.event
    if (type === 'error') return this.#error(answerError(body), emit)
    if (type === 'message_start') return this.#start(body, emit)
    if (!this.#started) return
    if (type === DELTA) return this.#delta(body, frame, emit)
    if (type !== 'ping') this.#repeated.forget()
    switch (type) {
      case 'content_block_start':
        return this.#blockStart(body, emit)
      case 'content_block_stop':
        return this.#close(emit)
      case 'message_delta':
        return this.#messageDelta(body, emit)
      case 'message_stop':
        return this.#stop(emit)
      case 'ping':
        return emit({ type: 'ping' })
    }
  }

  end(emit: Emit): void {
    if (!this.#ended) this.#error(endedBefore('message_stop'), emit)
  }

  #start(body: JsonObject, emit: Emit): void {
    if (this.#started) return this.#fail('a second message_start', emit)
    this.#started = true
    const message = isObject(body['message']) ? body['message'] : {}
    const { id, model, usage } = message
    if (typeof id === 'string') this.#messageId = id
    this.#usage.read(usage)
    emit({
      type: 'start',
      ...(typeof id === 'string' && { id }),
      ...(typeof model === 'string' && { model }),
      usage: this.#usage.usage,
      extra: { ...leftover(message, MESSAGE_FIELDS), ...(isObject(usage) && only(usage, USAGE_EXTRAS)) },
    })
  }

  #blockStart(body: JsonObject, emit: Emit): void {
    this.#close(emit)
    const { index: wireIndex, content_block: block } = body
    if (typeof wireIndex !== 'number' || wireIndex <= this.#lastWireIndex)
      return this.#fail('blocks out of order', emit)
    if (!isObject(block) || typeof block['type'] !== 'string')
      return this.#fail('a block without a type', emit)
    this.#lastWireIndex = wireIndex
    const index = this.#blocks++
    this.#open = new OpenBlock(index, decodeBlockStart(block, this.#memo, this.#messageId, index), emit)
  }

  #delta(body: JsonObject, { data }: Frame, emit: Emit): void {
    this.#repeated.forget()
    if (this.#open === undefined || body['index'] !== this.#lastWireIndex)
      return this.#fail('a delta of no open block', emit)
    if (!isObject(body['delta'])) return
    const delta = readDelta(body['delta'])
    const taken = this.#open.take(delta, emit, body['delta'])
    if (!taken || !isText(delta) || body['type'] !== DELTA) return
    this.#kind = delta.type
    this.#repeated.learn(data, FIELDS[delta.type], saidBy(delta))
  }

  #close(emit: Emit): void {
    this.#open?.close(emit)
    this.#open = undefined
  }

  #messageDelta(body: JsonObject, emit: Emit): void {
    this.#close(emit)
    const delta = isObject(body['delta']) ? body['delta'] : {}
    if (isObject(body['usage'])) {
      this.#usage.read(body['usage'])
      emit({ type: 'usage', usage: this.#usage.usage, extra: only(body['usage'], USAGE_EXTRAS) })
    }
    const { stop_reason: reason, stop_sequence: stopSequence } = delta
    if (reason !== undefined && reason !== null) this.#finish.reason = readFinish(reason)
    if (typeof stopSequence === 'string') this.#finish.stopSequence = stopSequence
    for (const more of [leftover(body, DELTA_EVENT_FIELDS), leftover(delta, DELTA_FIELDS)])
      append(this.#extra, Object.entries(more))
  }

  #stop(emit: Emit): void {
    this.#close(emit)
    this.#ended = true
    emit({ type: 'finish', ...this.#finish, extra: Object.fromEntries(this.#extra) })
  }

  #fail(what: string, emit: Emit): void {
    this.#error(new GatewayError('upstream_malformed', `The upstream’s stream has ${what}.`), emit)
  }

  #error(error: GatewayError, emit: Emit): void {
    this.#ended = true
    emit({ type: 'error', error })
  }
}

/** A block between its start and its stop. */
class OpenBlock {
  readonly #index: number
  readonly #block: StartedBlock
  #isStarted = false
  /** Arguments that came in deltas. */
  #json = ''

  constructor(index: number, block: StartedBlock, emit: Emit) {
    this.#index = index
    this.#block = block
    if (block.start.type !== 'opaque') this.#start(emit)
  }

  /** `wire`: as it came. Was it what the block is made of? */
  take(delta: Delta, emit: Emit, wire?: JsonObject): boolean {
    if (delta.type === 'arguments') {
      this.#json += delta.json
      // The input of a server tool's call is short: its block goes on in one piece, when it is whole.
      if (this.#block.start.type === 'opaque' && !this.#isStarted) return false
    }
    this.#start(emit)
    const fits = this.#fits(delta)
    emit({ type: 'delta', index: this.#index, delta: fits ? delta : { type: 'opaque', raw: wire ?? {} } })
    return fits
  }

  close(emit: Emit): void {
    const { start, input } = this.#block
    if (start.type === 'opaque' && !this.#isStarted && this.#json !== '')
      this.#startWithInput(start.raw, emit)
    this.#start(emit)
    // Anthropic gives a call's input in deltas, imitations of its API also in the start.
    if (start.type === 'tool-call' && this.#json === '' && input !== undefined) {
      emit({ type: 'delta', index: this.#index, delta: { type: 'arguments', json: input } })
    }
    emit({ type: 'block-end', index: this.#index })
  }

  #startWithInput(raw: JsonObject, emit: Emit): void {
    const input = parseObject(this.#json, parseJson)
    const whole = input === undefined ? raw : { ...raw, input }
    this.#isStarted = true
    emit({
      type: 'block-start',
      index: this.#index,
      block: { type: 'opaque', protocol: PROTOCOL, kind: String(raw['type']), raw: whole },
    })
    if (input !== undefined) return
    const broken = { type: 'input_json_delta', partial_json: this.#json }
    emit({ type: 'delta', index: this.#index, delta: { type: 'opaque', raw: broken } })
  }

  #start(emit: Emit): void {
    if (this.#isStarted) return
    this.#isStarted = true
    emit({ type: 'block-start', index: this.#index, block: this.#block.start })
    for (const delta of this.#block.deltas) emit({ type: 'delta', index: this.#index, delta })
  }

  #fits(delta: Delta): boolean {
    const kind = this.#block.start.type
    switch (delta.type) {
      case 'text':
      case 'citation':
        return kind === 'text'
      case 'thinking':
      case 'signature':
        return kind === 'thinking'
      case 'arguments':
        return kind === 'tool-call'
      case 'opaque':
        return true
    }
  }
}

const DELTA = 'content_block_delta'

type TextKind = 'text' | 'thinking' | 'arguments'
type TextDelta = Extract<Delta, { type: TextKind }>

const FIELDS: Readonly<Record<TextKind, string>> = {
  text: 'text',
  thinking: 'thinking',
  arguments: 'partial_json',
}

function isText(delta: Delta): delta is TextDelta {
  return delta.type in FIELDS
}

function saidBy(delta: TextDelta): string {
  return delta.type === 'arguments' ? delta.json : delta.text
}

function deltaOf(type: TextKind, text: string): TextDelta {
  return type === 'arguments' ? { type, json: text } : { type, text }
}

function textOfDelta({ delta: wire }: JsonObject): string | undefined {
  const delta = isObject(wire) ? readDelta(wire) : undefined
  return delta !== undefined && isText(delta) ? saidBy(delta) : undefined
}

function readDelta(wire: JsonObject): Delta {
  const { type, text, thinking, signature, partial_json: json, citation } = wire
  if (type === 'text_delta' && typeof text === 'string') return { type: 'text', text }
  if (type === 'thinking_delta' && typeof thinking === 'string') return { type: 'thinking', text: thinking }
  if (type === 'signature_delta' && typeof signature === 'string') return { type: 'signature', signature }
  if (type === 'input_json_delta' && typeof json === 'string') return { type: 'arguments', json }
  if (type === 'citations_delta' && isObject(citation)) return { type: 'citation', citation }
  return { type: 'opaque', raw: wire }
}
