import type { Effort, JsonObject, Request } from '../../message/request.ts'
import type { ModelFacts } from '../../models/catalogue.ts'
import { nearestEffort } from '../../models/reasoning.ts'
import type { Encoded, EncodeTarget } from '../protocol.ts'
import { shortHash } from '../shared/identity.ts'
import { jsonPieces } from '../shared/json.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'
import { answerSchema } from '../shared/answer-schema.ts'
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
  const system = encodeSystem(request, context)
  const messages = endWithUser(encodeMessages(request.messages, context), facts, warnings)
  const maxTokens = encodeMaxTokens(request, facts, warnings)
  const thinking = encodeThinking(request, messages, maxTokens, facts, warnings)
  const outputConfig = encodeOutputConfig(request, facts, warnings)
  const marked = [...tools, ...system, ...messages.flatMap(({ content }) => content)]
  limitCacheMarks(marked, warnings)
  for (const field of Object.keys(request.extra)) warnings.add('dropped', field, 'Claude does not know it')
  const body = {
    model: target.model,
    max_tokens: maxTokens,
    ...(request.stream && { stream: true }),
    ...encodeSampling(request, thinking !== undefined && thinking['type'] !== 'disabled', facts, warnings),
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

function encodeSystem(request: Request, context: ContentContext): JsonObject[] {
  const system = encodeContent(request.system, context)
  if (request.format === undefined || request.format.schema !== undefined) return system
  // The API knows JSON by schema only.
  context.warnings.add('emulated', 'response_format', 'Claude is told to answer with JSON')
  return [...system, { type: 'text', text: 'Answer with one JSON object and nothing else.' }]
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

/** Those that refuse sampling parameters (since Opus 4.7) also refuse thinking budgets and prefill. */
function isNewGeneration(facts: ModelFacts | undefined): boolean {
  return facts?.sampling === false
}

// Limits

/** Where nobody says how long the answer may be: enough for a file, and below the limit of every current model. */
const MAX_TOKENS_DEFAULT = 32_000
/** The same for models that the catalogue does not know: Claude 3.5's limit. */
const MAX_TOKENS_UNKNOWN = 8192

function encodeMaxTokens({ maxTokens }: Request, facts: ModelFacts | undefined, warnings: Warnings): number {
  const limit = facts?.maxOutputTokens
  if (maxTokens === undefined)
    return limit === undefined ? MAX_TOKENS_UNKNOWN : Math.min(limit, MAX_TOKENS_DEFAULT)
  if (limit === undefined || maxTokens <= limit) return Math.max(1, maxTokens)
  warnings.add('changed', 'max_tokens', `this model writes at most ${limit}`)
  return limit
}

function encodeStop(sequences: readonly string[], warnings: Warnings): { stop_sequences?: string[] } {
  // "stop_sequences: each stop sequence must contain non-whitespace"
  const usable = sequences.filter((sequence) => sequence.trim() !== '')
  if (usable.length < sequences.length)
    warnings.add('dropped', 'stop', 'Claude takes no stop sequence of white space only')
  return usable.length === 0 ? {} : { stop_sequences: usable }
}

function encodeSampling(
  request: Request,
  thinks: boolean,
  facts: ModelFacts | undefined,
  warnings: Warnings,
): JsonObject {
  const { temperature, topP, topK } = request
  const wanted = {
    temperature: temperature === undefined ? undefined : Math.min(temperature, 1),
    top_p: topP,
    top_k: topK,
  }
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined)
  if (!isNewGeneration(facts) && !thinks) return Object.fromEntries(given)
  const reason = thinks ? 'Claude takes none while it thinks' : 'this model takes none'
  for (const [field] of given) warnings.add('dropped', field, reason)
  return {}
}

// Thinking

const BUDGET_MIN = 1024
/** What an effort means to models that only know budgets. */
const BUDGETS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 1024,
  low: 4096,
  medium: 10_000,
  high: 24_000,
  xhigh: 31_999,
  max: 31_999,
}

function encodeThinking(
  request: Request,
  turns: readonly Turn[],
  maxTokens: number,
  facts: ModelFacts | undefined,
  warnings: Warnings,
): JsonObject | undefined {
  const { reasoning, toolChoice } = request
  if (reasoning === undefined) return undefined
  const obstacle =
    facts?.reasoning === false
      ? 'this model does not think'
      : toolChoice?.type === 'required' || toolChoice?.type === 'tool'
        ? 'Claude does not think when it is told which tool to call'
        : undefined
  if (reasoning.mode === 'off' || reasoning.effort === 'none')
    return facts?.reasoning === true ? { type: 'disabled' } : undefined
  if (obstacle !== undefined) {
    warnings.add('dropped', 'thinking', obstacle)
    return undefined
  }
  const display = reasoning.display === undefined ? {} : { display: reasoning.display }
  const isAdaptive = facts?.adaptiveThinking ?? facts === undefined
  if (isAdaptive && (reasoning.mode === 'adaptive' || isNewGeneration(facts))) {
    if (reasoning.mode === 'budget')
      warnings.add('changed', 'thinking.budget_tokens', 'this model decides itself how much it thinks')
    return { type: 'adaptive', ...display }
  }
  const wanted = reasoning.budgetTokens ?? BUDGETS[reasoning.effort ?? 'medium']
  return encodeBudget(wanted, turns, maxTokens, display, warnings)
}

/** A budget is at least 1024 and below `max_tokens`; and with one, a turn in mid-work must begin with thinking. */
function encodeBudget(
  wanted: number,
  turns: readonly Turn[],
  maxTokens: number,
  display: JsonObject,
  warnings: Warnings,
): JsonObject | undefined {
  if (maxTokens <= BUDGET_MIN) {
    warnings.add('dropped', 'thinking', `max_tokens leaves no room for it (at least ${BUDGET_MIN + 1})`)
    return undefined
  }
  if (isInToolLoopWithoutThinking(turns)) {
    warnings.add(
      'dropped',
      'thinking',
      'the last tool calls came without thinking, and Claude wants all or none',
    )
    return undefined
  }
  const budget = Math.min(Math.max(wanted, BUDGET_MIN), maxTokens - 1)
  if (budget !== wanted)
    warnings.add('changed', 'thinking.budget_tokens', `between ${BUDGET_MIN} and max_tokens`)
  return { type: 'enabled', budget_tokens: budget, ...display }
}

function isInToolLoopWithoutThinking(turns: readonly Turn[]): boolean {
  const isLoop = turns.at(-1)?.content[0]?.['type'] === 'tool_result'
  const first = turns.at(-2)?.content[0]?.['type']
  return isLoop && first !== 'thinking' && first !== 'redacted_thinking'
}

function encodeOutputConfig(request: Request, facts: ModelFacts | undefined, warnings: Warnings): JsonObject {
  const { reasoning, format } = request
  const wanted = reasoning?.mode === 'off' || reasoning?.effort === 'none' ? undefined : reasoning?.effort
  const effort =
    wanted === undefined ? undefined : facts === undefined ? wanted : nearestEffort(facts.efforts, wanted)
  if (wanted !== undefined && effort !== wanted)
    warnings.add('changed', 'reasoning_effort', `this model takes ${effort ?? 'none'}`)
  return {
    ...(effort !== undefined && { effort }),
    ...(format?.schema !== undefined && { format: encodeSchema(format.schema, warnings) }),
  }
}

function encodeSchema(schema: JsonObject, warnings: Warnings): JsonObject {
  const told = answerSchema(schema)
  if (JSON.stringify(told) !== JSON.stringify(schema))
    warnings.add(
      'changed',
      'response_format.json_schema.schema',
      'Claude takes closed objects; limits that it does not know are told in the description',
    )
  return { type: 'json_schema', schema: told }
}

// Prompt cache

const CACHE_MARKS_MAX = 4

/** At most four marks, of which the latest matter most; and no hour behind five minutes, which the API refuses. */
function limitCacheMarks(blocks: readonly JsonObject[], warnings: Warnings): void {
  const marked = blocks.filter((block) => block['cache_control'] !== undefined)
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
