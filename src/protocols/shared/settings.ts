import type { JsonObject, Request, TextBlock } from '../../message/request.ts'
import type { EncodeTarget, Memo } from '../translation.ts'
import type { ToolNames } from './tool-names.ts'
import type { Warnings } from './warnings.ts'

/** Settings that most APIs take, each under a name of its own. */

/**
 * A reasoning model spends the limit on thinking first, and answers 400 or nothing where none is left. Claude Code
 * asks for 1 token when the user switches models and for 64 when it checks a command.
 */
const REASONING_ROOM_TOKENS = 1024

/** The answer's limit, in tokens, as the model accepts it. `least`: the smallest that the API takes. */
export function outputLimit(
  request: Request,
  { facts }: EncodeTarget,
  reasons: boolean,
  least: number,
  warnings: Warnings,
): number | undefined {
  const wanted = request.maxTokens
  if (wanted === undefined) return undefined
  const room = Math.max(least, reasons ? REASONING_ROOM_TOKENS : 1)
  const most = facts?.maxOutputTokens ?? Infinity
  const limit = Math.min(Math.max(wanted, room), most)
  if (limit > wanted)
    warnings.add('changed', 'max_tokens', `raised from ${wanted} to ${limit}: the model needs room to think`)
  if (limit < wanted)
    warnings.add(
      'changed',
      'max_tokens',
      `lowered from ${wanted} to ${limit}, the most that the model can say`,
    )
  return limit
}

/** The stop sequences to send, `most` of them. What is not sent, the gateway enforces itself. */
export function sendableStops(
  wanted: readonly string[],
  most: number,
  memo: Memo,
  warnings: Warnings,
): readonly string[] {
  if (wanted.length > most) {
    memo.enforceStop = wanted.slice(most)
    const number = most === 0 ? 'none' : String(most)
    const reason = `the upstream takes ${number}; the gateway cuts the answer at the others`
    warnings.add('emulated', 'stop_sequences', reason)
  }
  return wanted.slice(0, most)
}

/** For hosts and models that take no schema: what to tell the model instead. */
export function jsonInstruction(schema: JsonObject | undefined): TextBlock {
  const text =
    schema === undefined
      ? 'Answer with one JSON object and nothing else.'
      : `Answer with nothing but JSON that follows this JSON Schema:\n${JSON.stringify(schema)}`
  return { type: 'text', text }
}

/** The request with one instruction more. */
export function instructed(request: Request, instruction: TextBlock | undefined): Request {
  return instruction === undefined ? request : { ...request, system: [...request.system, instruction] }
}

/** Fields of the client's API that the upstream's has no word for. */
export function dropExtra({ extra }: Request, reason: string, warnings: Warnings): void {
  for (const field in extra) if (extra[field] !== null) warnings.add('dropped', field, reason)
}

/** Whom the request is for. */
export function dropUser({ userId }: Request, warnings: Warnings): void {
  if (userId !== undefined && userId !== '')
    warnings.add('dropped', 'metadata.user_id', 'the upstream has no field for it')
}

/** Notes what decoding the answer needs of the request: names that had to change, and ids that are taken. */
export function noteNames(request: Request, names: ToolNames, memo: Memo): void {
  if (names.changed.size > 0) memo.toolNames = names.changed
  const ids = new Set<string>()
  for (const { content } of request.messages)
    for (const block of content) if (block.type === 'tool-call') ids.add(block.id)
  if (ids.size > 0) memo.callIds = ids
}
