import type { Effort, JsonObject, Request, TextBlock } from '../../message/request.ts'
import { nearestEffort } from '../../models/reasoning.ts'
import type { ChatTraits } from '../../models/reasoning.ts'
import type { Quirks } from '../quirks.ts'
import { endUser } from './end-user.ts'
import { functionSchema, isClosed } from './schema.ts'
import { dropUser, jsonInstruction } from './settings.ts'
import type { Warnings } from './warnings.ts'

/** Settings that OpenAI's two APIs, Chat Completions and Responses, take alike. */

// ==== Sampling

/** OpenAI's reasoning models refuse sampling settings, except, since GPT-5.1, beside effort `none`. */
export function encodeSampling(
  request: Request,
  traits: ChatTraits,
  effort: string | undefined,
  warnings: Warnings,
): JsonObject {
  const { temperature, topP, topK } = request
  const accepted = traits.sampling === 'always' || (traits.sampling === 'effort-none' && effort === 'none')
  if (topK !== undefined) warnings.add('dropped', 'top_k', 'OpenAI’s APIs have no such field')
  if (accepted)
    return { ...(temperature !== undefined && { temperature }), ...(topP !== undefined && { top_p: topP }) }
  const reason = 'the model reasons and takes no sampling settings'
  if (temperature !== undefined) warnings.add('dropped', 'temperature', reason)
  if (topP !== undefined) warnings.add('dropped', 'top_p', reason)
  return {}
}

// ==== Reasoning

/** What may be asked for where the upstream itself finds the nearest that a model knows (OpenRouter). */
const COMMON_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const

/** The effort to ask for: the nearest to the client's that the model knows. Undefined: none is asked for. */
export function chooseEffort(
  request: Request,
  traits: ChatTraits,
  quirks: Quirks,
  hasTools: boolean,
  warnings: Warnings,
): string | undefined {
  const takesNone = traits.efforts === undefined || traits.efforts.includes('none')
  if (quirks.toolsNeedEffortNone === true && hasTools && traits.reasoning === true && takesNone) {
    // "Function tools with reasoning_effort are not supported … set reasoning_effort to 'none'", even when none was set.
    warnings.add('changed', 'thinking', 'on this API the model takes tools only without reasoning')
    return 'none'
  }
  const wanted = wantedEffort(request)
  if (wanted === undefined) return undefined
  const style = quirks.effortStyle ?? 'reasoning_effort'
  const accepted = traits.efforts ?? (style === 'reasoning-object' ? COMMON_EFFORTS : undefined)
  const nearest = traits.reasoning === true && style !== 'none' ? nearestEffort(accepted, wanted) : undefined
  if (nearest === undefined) {
    // Claude Code asks every model to think; one that cannot does as if not asked.
    if (!(wanted === 'none' && traits.reasoning === false))
      warnings.add('dropped', 'thinking', whyNot(traits, style))
  } else if (nearest !== wanted) {
    warnings.add('changed', 'thinking', `effort ${nearest} is the nearest to ${wanted} that the model knows`)
  }
  return nearest
}

function whyNot(traits: ChatTraits, style: string): string {
  if (traits.reasoning === false) return 'the model does not reason'
  if (traits.reasoning === undefined) return 'nothing is known of how this model reasons'
  return style === 'none'
    ? 'the upstream has no setting for it'
    : 'the efforts that the model accepts are not known'
}

/** A budget as effort, by its share of the whole answer. */
const BUDGET_LOW_SHARE = 0.25
const BUDGET_MEDIUM_SHARE = 0.6

/** Undefined: as much as the model likes, or nothing was asked. */
export function wantedEffort({ reasoning, maxTokens }: Request): Effort | undefined {
  if (reasoning === undefined) return undefined
  if (reasoning.mode === 'off') return 'none'
  if (reasoning.effort !== undefined) return reasoning.effort
  const { budgetTokens } = reasoning
  if (reasoning.mode === 'adaptive' || budgetTokens === undefined) return undefined
  if (budgetTokens <= 0) return 'none'
  if (maxTokens === undefined || maxTokens <= 0) return 'medium'
  const share = budgetTokens / maxTokens
  if (share <= BUDGET_LOW_SHARE) return 'low'
  return share <= BUDGET_MEDIUM_SHARE ? 'medium' : 'high'
}

// ==== The form of an answer

export interface EncodedFormat {
  /** Undefined: any will do. */
  form?: { type: 'json_object' } | { type: 'json_schema'; name: string; schema: JsonObject; strict: boolean }
  /** What the model is to be told instead. */
  instruction?: TextBlock
}

export function encodeFormat({ format }: Request, quirks: Quirks, warnings: Warnings): EncodedFormat {
  if (format === undefined) return {}
  if (format.schema === undefined) return { form: { type: 'json_object' } }
  if (quirks.jsonSchema === false) {
    warnings.add(
      'emulated',
      'output_config.format',
      'the upstream knows no schemas; the model is told to follow it',
    )
    return { form: { type: 'json_object' }, instruction: jsonInstruction(format.schema) }
  }
  const { schema } = functionSchema(format.schema)
  const strict = format.strict !== false && isClosed(schema)
  if (format.strict === true && !strict)
    warnings.add(
      'changed',
      'output_config.format',
      'only closed schemas with all properties required can be strict here',
    )
  return { form: { type: 'json_schema', name: format.name ?? 'answer', schema, strict } }
}

// ==== Identities

/** Never the client's own id: it holds the device, the account and the session of a person. */
export function encodeUser(request: Request, quirks: Quirks, warnings: Warnings): JsonObject {
  const { userId } = request
  if (userId === undefined || userId === '') return {}
  const { user, session } = endUser(userId)
  const field = quirks.userField ?? 'safety_identifier'
  if (field === 'none') dropUser(request, warnings)
  return {
    ...(field !== 'none' && { [field]: user }),
    ...(quirks.promptCacheKey === true && { prompt_cache_key: session }),
  }
}
