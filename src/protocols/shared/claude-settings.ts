import type { Effort, JsonObject, OutputFormat, Request } from '../../message/request.ts'
import type { ModelFacts } from '../../models/catalogue.ts'
import { nearestEffort } from '../../models/reasoning.ts'
import { answerSchema } from './answer-schema.ts'
import type { Warnings } from './warnings.ts'

/** Settings that Claude takes alike at every host and in every API that carries them to it. */

/** Those that refuse sampling parameters (since Opus 4.7) also refuse thinking budgets and prefill. */
export function isNewGeneration(facts: ModelFacts | undefined): boolean {
  return facts?.sampling === false
}

// ==== Limits and sampling

/** Where nobody says how long the answer may be: enough for a file, and below the limit of every current model. */
const MAX_TOKENS_DEFAULT = 32_000
/** The same for models that the catalogue does not know: Claude 3.5's limit. */
const MAX_TOKENS_UNKNOWN = 8192

/** The answer's limit, in tokens, which Claude must be told. */
export function claudeMaxTokens(
  { maxTokens }: Request,
  facts: ModelFacts | undefined,
  warnings: Warnings,
): number {
  const limit = facts?.maxOutputTokens
  if (maxTokens === undefined)
    return limit === undefined ? MAX_TOKENS_UNKNOWN : Math.min(limit, MAX_TOKENS_DEFAULT)
  if (limit === undefined || maxTokens <= limit) return Math.max(1, maxTokens)
  warnings.add('changed', 'max_tokens', `this model writes at most ${limit}`)
  return limit
}

/** Claude refuses a sequence of white space ("each stop sequence must contain non-whitespace"). */
export function claudeStopSequences(sequences: readonly string[], warnings: Warnings): string[] {
  const usable = sequences.filter((sequence) => sequence.trim() !== '')
  if (usable.length < sequences.length)
    warnings.add('dropped', 'stop', 'Claude takes no stop sequence of white space only')
  return usable
}

/** `temperature`, `top_p` and `top_k`, where the model takes them. */
export function claudeSampling(
  request: Request,
  thinks: boolean,
  facts: ModelFacts | undefined,
  warnings: Warnings,
): { temperature?: number; top_p?: number; top_k?: number } {
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

// ==== Thinking

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

/**
 * `thinking`; undefined where the model is not asked. `startedWithout`: tools are at work for a turn that did not
 * begin with thinking, and with a budget Claude wants all or none.
 */
export function claudeThinking(
  request: Request,
  startedWithout: boolean,
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
  return encodeBudget(wanted, startedWithout, maxTokens, display, warnings)
}

/** A budget is at least 1024 and below `max_tokens`. */
function encodeBudget(
  wanted: number,
  startedWithout: boolean,
  maxTokens: number,
  display: JsonObject,
  warnings: Warnings,
): JsonObject | undefined {
  if (maxTokens <= BUDGET_MIN) {
    warnings.add('dropped', 'thinking', `max_tokens leaves no room for it (at least ${BUDGET_MIN + 1})`)
    return undefined
  }
  if (startedWithout) {
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

/** The effort of `output_config`: the nearest that the model knows. */
export function claudeEffort(
  { reasoning }: Request,
  facts: ModelFacts | undefined,
  warnings: Warnings,
): Effort | undefined {
  const wanted = reasoning?.mode === 'off' || reasoning?.effort === 'none' ? undefined : reasoning?.effort
  const effort =
    wanted === undefined ? undefined : facts === undefined ? wanted : nearestEffort(facts.efforts, wanted)
  if (wanted !== undefined && effort !== wanted)
    warnings.add('changed', 'reasoning_effort', `this model takes ${effort ?? 'none'}`)
  return effort === 'default' ? undefined : effort
}

/** The schema of an answer in the words that Claude takes; undefined where none is given. */
export function claudeSchema(format: OutputFormat | undefined, warnings: Warnings): JsonObject | undefined {
  const schema = format?.schema
  if (schema === undefined) return undefined
  const told = answerSchema(schema)
  if (JSON.stringify(told) !== JSON.stringify(schema))
    warnings.add(
      'changed',
      'response_format.json_schema.schema',
      'Claude takes closed objects; limits that it does not know are told in the description',
    )
  return told
}
