import type { JsonObject, Request } from '../../message/request.ts'
import type { Effort } from '../../models/effort.ts'
import type { Thinking } from '../../models/gemini.ts'
import { nearestEffort } from '../../models/reasoning.ts'
import { wantedEffort } from '../shared/openai-settings.ts'
import type { Warnings } from '../shared/warnings.ts'

/**
 * `thinkingConfig`: a level since Gemini 3, a budget before; both together are refused. Signatures come whether the
 * thoughts are shown or not.
 */
export function encodeThinking(
  request: Request,
  thinking: Thinking | undefined,
  warnings: Warnings,
): JsonObject {
  const { reasoning } = request
  if (reasoning === undefined) return {}
  const isOff = reasoning.mode === 'off' || reasoning.effort === 'none'
  if (thinking === undefined || thinking.by === 'nothing') {
    // Claude Code asks every model to think; one that cannot does as if not asked.
    if (!isOff || thinking === undefined)
      warnings.add(
        'dropped',
        'thinking',
        thinking === undefined ? 'nothing is known of how this model thinks' : 'the model does not think',
      )
    return {}
  }
  const shown = !isOff && reasoning.display !== 'omitted' ? { includeThoughts: true } : {}
  const amount =
    thinking.by === 'level'
      ? levelOf(request, thinking.efforts, warnings)
      : budgetOf(request, isOff, thinking, warnings)
  const config = { ...shown, ...amount }
  return Object.keys(config).length === 0 ? {} : { thinkingConfig: config }
}

/** Undefined effort: as much as the model likes. */
function levelOf(request: Request, efforts: readonly Effort[], warnings: Warnings): JsonObject {
  const wanted = wantedEffort(request)
  if (wanted === undefined) return {}
  const nearest = nearestEffort(efforts, wanted)
  if (nearest !== undefined && nearest !== wanted)
    warnings.add('changed', 'thinking', `level ${nearest} is the nearest to ${wanted} that the model knows`)
  return nearest === undefined || nearest === 'none' ? {} : { thinkingLevel: nearest.toUpperCase() }
}

/** What an effort means to models that only know budgets, as Google's own compatible API has it. */
const BUDGETS: Readonly<Partial<Record<Effort, number>>> = {
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
}
const BUDGET_HIGHEST = 32_768
const AS_IT_LIKES = -1

function budgetOf(
  { reasoning }: Request,
  isOff: boolean,
  { least, most, canStop }: Extract<Thinking, { by: 'budget' }>,
  warnings: Warnings,
): JsonObject {
  const effort = reasoning?.effort
  const wanted = isOff
    ? 0
    : (reasoning?.budgetTokens ?? (effort === undefined ? AS_IT_LIKES : (BUDGETS[effort] ?? BUDGET_HIGHEST)))
  if (wanted === AS_IT_LIKES || (wanted === 0 && canStop)) return { thinkingBudget: wanted }
  const budget = Math.min(Math.max(wanted, least), most)
  if (budget !== wanted && (isOff || reasoning?.budgetTokens !== undefined))
    warnings.add('changed', 'thinking.budget_tokens', `this model takes ${least} to ${most}`)
  return { thinkingBudget: budget }
}
