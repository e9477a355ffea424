import { append } from '../../lib/append.ts'
import type { JsonObject, Message } from '../../message/request.ts'
import { BEGINNING } from '../shared/turns.ts'
import { encodeContent } from './content-encode.ts'
import type { ContentContext } from './content-encode.ts'

export interface Turn {
  role: 'user' | 'assistant'
  content: JsonObject[]
}

/**
 * The conversation in turns: user first, roles in alternation, and behind every turn with tool calls their results,
 * all of them, before anything else ("tool_use ids were found without tool_result blocks immediately after").
 */
export function encodeMessages(messages: readonly Message[], context: ContentContext): Turn[] {
  const turns = pairResults(mergeTurns(messages, context), context)
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', content: [text(BEGINNING)] })
  return trimEnd(turns)
}

function mergeTurns(messages: readonly Message[], context: ContentContext): Turn[] {
  const turns: Turn[] = []
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const content = encodeContent(message.content, context)
    if (content.length === 0) continue
    const blocks = message.role === 'system' ? content.map(asReminder) : content
    if (message.role === 'system')
      context.warnings.add(
        'changed',
        'messages[].role',
        'system text inside the conversation goes as marked user text',
      )
    const last = turns.at(-1)
    if (last?.role === role) append(last.content, blocks)
    else turns.push({ role, content: blocks })
  }
  return turns
}

/** Older Claude models know system text only at the top; this is how Claude Code itself puts it to them. */
function asReminder(block: JsonObject): JsonObject {
  return block['type'] === 'text'
    ? { ...block, text: `<system-reminder>\n${String(block['text'])}\n</system-reminder>` }
    : block
}

function pairResults(turns: Turn[], { warnings }: ContentContext): Turn[] {
  let calling: readonly JsonObject[] = []
  for (const turn of turns) {
    if (turn.role === 'user') {
      if (!isPaired(turn.content, calling)) turn.content = resultsFirst(turn.content, calling)
      calling = []
      continue
    }
    const unique = uniqueCalls(turn.content)
    if (unique.length < turn.content.length)
      warnings.add('dropped', 'messages[].content[].tool_use', 'two calls of one message had the same id')
    turn.content = unique
    calling = unique
  }
  if (calling.some(isCall)) {
    turns.push({ role: 'user', content: resultsFirst([], calling) })
    warnings.add('changed', 'messages', 'the last tool calls have no results; they are told as failed')
  }
  return turns
}

/** "tool_use ids must be unique" */
function uniqueCalls(content: JsonObject[]): JsonObject[] {
  if (content.findIndex(isCall) === content.findLastIndex(isCall)) return content
  const ids = new Set<unknown>()
  return content.filter((block) => !isCall(block) || isNew(block['id'], ids))
}

function isNew(id: unknown, known: Set<unknown>): boolean {
  const before = known.size
  return known.add(id).size > before
}

/** Does the content begin with the results of the calls, in their order, and have no others? */
function isPaired(content: readonly JsonObject[], calling: readonly JsonObject[]): boolean {
  let results = 0
  for (const call of calling) {
    if (!isCall(call)) continue
    const result = content[results++]
    if (result === undefined || !isResult(result) || result['tool_use_id'] !== call['id']) return false
  }
  return content.findLastIndex(isResult) === results - 1
}

/** The last result of a call counts; a call without one failed; a result without a call is only text. */
function resultsFirst(content: readonly JsonObject[], calling: readonly JsonObject[]): JsonObject[] {
  const results = new Map<unknown, JsonObject | undefined>()
  for (const call of calling) if (isCall(call)) results.set(call['id'], undefined)
  const rest: JsonObject[] = []
  for (const block of content) {
    const id = block['tool_use_id']
    if (!isResult(block)) rest.push(block)
    else if (results.has(id)) results.set(id, block)
    else append(rest, orphan(block))
  }
  return [...Array.from(results, ([id, result]) => result ?? missing(id)), ...rest]
}

function missing(id: unknown): JsonObject {
  return {
    type: 'tool_result',
    tool_use_id: id,
    content: [text('The tool call was interrupted: it has no result.')],
    is_error: true,
  }
}

function orphan(block: JsonObject): JsonObject[] {
  const content = (block['content'] as JsonObject[]).filter((inner) => inner['type'] !== 'tool_reference')
  return [text('[Result of an earlier tool call]'), ...content]
}

function isCall(block: JsonObject): boolean {
  return block['type'] === 'tool_use'
}

function isResult(block: JsonObject): boolean {
  return block['type'] === 'tool_result'
}

function text(words: string): JsonObject {
  return { type: 'text', text: words }
}

/** "final assistant content cannot end with trailing whitespace" */
function trimEnd(turns: Turn[]): Turn[] {
  const last = turns.at(-1)
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  if (block?.['type'] === 'text') block['text'] = String(block['text']).trimEnd()
  return turns
}
