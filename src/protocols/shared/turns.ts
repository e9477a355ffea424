import { joined } from '../../lib/append.ts'
import type { Block, Message, TextBlock, ToolCallBlock, ToolResultBlock } from '../../message/request.ts'
import type { Warnings } from './warnings.ts'

/** Where one assistant message ended and the next began. */
const PARAGRAPH: TextBlock = { type: 'text', text: '\n\n' }

/** Neighbouring messages of one role as one. The messages given stay as they are. */
export function mergeRoles(messages: readonly Message[]): Message[] {
  const merged: Message[] = []
  /** Content of the last one, once it has grown: copied once, not for each message that joins it. */
  let grown: Block[] | undefined
  for (const message of messages) {
    const last = merged.at(-1)
    if (last?.role !== message.role || message.role === 'system') {
      merged.push(message)
      grown = undefined
      continue
    }
    if (grown === undefined) {
      grown = [...last.content]
      merged[merged.length - 1] = { role: message.role, content: grown }
    }
    const areTexts = grown.at(-1)?.type === 'text' && message.content[0]?.type === 'text'
    if (message.role === 'assistant' && areTexts) grown.push(PARAGRAPH)
    for (const block of message.content) grown.push(block)
  }
  return merged
}

// ==== Calls and results

/** The calls of a message, in its order; of two with one id the first. */
export function uniqueCalls(blocks: readonly Block[], warnings: Warnings): ToolCallBlock[] {
  const first = blocks.find(isCall)
  if (first === undefined) return []
  if (first === blocks.findLast(isCall)) return [first]
  const unique = new Map<string, ToolCallBlock>()
  for (const call of blocks.filter(isCall)) {
    if (unique.has(call.id))
      warnings.add('dropped', 'messages[].content[].tool_use', 'two calls of one message had the same id')
    else unique.set(call.id, call)
  }
  return [...unique.values()]
}

/** A message without its calls but for `calls`, which are its {@link uniqueCalls}. */
export function withoutRepeated(blocks: readonly Block[], calls: readonly ToolCallBlock[]): readonly Block[] {
  let called = 0
  for (const block of blocks) if (block.type === 'tool-call') called++
  if (called === calls.length) return blocks
  const wanted = new Set<Block>(calls)
  return blocks.filter((block) => block.type !== 'tool-call' || wanted.has(block))
}

function isCall(block: Block): block is ToolCallBlock {
  return block.type === 'tool-call'
}

/** Every result up to the next assistant message. */
export function resultsAfter(messages: readonly Message[], at: number): ToolResultBlock[] {
  let results: ToolResultBlock[] = []
  for (let next = at + 1; next < messages.length && messages[next]!.role !== 'assistant'; next++) {
    for (const block of messages[next]!.content)
      if (block.type === 'tool-result') results = joined(results, [block])
  }
  return results
}

const RESULT = 'messages[].content[].tool_result'

/** Each call with its result: of several the last, which was sent again. All of them are `answered` then. */
export function pairResults(
  calls: readonly ToolCallBlock[],
  results: readonly ToolResultBlock[],
  answered: Set<ToolResultBlock>,
  warnings: Warnings,
): [ToolCallBlock, ToolResultBlock][] {
  if (calls.length === 0) return []
  const only = onlyPair(calls, results)
  if (only !== undefined) {
    answered.add(only[1])
    return [only]
  }
  const byCall = Map.groupBy(results, (result) => result.callId)
  return calls.map((call) => {
    const own = byCall.get(call.id) ?? []
    for (const result of own) answered.add(result)
    if (own.length > 1) warnings.add('dropped', RESULT, 'of several results for one call the last counts')
    return [call, own.at(-1) ?? missingResult(call, warnings)]
  })
}

/** What most turns are: one call and its result. */
function onlyPair(
  calls: readonly ToolCallBlock[],
  results: readonly ToolResultBlock[],
): [ToolCallBlock, ToolResultBlock] | undefined {
  if (calls.length !== 1 || results.length !== 1) return undefined
  const call = calls[0]!
  const result = results[0]!
  return result.callId === call.id ? [call, result] : undefined
}

/** Of a call whose result never came. */
function missingResult({ id }: ToolCallBlock, warnings: Warnings): ToolResultBlock {
  warnings.add('emulated', RESULT, 'a call without a result got one that says so')
  const text = 'The tool was interrupted: it has no result.'
  return { type: 'tool-result', callId: id, content: [{ type: 'text', text }], isError: true }
}

/** What stands before a result whose call is gone (a compacted conversation), or that came twice. */
export function orphanHeading({ callId }: ToolResultBlock, warnings: Warnings): string {
  warnings.add('changed', RESULT, 'a result without its call is sent as text')
  return `[Result of the tool call ${callId}, which is not part of this conversation]`
}

// ==== What is said in place of someone

/** Said for the user where a conversation begins with the assistant. */
export const BEGINNING = '(The conversation so far.)'

/** Said for the user where an unfinished assistant message is history, not a beginning to go on from. */
export function askToContinue(warnings: Warnings): string {
  const reason = 'the upstream does not go on from an assistant message; it is asked to'
  warnings.add('emulated', 'messages[last]', reason)
  return 'Continue your last message exactly where it ends. Do not repeat any of it.'
}

/** System text inside the conversation, for APIs that take it only at the top: how Claude Code itself puts it. */
export function asReminder(text: string, warnings: Warnings): string {
  const reason = 'the upstream takes system text only at the beginning; it goes as marked user text'
  warnings.add('changed', 'messages[].role', reason)
  return `<system-reminder>\n${text}\n</system-reminder>`
}

// ==== Reasoning

/**
 * Messages whose reasoning goes back: those of the turn that is going on, and of every turn in which a tool was
 * called. DeepSeek demands both ("must be passed back in all subsequent requests"), and ignores the others.
 */
export function reasoningToReplay(messages: readonly Message[]): Set<Message> {
  const replayed = new Set<Message>()
  let turn: Message[] = []
  let called = false
  for (const message of messages) {
    if (message.role === 'user' && !message.content.some((block) => block.type === 'tool-result')) {
      if (called) for (const one of turn) replayed.add(one)
      turn = []
      called = false
    }
    if (message.role !== 'assistant') continue
    turn.push(message)
    called ||= message.content.some((block) => block.type === 'tool-call')
  }
  for (const one of turn) replayed.add(one)
  return replayed
}
