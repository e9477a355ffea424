import { append, gather } from '../../lib/append.ts'
import type {
  Block,
  JsonObject,
  Message,
  Request,
  ToolCallBlock,
  ToolResultBlock,
} from '../../message/request.ts'
import { withoutAttribution } from '../shared/attribution.ts'
import { inputObject } from '../shared/call-input.ts'
import { NO_SIGNATURE, unsealSignature } from '../shared/gemini-signature.ts'
import {
  BEGINNING,
  asReminder,
  askToContinue,
  mergeRoles,
  orphanHeading,
  pairResults,
  resultsAfter,
  uniqueCalls,
  withoutRepeated,
} from '../shared/turns.ts'
import type { ToolNames } from '../shared/tool-names.ts'
import type { Warnings } from '../shared/warnings.ts'
import type { ContentEncoder, ContentOptions } from './content-encode.ts'

export interface MessageOptions extends ContentOptions {
  /** The first call of a turn must have a signature: its own, or the word for one that has none. */
  signed: boolean
}

export interface Content {
  role: 'user' | 'model'
  parts: JsonObject[]
}

/** `systemInstruction`: its texts stay apart. */
export function encodeSystem(request: Request, content: ContentEncoder, warnings: Warnings): JsonObject[] {
  return withoutAttribution(request.system, warnings).flatMap((block) => content.parts(block))
}

/**
 * The conversation in turns: the user first and last, roles in alternation, and right behind each turn with calls as
 * many results as it has calls, in their order ("the number of function response parts is equal to the number of
 * function call parts of the function call turn").
 */
export function encodeContents(
  messages: readonly Message[],
  content: ContentEncoder,
  options: MessageOptions,
  names: ToolNames,
  warnings: Warnings,
): Content[] {
  return new Conversation(content, options, names, warnings).encode(messages)
}

class Conversation {
  readonly #content: ContentEncoder
  readonly #options: MessageOptions
  readonly #names: ToolNames
  readonly #warnings: Warnings
  readonly #contents: Content[] = []

  constructor(content: ContentEncoder, options: MessageOptions, names: ToolNames, warnings: Warnings) {
    this.#content = content
    this.#options = options
    this.#names = names
    this.#warnings = warnings
  }

  encode(all: readonly Message[]): Content[] {
    const messages = mergeRoles(all)
    const answered = new Set<ToolResultBlock>()
    messages.forEach((message, at) => {
      if (message.role === 'system') return this.#system(message.content)
      if (message.role === 'user') return this.#user(message.content, answered)
      const calls = this.#model(message.content)
      this.#results(pairResults(calls, resultsAfter(messages, at), answered, this.#warnings))
    })
    if (this.#contents[0]?.role === 'model')
      this.#contents.unshift({ role: 'user', parts: [{ text: BEGINNING }] })
    if (this.#contents.at(-1)?.role === 'model') this.#say('user', [{ text: askToContinue(this.#warnings) }])
    return this.#contents
  }

  #say(role: Content['role'], parts: JsonObject[]): void {
    if (parts.length === 0) return
    const last = this.#contents.at(-1)
    if (last?.role === role) append(last.parts, parts)
    else this.#contents.push({ role, parts })
  }

  #system(blocks: readonly Block[]): void {
    const parts = blocks.flatMap((block) => this.#content.parts(block))
    const marked = parts.map((part) =>
      typeof part.text === 'string' ? { text: asReminder(part.text, this.#warnings) } : part,
    )
    this.#say('user', marked)
  }

  #user(blocks: readonly Block[], answered: ReadonlySet<ToolResultBlock>): void {
    const parts = gather(blocks, (block) => {
      if (block.type !== 'tool-result') return this.#content.parts(block)
      return answered.has(block) ? [] : this.#orphan(block)
    })
    this.#say('user', parts)
  }

  #orphan(block: ToolResultBlock): JsonObject[] {
    const heading = orphanHeading(block, this.#warnings)
    const { response, parts, after } = this.#content.result(block, 'a tool')
    const said = String(response.output ?? response.error)
    return [{ text: `${heading}\n${said}` }, ...parts, ...after]
  }

  // ==== What the model said

  #model(blocks: readonly Block[]): ToolCallBlock[] {
    const calls = uniqueCalls(blocks, this.#warnings)
    const turn = new ModelTurn()
    for (const block of withoutRepeated(blocks, calls)) {
      if (block.type === 'thinking') this.#thinking(block.text, block.signature, turn)
      else if (block.type === 'redacted-thinking')
        this.#warnings.add('dropped', 'messages[].content[].redacted_thinking', 'only its maker can read it')
      else if (block.type === 'tool-call') turn.push(this.#call(block))
      else for (const part of this.#content.parts(block)) turn.push(part)
    }
    this.#say('model', turn.end(this.#options.signed))
    return calls
  }

  /** Others' thinking says nothing to Gemini; its own it knows by the signature, which stands where it stood. */
  #thinking(text: string, sealed: string | undefined, turn: ModelTurn): void {
    const own = unsealSignature(sealed)
    if (own === undefined) {
      if (text !== '' || sealed !== undefined)
        this.#warnings.add('dropped', 'messages[].content[].thinking', 'another model thought it')
    } else if (own.on === 'thought') turn.push({ text, thought: true, thoughtSignature: own.signature })
    else turn.sign(own.signature, own.on === 'alone')
  }

  #call(block: ToolCallBlock): JsonObject {
    return { functionCall: { name: this.#names.sent(block.name), args: inputObject(block.arguments) } }
  }

  // ==== What the tools answered

  #results(pairs: readonly [ToolCallBlock, ToolResultBlock][]): void {
    const behind: JsonObject[] = []
    const responses = pairs.map(([call, result]): JsonObject => {
      const { response, parts, after } = this.#content.result(result, call.name)
      append(behind, after)
      const name = this.#names.sent(call.name)
      return { functionResponse: parts.length === 0 ? { name, response } : { name, response, parts } }
    })
    append(responses, behind)
    this.#say('user', responses)
  }
}

/** The parts of one turn of the model, each with its signature. */
class ModelTurn {
  readonly #parts: JsonObject[] = []
  #signature: string | undefined

  push(part: JsonObject): void {
    const signature = part.thought === true ? undefined : this.#signature
    if (signature !== undefined) this.#signature = undefined
    this.#parts.push(signature === undefined ? part : { ...part, thoughtSignature: signature })
  }

  /** For the next part; alone: on a part without content. */
  sign(signature: string, alone: boolean): void {
    this.#flush()
    this.#signature = signature
    if (alone) this.#flush()
  }

  /** `signed`: of parallel calls Gemini signs the first, and refuses a turn in which that has no signature. */
  end(signed: boolean): JsonObject[] {
    this.#flush()
    const at = this.#parts.findIndex((part) => part.functionCall !== undefined)
    const first = this.#parts[at]
    if (signed && first !== undefined && first.thoughtSignature === undefined)
      this.#parts[at] = { ...first, thoughtSignature: NO_SIGNATURE }
    return this.#parts
  }

  #flush(): void {
    if (this.#signature !== undefined) this.#parts.push({ text: '', thoughtSignature: this.#signature })
    this.#signature = undefined
  }
}
