import type { Block, JsonObject, Request, ToolCallBlock, ToolResultBlock } from '../../message/request.ts'
import { isAttribution } from './attribution.ts'
import { originalCallId, shortCallId, shortHash } from './identity.ts'
import type { ToolNames } from './tool-names.ts'
import type { Warnings } from './warnings.ts'
import { ContentEncoder } from './chat-content.ts'
import type { ContentOptions, Part } from './chat-content.ts'
import { mergeRoles, reasoningToReplay, resultsAfter, uniqueCalls } from './turns.ts'

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

const CONTINUE = 'Continue your last message exactly where it ends. Do not repeat any of it.'
const NO_RESULT = '[tool error] The tool was interrupted: it has no result.'

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
  role: string
  parts: Part[]
  fields: JsonObject
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
      if (calls.length > 0) this.#results(calls, resultsAfter(messages, at), answered)
    })
    // Here an unfinished assistant message is history, not a beginning to go on from.
    if (this.#drafts.at(-1)?.role === 'assistant') {
      this.#warnings.add(
        'emulated',
        'messages[last]',
        'the upstream does not go on from an assistant message; it is asked to',
      )
      this.#sayUser([{ text: CONTINUE }])
    }
    return this.#drafts.map((draft) => ({ role: draft.role, ...this.#contentOf(draft), ...draft.fields }))
  }

  #contentOf(draft: Draft): JsonObject {
    if (draft.parts.length > 0) return { content: this.#content.content(draft.parts) }
    return { content: draft.role === 'assistant' ? null : '' }
  }

  #system(blocks: readonly Block[], leading: boolean): void {
    const texts = blocks.filter((block) => !(block.type === 'text' && isAttribution(block)))
    if (texts.length < blocks.length)
      this.#warnings.add('dropped', 'system[0]', 'the attribution block is for Anthropic only')
    const parts = texts.flatMap((block) => this.#content.parts(block)).filter((part) => 'text' in part)
    if (parts.length === 0) return
    if (leading || this.#options.systemAnywhere) {
      this.#drafts.push({ role: this.#options.systemRole, parts, fields: {} })
      return
    }
    this.#warnings.add(
      'changed',
      'messages[].role',
      'the upstream takes system text only at the beginning; it goes as marked user text',
    )
    this.#sayUser(
      parts.map(({ text, ...rest }) => ({ text: `<system-reminder>\n${text}\n</system-reminder>`, ...rest })),
    )
  }

  #user(blocks: readonly Block[], answered: ReadonlySet<ToolResultBlock>): void {
    const parts = blocks.flatMap((block) => {
      if (block.type !== 'tool-result') return this.#content.parts(block)
      return answered.has(block) ? [] : this.#orphan(block)
    })
    if (parts.length > 0) this.#sayUser(parts)
  }

  /** A result whose call is gone (a compacted conversation), or that came twice. */
  #orphan(block: ToolResultBlock): Part[] {
    this.#warnings.add(
      'changed',
      'messages[].content[].tool_result',
      'a result without its call is sent as text',
    )
    const { text, attachments } = this.#content.result(block, 'a tool')
    return [
      { text: `[Result of the tool call ${block.callId}, which is not part of this conversation]\n${text}` },
      ...attachments,
    ]
  }

  #sayUser(parts: Part[]): void {
    const last = this.#drafts.at(-1)
    if (last?.role === 'user') return void last.parts.push(...parts)
    if (last?.role === 'tool' && !this.#options.userAfterTool) {
      this.#drafts.push({ role: 'assistant', parts: [{ text: BRIDGE }], fields: {} })
    }
    this.#drafts.push({ role: 'user', parts, fields: {} })
  }

  #assistant(blocks: readonly Block[], replay: boolean): ToolCallBlock[] {
    const calls = uniqueCalls(blocks)
    if (calls.length < blocks.filter((block) => block.type === 'tool-call').length) {
      this.#warnings.add(
        'dropped',
        'messages[].content[].tool_use',
        'two calls of one message had the same id',
      )
    }
    const text = this.#assistantText(blocks)
    const thinking = this.#thinking(blocks, replay)
    if (text === '' && calls.length === 0) return []
    const fields = {
      ...this.#reasoningField(thinking, calls.length > 0),
      ...(calls.length > 0 && { tool_calls: calls.map((call) => this.#call(call)) }),
    }
    this.#drafts.push({ role: 'assistant', parts: text === '' ? [] : [{ text }], fields })
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
    const thinking = blocks.flatMap((block) => (block.type === 'thinking' ? [block.text] : [])).join('')
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
  #reasoningField(thinking: string, called: boolean): JsonObject {
    const field = this.#options.reasoningField
    if (field === undefined || (thinking === '' && !(called && field === 'reasoning_content'))) return {}
    return { [field]: thinking }
  }

  #call(call: ToolCallBlock): JsonObject {
    return {
      id: this.#callId(call.id),
      type: 'function',
      function: { name: this.#names.sent(call.name), arguments: call.arguments },
    }
  }

  #results(
    calls: readonly ToolCallBlock[],
    results: readonly ToolResultBlock[],
    answered: Set<ToolResultBlock>,
  ): void {
    const attachments: Part[] = []
    const byCall = Map.groupBy(results, (result) => result.callId)
    for (const call of calls) {
      const own = byCall.get(call.id) ?? []
      for (const result of own) answered.add(result)
      // A result that was sent again replaces the first.
      const last = own.at(-1)
      if (own.length > 1)
        this.#warnings.add(
          'dropped',
          'messages[].content[].tool_result',
          'of several results for one call the last counts',
        )
      if (last === undefined)
        this.#warnings.add(
          'emulated',
          'messages[].content[].tool_result',
          'a call without a result got one that says so',
        )
      const result =
        last === undefined ? { text: NO_RESULT, attachments: [] } : this.#content.result(last, call.name)
      const cache = last?.cache
      const part = { text: result.text, ...(cache !== undefined && { cache }) }
      this.#drafts.push({
        role: 'tool',
        parts: result.text === '' ? [] : [part],
        fields: { tool_call_id: this.#callId(call.id) },
      })
      attachments.push(...result.attachments)
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
