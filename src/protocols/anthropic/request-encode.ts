import type { JsonObject, Request } from '../../message/request.ts'
import type { ModelFacts } from '../../models/catalogue.ts'
import {
  claudeEffort,
  claudeMaxTokens,
  claudeSampling,
  claudeSchema,
  claudeStopSequences,
  claudeThinking,
  isNewGeneration,
} from '../shared/claude-settings.ts'
import { shortHash } from '../shared/identity.ts'
import { jsonPieces } from '../shared/json.ts'
import { dropExtra, jsonInstruction } from '../shared/settings.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Encoded, EncodeTarget } from '../translation.ts'
import { encodeContent } from './content-encode.ts'
import type { ContentContext } from './content-encode.ts'
import { encodeMessages } from './messages-encode.ts'
import type { Turn } from './messages-encode.ts'
import { encodeToolChoice, encodeTools } from './tools-encode.ts'

/**
 * A hub request as a Messages body. The order of its fields is part of it: tools and system before messages, or
 * prompt caches behind some of the API's hosts never hit.
 */
export function encodeRequest(request: Request, target: EncodeTarget): Encoded {
  const context: ContentContext = { names: new ToolNames(), warnings: new Warnings() }
  const { warnings, names } = context
  const { facts } = target
  const tools = encodeTools(request, context)
  const toolChoice = tools.length === 0 ? undefined : encodeToolChoice(request, context)
  const knowsSchemas = target.quirks.jsonSchema !== false
  const system = encodeSystem(request, knowsSchemas, context)
  const messages = endWithUser(encodeMessages(request.messages, context), facts, warnings)
  const maxTokens = claudeMaxTokens(request, facts, warnings)
  const thinking = claudeThinking(request, isInToolLoopWithoutThinking(messages), maxTokens, facts, warnings)
  const outputConfig = encodeOutputConfig(request, knowsSchemas, facts, warnings)
  limitCacheMarks([tools, system, ...messages.map(({ content }) => content)], warnings)
  dropExtra(request, 'Claude does not know it', warnings)
  const body = {
    model: target.model,
    max_tokens: maxTokens,
    ...(request.stream && { stream: true }),
    ...claudeSampling(request, thinking !== undefined && thinking['type'] !== 'disabled', facts, warnings),
    ...encodeStop(request.stopSequences, warnings),
    ...(request.userId !== undefined && { metadata: { user_id: shortHash(request.userId, 40) } }),
    ...(thinking !== undefined && { thinking }),
    ...(Object.keys(outputConfig).length > 0 && { output_config: outputConfig }),
    ...(toolChoice !== undefined && { tool_choice: toolChoice }),
    ...(tools.length > 0 && { tools }),
    ...(system.length > 0 && { system }),
    messages,
  }
  return {
    body: jsonPieces(body),
    warnings: warnings.list(),
    memo: names.changed.size > 0 ? { toolNames: names.changed } : {},
  }
}

function encodeSystem(request: Request, knowsSchemas: boolean, context: ContentContext): JsonObject[] {
  const system = encodeContent(request.system, context)
  const { format } = request
  // The API knows JSON by schema only, and at some hosts not even so.
  if (format === undefined || (format.schema !== undefined && knowsSchemas)) return system
  context.warnings.add('emulated', 'response_format', 'Claude is told to answer with JSON')
  return [...system, { ...jsonInstruction(format.schema) }]
}

/** Newer models refuse to continue a text that the client began ("prefill"). */
function endWithUser(turns: Turn[], facts: ModelFacts | undefined, warnings: Warnings): Turn[] {
  if (turns.at(-1)?.role !== 'assistant' || !isNewGeneration(facts)) return turns
  warnings.add('changed', 'messages', 'this model does not continue an assistant message; it is asked to')
  return [
    ...turns,
    { role: 'user', content: [{ type: 'text', text: 'Continue exactly where you stopped.' }] },
  ]
}

function encodeStop(sequences: readonly string[], warnings: Warnings): { stop_sequences?: string[] } {
  const usable = claudeStopSequences(sequences, warnings)
  return usable.length === 0 ? {} : { stop_sequences: usable }
}

function isInToolLoopWithoutThinking(turns: readonly Turn[]): boolean {
  const isLoop = turns.at(-1)?.content[0]?.['type'] === 'tool_result'
  const first = turns.at(-2)?.content[0]?.['type']
  return isLoop && first !== 'thinking' && first !== 'redacted_thinking'
}

function encodeOutputConfig(
  request: Request,
  knowsSchemas: boolean,
  facts: ModelFacts | undefined,
  warnings: Warnings,
): JsonObject {
  const effort = claudeEffort(request, facts, warnings)
  const schema = knowsSchemas ? claudeSchema(request.format, warnings) : undefined
  return {
    ...(effort !== undefined && { effort }),
    ...(schema !== undefined && { format: { type: 'json_schema', schema } }),
  }
}

// Prompt cache

const CACHE_MARKS_MAX = 4

/** At most four marks, of which the latest matter most; and no hour behind five minutes, which the API refuses. */
function limitCacheMarks(lists: readonly JsonObject[][], warnings: Warnings): void {
  const marked: JsonObject[] = []
  for (const list of lists)
    for (const block of list) if (block['cache_control'] !== undefined) marked.push(block)
  for (const block of marked.slice(0, -CACHE_MARKS_MAX)) {
    delete block['cache_control']
    warnings.add('dropped', 'cache_control', `Claude takes at most ${CACHE_MARKS_MAX}; the earliest go first`)
  }
  let isShort = false
  for (const block of marked.slice(-CACHE_MARKS_MAX)) {
    const control = block['cache_control'] as JsonObject
    if (control['ttl'] !== '1h') isShort = true
    else if (isShort) {
      block['cache_control'] = { type: 'ephemeral', ttl: '5m' }
      warnings.add('changed', 'cache_control.ttl', 'one hour cannot stand behind five minutes')
    }
  }
}
