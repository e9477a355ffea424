import { converseTraits } from '../models/converse.ts'
import type { ModelFacts } from '../models/facts.ts'
import type { ProtocolId } from '../protocols/protocol.ts'
import type { Target } from './plan.ts'
import { amountOf, largest, objectOf } from './prospect-fields.ts'
import type { Amount, Fields } from './prospect-fields.ts'

/** Translation raises a limit below this, because a model that thinks needs room for it. */
const RAISED_TO_TOKENS = 1024

/**
 * The most tokens of all answers together: what the request allows, times the answers that it asks for, else what the
 * model can say. Undefined: neither is known.
 */
export function outputOf(
  of: Fields,
  protocol: ProtocolId,
  target: Pick<Target, 'provider' | 'model'>,
  facts: ModelFacts | undefined,
): number | undefined {
  const { contextWindowTokens: window = Infinity } = facts ?? {}
  const limit = LIMITS[protocol](of, target)
  const most =
    typeof limit === 'number' && limit > 0 && !isLimitDropped(protocol, target, facts)
      ? Math.min(Math.max(limit, RAISED_TO_TOKENS), window)
      : (facts?.maxOutputTokens ?? facts?.contextWindowTokens)
  const answers = answersOf(of)
  if (most === undefined || answers === 'unreadable') return undefined
  return most * answers + predictedTokens(of)
}

type ReadLimit = (of: Fields, target: Pick<Target, 'provider'>) => Amount

const CHAT: ReadLimit = (of, { provider }) => {
  const surface = provider.provider.surfaces.find(({ protocol }) => protocol.id === 'openai-chat')
  // An upstream that knows only the older field may pass over the newer one.
  const isOld = surface?.quirks.maxTokensField === 'max_tokens'
  const limits = [amountOf(of, 'max_tokens'), amountOf(of, 'max_completion_tokens')]
  return isOld && limits[0] === undefined ? undefined : largest(limits)
}
const RESPONSES: ReadLimit = (of) => amountOf(of, 'max_output_tokens')
const PLAIN: ReadLimit = (of) => amountOf(of, 'max_tokens')

const LIMITS: Readonly<Record<ProtocolId, ReadLimit>> = {
  anthropic: PLAIN,
  cohere: PLAIN,
  'openai-chat': CHAT,
  'openai-responses': RESPONSES,
  cursor: RESPONSES,
  gemini(of) {
    const config = objectOf(of, 'generationConfig', 'generation_config')
    if (config === undefined || config === 'unreadable') return config
    return largest([amountOf(config, 'maxOutputTokens'), amountOf(config, 'max_output_tokens')])
  },
  'bedrock-converse'(of) {
    const config = objectOf(of, 'inferenceConfig')
    const more = objectOf(of, 'additionalModelRequestFields')
    if (config === undefined || config === 'unreadable' || more === 'unreadable') return 'unreadable'
    const limit = amountOf(config, 'maxTokens')
    return limit === undefined || more === undefined
      ? limit
      : largest([limit, ...MORE.map((name) => amountOf(more, name))])
  },
}

/** What the models' own APIs call it, each of which may win over Converse's. */
const MORE = ['max_tokens', 'max_completion_tokens', 'max_new_tokens', 'maxTokens', 'max_gen_len']

/** Nova takes no limit at its highest effort, so translation leaves it out. */
function isLimitDropped(
  protocol: ProtocolId,
  { provider, model }: Pick<Target, 'provider' | 'model'>,
  facts: ModelFacts | undefined,
): boolean {
  const isTranslated = protocol !== 'bedrock-converse'
  const isConverse = provider.provider.surfaces.some((surface) => surface.protocol.id === 'bedrock-converse')
  return isTranslated && isConverse && converseTraits(model, facts).reasoning === 'reasoningConfig'
}

/** Each is billed. Of those that a completion chooses from, all are. */
export function answersOf(of: Fields): number | 'unreadable' {
  const config = objectOf(of, 'generationConfig', 'generation_config')
  if (config === 'unreadable') return config
  const inner =
    config === undefined ? [] : [amountOf(config, 'candidateCount'), amountOf(config, 'candidate_count')]
  const answers = largest([
    amountOf(of, 'n'),
    amountOf(of, 'best_of'),
    amountOf(of, 'num_generations'),
    ...inner,
  ])
  return answers === 'unreadable' ? answers : Math.max(1, answers ?? 1)
}

/** What of a prediction does not come true is billed as output, beside the answer. */
function predictedTokens({ fields }: Fields): number {
  const span = fields.get('prediction')
  return span === undefined ? 0 : span.end - span.start
}
