import { append, gather } from '../../lib/append.ts'
import type { Block, JsonObject, Request, ToolCallBlock, ToolResultBlock } from '../../message/request.ts'
import { withoutAttribution } from './attribution.ts'
import { originalCallId, shortCallId, shortHash } from './identity.ts'
import type { ToolNames } from './tool-names.ts'
import type { Warnings } from './warnings.ts'
import { ContentEncoder, textPart } from './chat-content.ts'
import type { ContentOptions, Part } from './chat-content.ts'
import {
  asReminder,
  askToContinue,
  mergeRoles,
  orphanHeading,
  pairResults,
  reasoningToReplay,
  resultsAfter,
  uniqueCalls,
} from './turns.ts'

export interface MessageOptions extends ContentOptions {
  systemRole: 'system' | 'developer'
  systemAnywhere: boolean
  userAfterTool: boolean
  /** Field of the history that takes reasoning back. */
  reasoningField: 'reasoning_content' | 'reasoning' | undefined
  /** Tool call ids have exactly this length. */
  callIdLength: number | undefined
}

/** OpenAI refuses longer ids of tool calls. */
const CALL_ID_LENGTH_MAX = 40

/** Said for the client where an upstream wants the assistant to speak between a result and the user. */
const BRIDGE = 'Understood.'

/**
 * The conversation as this API wants it: results directly after the calls that they answer, in call order, one
 * message each; no two messages of one role where one would do; nothing empty; the user last.
 */
export function encodeMessages(
  request: Request,
  options: MessageOptions,
  names: ToolNames,
  warnings: Warnings,
): JsonObject[] {
  return new Conversation(options, names, warnings).encode(request)
}

interface Draft {
  /** Its content, where others may still add to it: what they come to is known at the end. */
  parts: Part[]
  message: DraftMessage
}

interface DraftMessage extends JsonObject {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  content: unknown
}

class Conversation {
  readonly #options: MessageOptions
  readonly #names: ToolNames
  readonly #warnings: Warnings
  readonly #content: ContentEncoder
  readonly #drafts: Draft[] = []

  constructor(options: MessageOptions, names: ToolNames, warnings: Warnings) {
    this.#options = options
    this.#names = names
    this.#warnings = warnings
    this.#content = new ContentEncoder(options, warnings)
  }

  encode(request: Request): JsonObject[] {
    this.#system(request.system, true)
    const messages = mergeRoles(request.messages)
    const replayed = reasoningToReplay(messages)
    const answered = new Set<ToolResultBlock>()
    messages.forEach((message, at) => {
      if (message.role === 'system') return this.#system(message.content, this.#drafts.length === 0)
      if (message.role === 'user') return this.#user(message.content, answered)
      const calls = this.#assistant(message.content, replayed.has(message))
      this.#results(pairResults(calls, resultsAfter(messages, at), answered, this.#warnings))
    })
    if (this.#drafts.at(-1)?.message.role === 'assistant')
      this.#sayUser([{ text: askToContinue(this.#warnings) }])
    return this.#drafts.map(({ parts, message }) => {
      if (parts.length > 0) message.content = this.#content.content(parts)
      return message
    })
  }

  #add(message: DraftMessage, parts: Part[]): void {
    this.#drafts.push({ message, parts })
  }

  #system(blocks: readonly Block[], leading: boolean): void {
    const parts = withoutAttribution(blocks, this.#warnings)
      .flatMap((block) => this.#content.parts(block))
      .filter((part) => 'text' in part)
    if (parts.length === 0) return
    if (leading || this.#options.systemAnywhere) {
      this.#add({ role: this.#options.systemRole, content: '' }, parts)
      return
    }
    this.#sayUser(parts.map(({ text, cache }) => textPart(asReminder(text, this.#warnings), cache)))
  }

  #user(blocks: readonly Block[], answered: ReadonlySet<ToolResultBlock>): void {
    const parts = gather(blocks, (block) => {
      if (block.type !== 'tool-result') return this.#content.parts(block)
      return answered.has(block) ? [] : this.#orphan(block)
    })
    if (parts.length > 0) this.#sayUser(parts)
  }

  #orphan(block: ToolResultBlock): Part[] {
    const heading = orphanHeading(block, this.#warnings)
    const { text, attachments } = this.#content.result(block, 'a tool')
    return [{ text: `${heading}\n${text}` }, ...attachments]
  }

  #sayUser(parts: Part[]): void {
    const last = this.#drafts.at(-1)
    if (last?.message.role === 'user') return append(last.parts, parts)
    if (last?.message.role === 'tool' && !this.#options.userAfterTool)
      this.#add({ role: 'assistant', content: BRIDGE }, [])
    this.#add({ role: 'user', content: '' }, parts)
  }

  #assistant(blocks: readonly Block[], replay: boolean): ToolCallBlock[] {
    const calls = uniqueCalls(blocks, this.#warnings)
    const text = this.#assistantText(blocks)
    const thinking = this.#thinking(blocks, replay)
    if (text === '' && calls.length === 0) return []
    const message: DraftMessage = { role: 'assistant', content: text === '' ? null : text }
    const field = this.#reasoningField(thinking, calls.length > 0)
    if (field !== undefined) message[field] = thinking
    if (calls.length > 0) message.tool_calls = calls.map((call) => this.#call(call))
    this.#add(message, [])
    return calls
  }

  /** Always one string: neighbouring blocks are one text (cut by citations), others are paragraphs. */
  #assistantText(blocks: readonly Block[]): string {
    let text = ''
    let previous: Block['type'] | undefined
    for (const block of blocks) {
      const said = this.#saidBy(block)
      if (said !== '') {
        text += text !== '' && (previous !== 'text' || block.type !== 'text') ? `\n\n${said}` : said
      }
      previous = block.type
    }
    return text
  }

  #saidBy(block: Block): string {
    if (block.type === 'tool-call' || block.type === 'thinking' || block.type === 'tool-result') return ''
    if (block.type === 'redacted-thinking') {
      this.#warnings.add('dropped', 'messages[].content[].redacted_thinking', 'only its maker can read it')
      return ''
    }
    const parts = this.#content.parts(block)
    if (parts.some((part) => 'other' in part)) {
      this.#warnings.add(
        'dropped',
        `messages[].content[].${block.type}`,
        'assistant messages hold only text here',
      )
    }
    return parts.map((part) => ('text' in part ? part.text : '')).join('\n')
  }

  #thinking(blocks: readonly Block[], replay: boolean): string {
    let thinking = ''
    for (const block of blocks) if (block.type === 'thinking') thinking += block.text
    if (thinking === '') return ''
    if (this.#options.reasoningField !== undefined && replay) return thinking
    this.#warnings.add(
      'dropped',
      'messages[].content[].thinking',
      'the upstream takes back no reasoning of earlier turns',
    )
    return ''
  }

  /** DeepSeek answers 400 to a call in the history without `reasoning_content`, even where the model did not think. */
  #reasoningField(thinking: string, called: boolean): MessageOptions['reasoningField'] {
    const field = this.#options.reasoningField
    return thinking !== '' || (called && field === 'reasoning_content') ? field : undefined
  }

  #call(call: ToolCallBlock): JsonObject {
    return {
      id: this.#callId(call.id),
      type: 'function',
      function: { name: this.#names.sent(call.name), arguments: call.arguments },
    }
  }

  #results(pairs: readonly [ToolCallBlock, ToolResultBlock][]): void {
    const attachments: Part[] = []
    for (const [call, result] of pairs) {
      const { text, attachments: own } = this.#content.result(result, call.name)
      const message: DraftMessage = { role: 'tool', content: '', tool_call_id: this.#callId(call.id) }
      this.#add(message, text === '' ? [] : [textPart(text, result.cache)])
      append(attachments, own)
    }
    if (attachments.length > 0) this.#sayUser(attachments)
  }

  #callId(id: string): string {
    const length = this.#options.callIdLength
    if (length === undefined) return shortCallId(id, CALL_ID_LENGTH_MAX)
    const original = originalCallId(id)
    const fits = original.length === length && /^[a-zA-Z0-9]+$/.test(original)
    return fits ? original : shortHash(original, length)
  }
}
