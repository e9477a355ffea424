import type { Block, Message, TextBlock, ToolCallBlock, ToolResultBlock } from '../../message/request.ts'

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

/** The calls of a message; of two with one id the first. */
export function uniqueCalls(blocks: readonly Block[]): ToolCallBlock[] {
  const calls = new Map<string, ToolCallBlock>()
  for (const block of blocks)
    if (block.type === 'tool-call' && !calls.has(block.id)) calls.set(block.id, block)
  return [...calls.values()]
}

/** Every result up to the next assistant message. */
export function resultsAfter(messages: readonly Message[], at: number): ToolResultBlock[] {
  const results: ToolResultBlock[] = []
  for (let next = at + 1; next < messages.length && messages[next]!.role !== 'assistant'; next++) {
    for (const block of messages[next]!.content) if (block.type === 'tool-result') results.push(block)
  }
  return results
}

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
