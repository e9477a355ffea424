import { append, gather, joined } from '../../lib/append.ts'
import type { Block, JsonObject, Message, ToolCallBlock, ToolResultBlock } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'
import { BEGINNING, mergeRoles, uniqueCalls, withoutRepeated } from '../shared/turns.ts'
import type { Warnings } from '../shared/warnings.ts'
import { joinedMarked } from './cache-points.ts'
import { encodeContent, encodeResult, missingResult } from './content-encode.ts'
import type { ContentContext } from './content-encode.ts'

export interface Turn {
  role: 'user' | 'assistant'
  content: JsonObject[]
}

/**
 * The conversation in turns: user first, roles in alternation, and behind every turn with calls their results, all
 * of them, before anything else.
 */
export function encodeMessages(messages: readonly Message[], context: ContentContext): Turn[] {
  const turns: Turn[] = []
  let open: readonly ToolCallBlock[] = []
  for (const message of mergeRoles(messages.map((each) => asTurn(each, context.warnings)))) {
    if (message.role === 'assistant') {
      addTurn(turns, 'user', missingResults(open, context))
      open = uniqueCalls(message.content, context.warnings)
      addTurn(turns, 'assistant', encodeAssistant(message.content, open, context))
    } else {
      addTurn(turns, 'user', encodeUser(message.content, open, context))
      open = []
    }
  }
  addTurn(turns, 'user', missingResults(open, context))
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', content: [{ text: BEGINNING }] })
  for (const { content } of turns)
    if (needsText(content)) content.push({ text: 'See the attached document.' })
  return trimEnd(turns)
}

function addTurn(turns: Turn[], role: Turn['role'], content: JsonObject[]): void {
  if (content.length === 0) return
  const last = turns.at(-1)
  if (last?.role === role) append(last.content, content)
  else turns.push({ role, content })
}

/** Few models know system text inside the conversation; this is how Claude Code itself puts it to them. */
function asTurn(message: Message, warnings: Warnings): Message {
  if (message.role !== 'system') return message
  warnings.add('changed', 'messages[].role', 'system text inside the conversation goes as marked user text')
  return { role: 'user', content: message.content.map(asReminder) }
}

function asReminder(block: Block): Block {
  return block.type === 'text' && block.text.trim() !== ''
    ? { ...block, text: `<system-reminder>\n${block.text}\n</system-reminder>` }
    : block
}

// ==== Assistant

function encodeAssistant(
  blocks: readonly Block[],
  calls: readonly ToolCallBlock[],
  context: ContentContext,
): JsonObject[] {
  return reasoningFirst(encodeContent(withoutRepeated(blocks, calls), context))
}

/**
 * A turn begins with its reasoning, and does not end with it; between its calls it stays where it was, because Claude
 * refuses a turn whose thinking moved. A turn of reasoning alone says nothing.
 */
function reasoningFirst(content: JsonObject[]): JsonObject[] {
  if (!content.some(isReasoning)) return content
  const reasoning = content.filter(isReasoning)
  const rest = content.filter((element) => !isReasoning(element))
  if (rest.every((element) => element.cachePoint !== undefined)) return []
  const isOrdered = isReasoning(content[0]!) && !isReasoning(content.at(-1)!)
  return isOrdered ? content : [...reasoning, ...rest]
}

function isReasoning(element: JsonObject): boolean {
  return element.reasoningContent !== undefined
}

// ==== User

/** The last result of a call counts; a call without one failed; a result without a call is only text. */
function encodeUser(
  blocks: readonly Block[],
  calls: readonly ToolCallBlock[],
  context: ContentContext,
): JsonObject[] {
  const { traits, warnings } = context
  const results = resultsOf(calls, blocks, warnings)
  let content: JsonObject[] = []
  let attachments: JsonObject[] = []
  for (const call of calls) {
    const result = results.get(call.id)
    if (result === undefined) content = joined(content, missingResults([call], context))
    else {
      const encoded = encodeResult(result, call.name, context)
      content = joinedMarked(content, [encoded.result], markOf(result), traits, warnings)
      attachments = joined(attachments, encoded.attachments)
    }
  }
  const rest = gather(blocks, (block) =>
    block.type !== 'tool-result' ? [block] : results.has(block.callId) ? [] : orphan(block, warnings),
  )
  return joined(joined(content, attachments), encodeContent(rest, context))
}

/** The result of each call by its id; undefined for one that has none. */
function resultsOf(
  calls: readonly ToolCallBlock[],
  blocks: readonly Block[],
  warnings: Warnings,
): ReadonlyMap<string, ToolResultBlock | undefined> {
  if (calls.length === 0) return NO_RESULTS
  const results = new Map<string, ToolResultBlock | undefined>()
  for (const { id } of calls) results.set(id, undefined)
  for (const block of blocks) {
    if (block.type !== 'tool-result' || !results.has(block.callId)) continue
    if (results.get(block.callId) !== undefined)
      warnings.add(
        'dropped',
        'messages[].content[].tool_result',
        'of several results for one call the last counts',
      )
    results.set(block.callId, block)
  }
  return results
}

const NO_RESULTS: ReadonlyMap<string, ToolResultBlock> = new Map()

/** Inside a result no mark may stand: one in there is the result's. */
function markOf(result: ToolResultBlock): ToolResultBlock['cache'] {
  let inner: ToolResultBlock['cache']
  for (const block of result.content) if ('cache' in block) inner = block.cache ?? inner
  return result.cache ?? inner
}

function missingResults(calls: readonly ToolCallBlock[], context: ContentContext): JsonObject[] {
  if (calls.length === 0) return []
  context.warnings.add(
    'emulated',
    'messages[].content[].tool_result',
    'a call without a result got one that says so',
  )
  return calls.map((call) => missingResult(call, context))
}

/** A result whose call is gone: a compacted conversation. */
function orphan(block: ToolResultBlock, warnings: Warnings): Block[] {
  warnings.add('changed', 'messages[].content[].tool_result', 'a result without its call is sent as text')
  return [{ type: 'text', text: '[Result of an earlier tool call]' }, ...block.content]
}

/** "A text block is required when using documents." */
function needsText(content: readonly JsonObject[]): boolean {
  return (
    content.some((element) => element.document !== undefined) &&
    !content.some((element) => element.text !== undefined)
  )
}

/** "final assistant content cannot end with trailing whitespace" */
function trimEnd(turns: Turn[]): Turn[] {
  const last = turns.at(-1)
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (isObject(block) && typeof block.text === 'string') block.text = block.text.trimEnd()
  return turns
}
