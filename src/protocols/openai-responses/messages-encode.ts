import { append, gather, joined } from '../../lib/append.ts'
import type { Block, JsonObject, Request, ToolCallBlock, ToolResultBlock } from '../../message/request.ts'
import { withoutAttribution } from '../shared/attribution.ts'
import { shortCallId } from '../shared/identity.ts'
import type { ToolNames } from '../shared/tool-names.ts'
import {
  askToContinue,
  mergeRoles,
  orphanHeading,
  pairResults,
  resultsAfter,
  uniqueCalls,
} from '../shared/turns.ts'
import type { Warnings } from '../shared/warnings.ts'
import { ContentEncoder, isText } from './content-encode.ts'
import type { ContentOptions } from './content-encode.ts'
import { unsealReasoning } from './seal.ts'
import { PROTOCOL } from './wire.ts'

export interface InputOptions extends ContentOptions {
  systemRole: 'system' | 'developer'
  /** Reasoning of this API goes back to it. */
  reasoning: boolean
}

export interface EncodedInput {
  /** System text of one piece; of several, the boundaries are kept as parts of the first item. */
  instructions?: string
  input: JsonObject[]
}

/** OpenAI refuses longer ids of tool calls. */
const CALL_ID_LENGTH_MAX = 64

/**
 * The conversation as items: what the model said, thought and called in its order; results directly after the calls
 * of their turn, in call order; nothing empty; the user last.
 */
export function encodeInput(
  request: Request,
  options: InputOptions,
  names: ToolNames,
  warnings: Warnings,
): EncodedInput {
  return new Conversation(options, names, warnings).encode(request)
}

class Conversation {
  readonly #options: InputOptions
  readonly #names: ToolNames
  readonly #warnings: Warnings
  readonly #content: ContentEncoder
  readonly #input: JsonObject[] = []

  constructor(options: InputOptions, names: ToolNames, warnings: Warnings) {
    this.#options = options
    this.#names = names
    this.#warnings = warnings
    this.#content = new ContentEncoder(options, warnings)
  }

  encode(request: Request): EncodedInput {
    const system = this.#systemParts(request.system)
    const only = system.length === 1 ? system[0]!.text : undefined
    if (only === undefined) this.#message(this.#options.systemRole, system)
    const messages = mergeRoles(request.messages)
    const answered = new Set<ToolResultBlock>()
    messages.forEach(({ role, content }, at) => {
      if (role === 'system') return this.#message(this.#options.systemRole, this.#systemParts(content))
      if (role === 'user') return this.#user(content, answered)
      const calls = this.#assistant(content)
      this.#results(pairResults(calls, resultsAfter(messages, at), answered, this.#warnings))
    })
    if (this.#input.at(-1)?.role === 'assistant')
      this.#message('user', [{ type: 'input_text', text: askToContinue(this.#warnings) }])
    return { ...(typeof only === 'string' && { instructions: only }), input: this.#input }
  }

  #message(role: string, content: JsonObject[]): void {
    if (content.length === 0) return
    const last = this.#input.at(-1)
    if (role === 'user' && last?.role === 'user') append(last.content as JsonObject[], content)
    else this.#input.push({ type: 'message', role, content })
  }

  #systemParts(blocks: readonly Block[]): JsonObject[] {
    return withoutAttribution(blocks, this.#warnings)
      .flatMap((block) => this.#content.parts(block))
      .filter(isText)
  }

  #user(blocks: readonly Block[], answered: ReadonlySet<ToolResultBlock>): void {
    const parts = gather(blocks, (block) => {
      if (block.type !== 'tool-result') return this.#content.parts(block)
      return answered.has(block) ? [] : this.#orphan(block)
    })
    this.#message('user', parts)
  }

  #orphan(block: ToolResultBlock): JsonObject[] {
    const heading = orphanHeading(block, this.#warnings)
    const output = this.#content.output(block)
    if (typeof output === 'string') return [{ type: 'input_text', text: `${heading}\n${output}` }]
    return [{ type: 'input_text', text: heading }, ...output]
  }

  // ==== The model's turns

  #assistant(blocks: readonly Block[]): ToolCallBlock[] {
    const calls = uniqueCalls(blocks, this.#warnings)
    let called = 0
    let text: JsonObject[] = []
    for (const block of blocks) {
      if (block.type === 'tool-call' || block.type === 'thinking' || isOwn(block)) {
        this.#message('assistant', text)
        text = []
      }
      if (block === calls[called]) this.#call(calls[called++]!)
      else if (block.type === 'thinking') this.#thinking(block)
      else if (isOwn(block)) this.#input.push(block.raw)
      else text = joined(text, this.#said(block))
    }
    this.#message('assistant', text)
    this.#dropLastReasoning()
    return calls
  }

  #said(block: Block): JsonObject[] {
    if (block.type === 'redacted-thinking')
      this.#warnings.add('dropped', 'messages[].content[].redacted_thinking', 'only its maker can read it')
    if (block.type === 'tool-result' || block.type === 'tool-call') return []
    const parts = this.#content.parts(block)
    const texts = parts.filter(isText)
    if (texts.length < parts.length)
      this.#warnings.add(
        'dropped',
        `messages[].content[].${block.type}`,
        'assistant messages hold only text here',
      )
    return texts.map(({ text }) => ({ type: 'output_text', text }))
  }

  #call({ id, name, arguments: json }: ToolCallBlock): void {
    this.#input.push({
      type: 'function_call',
      call_id: shortCallId(id, CALL_ID_LENGTH_MAX),
      name: this.#names.sent(name),
      arguments: json,
    })
  }

  /** Anyone else's reasoning is refused ("invalid_encrypted_content"), and the whole conversation with it. */
  #thinking({ text, signature }: Extract<Block, { type: 'thinking' }>): void {
    const sealed = this.#options.reasoning ? unsealReasoning(signature) : undefined
    if (sealed === undefined) {
      this.#warnings.add('dropped', 'messages[].content[].thinking', 'it is not this API’s own reasoning')
      return
    }
    this.#input.push({
      type: 'reasoning',
      ...(sealed.id !== '' && { id: sealed.id }),
      summary: text === '' ? [] : [{ type: 'summary_text', text }],
      encrypted_content: sealed.encryptedContent,
    })
  }

  /** "Item of type 'reasoning' was provided without its required following item": a turn that was broken off. */
  #dropLastReasoning(): void {
    while (this.#input.at(-1)?.type === 'reasoning') {
      this.#input.pop()
      this.#warnings.add('dropped', 'messages[].content[].thinking', 'nothing followed it')
    }
  }

  #results(pairs: readonly [ToolCallBlock, ToolResultBlock][]): void {
    for (const [{ id }, result] of pairs) {
      const output = this.#content.output(result)
      this.#input.push({ type: 'function_call_output', call_id: shortCallId(id, CALL_ID_LENGTH_MAX), output })
    }
  }
}

/** An item of this API that the hub only carried. */
function isOwn(block: Block): block is Extract<Block, { type: 'opaque' }> {
  return block.type === 'opaque' && block.protocol === PROTOCOL
}
