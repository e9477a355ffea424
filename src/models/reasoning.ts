import type { ModelFacts } from './catalogue.ts'
import { EFFORTS } from './effort.ts'
import type { Effort } from './effort.ts'
import { familyName, vendorOf } from './names.ts'

/** What a Chat Completions upstream needs to know of a model. A provider's declared quirks come first. */
export interface ChatTraits {
  /** Undefined: nobody knows. Thinking that the client asked for is then dropped, not tried. */
  reasoning: boolean | undefined
  /** Accepted values of `reasoning_effort`; undefined: unknown, so that none is sent. */
  efforts: readonly Effort[] | undefined
  /** When `temperature`, `top_p` and `top_k` are accepted: `effort-none` is "only beside effort none". */
  sampling: 'always' | 'effort-none' | 'never'
  maxTokensField: 'max_tokens' | 'max_completion_tokens'
  systemRole: 'system' | 'developer'
  /** The least output limit that is accepted. Claude Code probes with 1 when the user switches models. */
  outputTokensMin: number
}

/**
 * The traits of a model, from the catalogue where it knows the model. A gate on names alone sent `thinking` to
 * `gpt-6-astra` because it knew only `gpt-5`; so names decide only for OpenAI's models that are newer than the
 * catalogue, and there the answer is what all of its models accept: no sampling, no effort, and the newer field.
 *
 * OpenAI's hosted reasoning models refuse `max_tokens` and sampling wherever they are resold; other makers'
 * (and its open weights) follow the older API.
 */
export function chatTraits(model: string, facts: ModelFacts | undefined): ChatTraits {
  const vendor = vendorOf(model)
  const openai = vendor === 'openai' && (facts?.reasoning ?? isNamedLikeReasoning(model))
  return {
    reasoning: openai ? true : facts?.reasoning,
    efforts: facts?.efforts,
    sampling: samplingOf(openai, facts),
    maxTokensField: openai ? 'max_completion_tokens' : 'max_tokens',
    systemRole: openai ? 'developer' : 'system',
    // OpenAI's and xAI's models on Bedrock answer 400 below 16, as Responses does.
    outputTokensMin: openai || vendor === 'xai' ? 16 : 1,
  }
}

/** From GPT-5.1 on, effort `none` exists and brings sampling back. */
function samplingOf(openai: boolean, facts: ModelFacts | undefined): ChatTraits['sampling'] {
  if (facts?.sampling === false) return 'never'
  if (!openai) return 'always'
  return facts?.efforts?.includes('none') === true ? 'effort-none' : 'never'
}

/** The o series, codex, and GPT from 5 on, apart from its `-chat` variants. */
function isNamedLikeReasoning(model: string): boolean {
  const name = familyName(model)
  return /^(?:o[1-9]|codex-|gpt-(?:[5-9]|[1-9]\d))/.test(name) && !/-chat(?:-|$)/.test(name)
}

/**
 * The accepted effort that comes closest to the wanted one: the same, else the next weaker, else the next
 * stronger. A model that cannot stop thinking thinks as little as it can for `none`. Undefined when the model
 * takes no effort or its values are unknown.
 */
export function nearestEffort(accepted: readonly Effort[] | undefined, wanted: Effort): Effort | undefined {
  if (accepted === undefined) return undefined
  if (accepted.includes(wanted)) return wanted
  const degrees = EFFORTS.filter((effort) => effort !== 'none' && accepted.includes(effort))
  const weaker = degrees.filter(
    (effort) => effort !== 'default' && EFFORTS.indexOf(effort) < EFFORTS.indexOf(wanted),
  )
  return weaker.at(-1) ?? degrees[0]
}
