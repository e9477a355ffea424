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
  const paired: Turn[] = []
  let open = new Set<string>()
  for (const { role, content } of turns) {
    if (role === 'user') {
      paired.push({ role, content: resultsFirst(content, open) })
      open = new Set()
      continue
    }
    // "tool_use ids must be unique"
    const calls = new Set<string>()
    const unique = content.filter((block) => !isType('tool_use')(block) || isNew(String(block['id']), calls))
    if (unique.length < content.length)
      warnings.add('dropped', 'messages[].content[].tool_use', 'two calls of one message had the same id')
    paired.push({ role, content: unique })
    open = calls
  }
  if (open.size > 0) {
    paired.push({ role: 'user', content: resultsFirst([], open) })
    warnings.add('changed', 'messages', 'the last tool calls have no results; they are told as failed')
  }
  return paired
}

function isNew(id: string, known: Set<string>): boolean {
  const before = known.size
  return known.add(id).size > before
}

/** The last result of a call counts; a call without one failed; a result without a call is only text. */
function resultsFirst(content: readonly JsonObject[], calls: ReadonlySet<string>): JsonObject[] {
  const results = new Map<string, JsonObject>()
  const rest: JsonObject[] = []
  for (const block of content) {
    const id = String(block['tool_use_id'])
    if (block['type'] !== 'tool_result') rest.push(block)
    else if (calls.has(id)) results.set(id, block)
    else append(rest, orphan(block))
  }
  return [...[...calls].map((id) => results.get(id) ?? missing(id)), ...rest]
}

function missing(id: string): JsonObject {
  return {
    type: 'tool_result',
    tool_use_id: id,
    content: [text('The tool call was interrupted: it has no result.')],
    is_error: true,
  }
}

function orphan(block: JsonObject): JsonObject[] {
  const content = (block['content'] as JsonObject[]).filter((inner) => !isType('tool_reference')(inner))
  return [text('[Result of an earlier tool call]'), ...content]
}

function isType(type: string): (block: JsonObject) => boolean {
  return (block) => block['type'] === type
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
