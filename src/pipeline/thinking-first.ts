import type { JsonObject, Warning } from '../message/request.ts'
import type { ForeignBlocks, ThinkingFirst } from '../protocols/foreign.ts'
import { fieldsWithin } from '../wire/json-edits.ts'
import { arrayElements, readString } from '../wire/json-scan.ts'
import type { Edit, Span } from '../wire/json-scan.ts'
import { isForeignBlock, parseBlock } from './foreign-blocks.ts'
import type { ScannedBody } from './foreign-blocks.ts'

/** For the row of a call that was sent without the thinking that it asked for. */
export const STARTED_WITHOUT: Warning = {
  kind: 'dropped',
  field: 'thinking',
  reason: 'the last tool calls came without thinking, and Claude wants all or none',
}

/**
 * Turns thinking off in a client's body where the upstream would refuse it: in a loop of tools that another model
 * began. An agent that switched its model there got a 400 for the rest of the turn. `foreign`: the blocks that are cut
 * out besides.
 */
export function withoutLateThinking(
  scanned: ScannedBody,
  rule: ThinkingFirst,
  foreign: ForeignBlocks | undefined,
  model: string,
): Edit[] {
  const { body, fields } = scanned
  const settings = parseFields(body, fields, rule.fields)
  const changed = settings === undefined ? undefined : rule.without(settings)
  const messages = fields.get('messages')
  if (changed === undefined || messages === undefined) return []
  const spans = lastAnswer(body, messages)
  const kept = spans.filter((span) => foreign === undefined || !isForeignBlock(scanned, span, foreign, model))
  const blocks = kept.map((span) => parseBlock(body, span) ?? {})
  const calls = blocks.filter((block) => rule.isCall(block))
  if (calls.length === 0 || rule.isThinking(blocks[0]!)) return []
  if (kept.length === spans.length && calls.every((call) => rule.isOwnCall(call))) return []
  return Object.entries(changed).map(([name, value]) => ({
    span: fields.get(name)!,
    text: JSON.stringify(value),
  }))
}

function parseFields(
  body: Buffer,
  fields: ReadonlyMap<string, Span>,
  names: readonly string[],
): JsonObject | undefined {
  const found = names.flatMap((name) => {
    const span = fields.get(name)
    const value = span && parseBlock(body, span)
    return value === undefined ? [] : [[name, value] as const]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** The blocks of the last message that the assistant said. */
function lastAnswer(body: Buffer, messages: Span): Span[] {
  for (const message of (arrayElements(body, messages) ?? []).toReversed()) {
    const members = fieldsWithin(body, message)
    const role = members?.get('role')
    if (role === undefined || readString(body, role) !== 'assistant') continue
    const content = members?.get('content')
    return (content && arrayElements(body, content)) ?? []
  }
  return []
}
