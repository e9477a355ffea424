import type { JsonObject, Request } from '../../message/request.ts'
import type { ModelFacts } from '../../models/catalogue.ts'
import type { ConverseTraits } from '../../models/converse.ts'
import { chatTraits } from '../../models/reasoning.ts'
import {
  claudeEffort,
  claudeMaxTokens,
  claudeSampling,
  claudeStopSequences,
  claudeThinking,
} from '../shared/claude-settings.ts'
import { chooseEffort } from '../shared/openai-settings.ts'
import { outputLimit, sendableStops } from '../shared/settings.ts'
import type { Warnings } from '../shared/warnings.ts'
import type { EncodeTarget, Memo } from '../translation.ts'

export interface EncodedSettings {
  inferenceConfig: JsonObject
  /** `additionalModelRequestFields`: what the model's own API has beyond Converse. */
  more: JsonObject
}

/** What is asked of Claude. `startedWithout`: see {@link claudeThinking}. */
export function claudeSettings(
  request: Request,
  facts: ModelFacts | undefined,
  startedWithout: boolean,
  warnings: Warnings,
): EncodedSettings {
  const maxTokens = claudeMaxTokens(request, facts, warnings)
  const thinking = claudeThinking(request, startedWithout, maxTokens, facts, warnings)
  const thinks = thinking !== undefined && thinking.type !== 'disabled'
  const { temperature, top_p: topP, top_k } = claudeSampling(request, thinks, facts, warnings)
  const effort = claudeEffort(request, facts, warnings)
  const stopSequences = claudeStopSequences(request.stopSequences, warnings)
  return {
    inferenceConfig: {
      maxTokens,
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && { topP }),
      ...(stopSequences.length > 0 && { stopSequences }),
    },
    more: {
      ...(top_k !== undefined && { top_k }),
      ...(thinking !== undefined && { thinking }),
      ...(effort !== undefined && { output_config: { effort } }),
    },
  }
}

/** What is asked of another model. Notes in `memo` the stop sequences that it does not obey. */
export function otherSettings(
  request: Request,
  target: EncodeTarget,
  traits: ConverseTraits,
  memo: Memo,
  warnings: Warnings,
): EncodedSettings {
  const known = chatTraits(target.model, target.facts)
  const effort = encodeEffort(request, target, traits, warnings)
  // "Temperature, topP and topK cannot be used with maxReasoningEffort set to high", nor can a limit of the answer.
  const isFree = !(traits.reasoning === 'reasoningConfig' && effort === 'high')
  const reasons = effort !== undefined && effort !== 'none'
  const maxTokens = outputLimit(request, target, reasons, traits.outputTokensMin, warnings)
  if (!isFree && maxTokens !== undefined)
    warnings.add('dropped', 'max_tokens', 'this model takes no limit at its highest effort')
  const takesSampling = known.sampling === 'always' || (known.sampling === 'effort-none' && effort === 'none')
  const sampling = encodeSampling(request, takesSampling && isFree, traits, warnings)
  const stopSequences = sendableStops(request.stopSequences, traits.stopSequencesMax, memo, warnings)
  return {
    inferenceConfig: {
      ...(maxTokens !== undefined && isFree && { maxTokens }),
      ...sampling.inferenceConfig,
      ...(stopSequences.length > 0 && { stopSequences }),
    },
    more: { ...sampling.more, ...effortField(effort, traits) },
  }
}

function encodeEffort(
  request: Request,
  { model, facts }: EncodeTarget,
  traits: ConverseTraits,
  warnings: Warnings,
): string | undefined {
  const known = chatTraits(model, facts)
  const asked = traits.efforts === undefined ? known : { ...known, reasoning: true, efforts: traits.efforts }
  const effortStyle = traits.reasoning === 'none' ? 'none' : 'reasoning_effort'
  return chooseEffort(request, asked, { effortStyle }, false, warnings)
}

function effortField(effort: string | undefined, { reasoning }: ConverseTraits): JsonObject {
  if (effort === undefined) return {}
  if (reasoning === 'reasoning_effort') return { reasoning_effort: effort }
  return effort === 'none'
    ? { reasoningConfig: { type: 'disabled' } }
    : { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort } }
}

function encodeSampling(
  { temperature, topP, topK }: Request,
  accepted: boolean,
  traits: ConverseTraits,
  warnings: Warnings,
): EncodedSettings {
  const given = { temperature, top_p: topP, top_k: topK }
  if (!accepted) {
    const reason = 'the model takes no sampling settings while it reasons'
    for (const [field, value] of Object.entries(given))
      if (value !== undefined) warnings.add('dropped', field, reason)
    return { inferenceConfig: {}, more: {} }
  }
  if (topK !== undefined && traits.topK === undefined)
    warnings.add('dropped', 'top_k', 'this model has no such setting')
  if (temperature !== undefined && temperature > 1)
    warnings.add('changed', 'temperature', 'Converse takes at most 1')
  return {
    inferenceConfig: {
      ...(temperature !== undefined && { temperature: Math.min(temperature, 1) }),
      ...(topP !== undefined && { topP }),
    },
    more: topK === undefined ? {} : topKField(topK, traits.topK),
  }
}

function topKField(topK: number, where: ConverseTraits['topK']): JsonObject {
  if (where === undefined) return {}
  return where === 'inferenceConfig.topK' ? { inferenceConfig: { topK } } : { [where]: topK }
}
