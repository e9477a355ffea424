import type {
  Block,
  JsonObject,
  Message,
  Request,
  ToolCallBlock,
  ToolResultBlock,
} from '../../message/request.ts'
import { isAttribution } from '../shared/attribution.ts'
import { inputObject } from '../shared/call-input.ts'
import { NO_SIGNATURE, unsealSignature } from '../shared/gemini-signature.ts'
import { mergeRoles, resultsAfter, uniqueCalls } from '../shared/turns.ts'
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

const CONTINUE = 'Continue your last message exactly where it ends. Do not repeat any of it.'
const BEGINNING = '(The conversation so far.)'
const NO_RESULT = 'The tool was interrupted: it has no result.'

/** `systemInstruction`: its texts stay apart. */
export function encodeSystem(request: Request, content: ContentEncoder, warnings: Warnings): JsonObject[] {
  const own = request.system.filter((block) => !isAttribution(block))
  if (own.length < request.system.length)
    warnings.add('dropped', 'system[0]', 'the attribution block is for Anthropic only')
  return own.flatMap((block) => content.parts(block))
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
      if (calls.length > 0) this.#results(calls, resultsAfter(messages, at), answered)
    })
    if (this.#contents[0]?.role === 'model')
      this.#contents.unshift({ role: 'user', parts: [{ text: BEGINNING }] })
    if (this.#contents.at(-1)?.role === 'model') {
      this.#warnings.add(
        'emulated',
        'messages[last]',
        'the upstream does not go on from an assistant message; it is asked to',
      )
      this.#say('user', [{ text: CONTINUE }])
    }
    return this.#contents
  }

  #say(role: Content['role'], parts: JsonObject[]): void {
    if (parts.length === 0) return
    const last = this.#contents.at(-1)
    if (last?.role === role) last.parts.push(...parts)
    else this.#contents.push({ role, parts })
  }

  #system(blocks: readonly Block[]): void {
    const parts = blocks.flatMap((block) => this.#content.parts(block))
    if (parts.length === 0) return
    this.#warnings.add(
      'changed',
      'messages[].role',
      'the upstream takes system text only at the beginning; it goes as marked user text',
    )
    const marked = parts.map((part) =>
      typeof part.text === 'string' ? { text: `<system-reminder>\n${part.text}\n</system-reminder>` } : part,
    )
    this.#say('user', marked)
  }

  #user(blocks: readonly Block[], answered: ReadonlySet<ToolResultBlock>): void {
    const parts = blocks.flatMap((block) => {
      if (block.type !== 'tool-result') return this.#content.parts(block)
      return answered.has(block) ? [] : this.#orphan(block)
    })
    this.#say('user', parts)
  }

  /** A result whose call is gone (a compacted conversation), or that came twice. */
  #orphan(block: ToolResultBlock): JsonObject[] {
    this.#warnings.add(
      'changed',
      'messages[].content[].tool_result',
      'a result without its call is sent as text',
    )
    const { response, parts, after } = this.#content.result(block, 'a tool')
    const said = String(response.output ?? response.error)
    const heading = `[Result of the tool call ${block.callId}, which is not part of this conversation]`
    return [{ text: `${heading}\n${said}` }, ...parts, ...after]
  }

  // ==== What the model said

  /** The calls of the message; of two with one id the first. */
  #model(blocks: readonly Block[]): ToolCallBlock[] {
    const calls = uniqueCalls(blocks)
    if (calls.length < blocks.filter((block) => block.type === 'tool-call').length)
      this.#warnings.add(
        'dropped',
        'messages[].content[].tool_use',
        'two calls of one message had the same id',
      )
    const turn = new ModelTurn()
    for (const block of blocks) {
      if (block.type === 'thinking') this.#thinking(block.text, block.signature, turn)
      else if (block.type === 'redacted-thinking')
        this.#warnings.add('dropped', 'messages[].content[].redacted_thinking', 'only its maker can read it')
      else if (block.type === 'tool-call') {
        if (calls.includes(block)) turn.push(this.#call(block))
      } else for (const part of this.#content.parts(block)) turn.push(part)
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

  #results(
    calls: readonly ToolCallBlock[],
    results: readonly ToolResultBlock[],
    answered: Set<ToolResultBlock>,
  ): void {
    const responses: JsonObject[] = []
    const behind: JsonObject[] = []
    const byCall = Map.groupBy(results, (result) => result.callId)
    for (const call of calls) {
      const own = byCall.get(call.id) ?? []
      for (const result of own) answered.add(result)
      const { response, parts, after } = this.#result(call, own)
      const functionResponse = {
        name: this.#names.sent(call.name),
        response,
        ...(parts.length > 0 && { parts }),
      }
      responses.push({ functionResponse })
      behind.push(...after)
    }
    this.#say('user', [...responses, ...behind])
  }

  /** A result that was sent again replaces the first. */
  #result(call: ToolCallBlock, own: readonly ToolResultBlock[]): ReturnType<ContentEncoder['result']> {
    const field = 'messages[].content[].tool_result'
    if (own.length > 1)
      this.#warnings.add('dropped', field, 'of several results for one call the last counts')
    const last = own.at(-1)
    if (last !== undefined) return this.#content.result(last, call.name)
    this.#warnings.add('emulated', field, 'a call without a result got one that says so')
    return { response: { error: NO_RESULT }, parts: [], after: [] }
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
