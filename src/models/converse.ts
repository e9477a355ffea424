import type { ModelFacts } from './catalogue.ts'
import type { Effort } from './effort.ts'
import { familyName, lastSegment } from './names.ts'

/**
 * What Bedrock's Converse needs to know of a model. The API is one for all of them, but answers 400 to fields that
 * a model does not know ("This model doesn't support the stopSequences field"), and says only then which.
 */
export interface ConverseTraits {
  /** Its thinking is signed and comes back; settings of its own API go through as additional fields. */
  isClaude: boolean
  /** Where `top_k` stands among the additional fields; absent: the model has none. */
  topK?: 'top_k' | 'inferenceConfig.topK' | 'k'
  /** How thinking is asked for. `none`: it cannot be, or nobody knows how. */
  reasoning: 'thinking' | 'reasoningConfig' | 'reasoning_effort' | 'none'
  /** Where the catalogue does not know them. */
  efforts?: readonly Effort[]
  stopSequencesMax: number
  /** What the model can be made to call: the tool that is named, any tool, or none. */
  toolChoice: 'tool' | 'any' | 'none'
  /** Where marks for the prompt cache may stand, and whether they may be for an hour. */
  cachePoints: 'everywhere' | 'outside-tools' | 'none'
  cacheHour: boolean
  /** `outputConfig` with a schema is understood. */
  jsonSchema: boolean
  /** Results of tools may be images and documents, and failures. */
  richResults: boolean
  /** A tool's schema has nothing at its top but `type`, `properties` and `required`. */
  plainSchemas: boolean
  /** The least limit of an answer. Claude Code probes with 1 when the user switches models. */
  outputTokensMin: number
}

/**
 * What is not known to work is not sent: the gateway enforces stop sequences itself, and a choice of tools or a
 * mark for the cache is left out sooner than the request fails.
 */
const UNKNOWN: ConverseTraits = {
  isClaude: false,
  reasoning: 'reasoning_effort',
  stopSequencesMax: 0,
  toolChoice: 'none',
  cachePoints: 'none',
  cacheHour: false,
  jsonSchema: true,
  richResults: false,
  plainSchemas: false,
  outputTokensMin: 1,
}

const CLAUDE: ConverseTraits = {
  isClaude: true,
  topK: 'top_k',
  reasoning: 'thinking',
  // It takes thousands.
  stopSequencesMax: Infinity,
  toolChoice: 'tool',
  cachePoints: 'everywhere',
  cacheHour: true,
  jsonSchema: true,
  richResults: true,
  plainSchemas: false,
  outputTokensMin: 1,
}

/** Converse's own limit of stop sequences. */
const STOP_SEQUENCES_MAX = 4

const NOVA: Partial<ConverseTraits> = {
  topK: 'inferenceConfig.topK',
  reasoning: 'none',
  stopSequencesMax: STOP_SEQUENCES_MAX,
  toolChoice: 'tool',
  // "Malformed input request: #/toolConfig/tools/0: extraneous key [cachePoint] is not permitted"
  cachePoints: 'outside-tools',
  jsonSchema: false,
  richResults: true,
  plainSchemas: true,
}

const FAMILIES: readonly (readonly [names: RegExp, traits: Partial<ConverseTraits>])[] = [
  [/(?:^|\.)nova-2-/, { ...NOVA, reasoning: 'reasoningConfig', efforts: ['none', 'low', 'medium', 'high'] }],
  [/(?:^|\.)nova-/, NOVA],
  [/(?:^|\.)llama/, { reasoning: 'none', stopSequencesMax: STOP_SEQUENCES_MAX, jsonSchema: false }],
  [/(?:mi[ns]tral|mixtral|pixtral)/, { stopSequencesMax: STOP_SEQUENCES_MAX, toolChoice: 'any' }],
  [/command-r/, { topK: 'k', reasoning: 'none', stopSequencesMax: STOP_SEQUENCES_MAX, jsonSchema: false }],
  [
    /(?:^|\.)(?:jamba|titan)-/,
    { reasoning: 'none', stopSequencesMax: STOP_SEQUENCES_MAX, jsonSchema: false },
  ],
  [/(?:^|\.)deepseek\./, { stopSequencesMax: STOP_SEQUENCES_MAX }],
  [/gpt-oss/, { efforts: ['low', 'medium', 'high'], outputTokensMin: 16 }],
  // "Invalid 'max_output_tokens': integer below minimum value."
  [/(?:^|\.)(?:openai|xai)\./, { outputTokensMin: 16 }],
]

/** Before 4.5: no cache of an hour, no schemas. */
const OLD_CLAUDE = /^claude-(?:instant|v?[23]\b|(?:opus|sonnet)-4(?:-[01])?$)/
const CLAUDE_WITHOUT_CACHE = /^claude-(?:instant|v?2\b|3-(?:haiku|sonnet|opus)|3-5-sonnet)/

/** The traits of a model by its id, or where that tells nothing (an ARN) by the catalogue's. */
export function converseTraits(model: string, facts: ModelFacts | undefined): ConverseTraits {
  return byName(model) ?? (facts === undefined ? undefined : byName(facts.id)) ?? UNKNOWN
}

function byName(id: string): ConverseTraits | undefined {
  const family = familyName(id)
  if (family.startsWith('claude')) return claudeTraits(family)
  const name = lastSegment(id)
  const found = FAMILIES.find(([names]) => names.test(name))?.[1]
  return found === undefined ? undefined : { ...UNKNOWN, ...found }
}

function claudeTraits(family: string): ConverseTraits {
  if (!OLD_CLAUDE.test(family)) return CLAUDE
  return {
    ...CLAUDE,
    cachePoints: CLAUDE_WITHOUT_CACHE.test(family) ? 'none' : 'everywhere',
    cacheHour: false,
    jsonSchema: false,
  }
}
