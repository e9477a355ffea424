import type { ModelFacts } from './catalogue.ts'
import type { Effort } from './effort.ts'
import { familyName } from './names.ts'

/** What Google's own API needs to know of a model. */
export interface GeminiTraits {
  /** How the model is told how much to think. Undefined: nobody knows, so that nothing is said. */
  thinking: Thinking | undefined
  /** Since Gemini 3: calls in the history must be signed, and a result may hold images and documents. */
  isNew: boolean
}

export type Thinking =
  | { by: 'level'; efforts: readonly Effort[] }
  | { by: 'budget'; least: number; most: number; canStop: boolean }
  | { by: 'nothing' }

/**
 * The traits of a model: from the catalogue where it knows the model, and by the generation in its name. A name
 * without one (`gemini-flash-latest`, an endpoint of the operator's own) is taken for the newest.
 */
export function geminiTraits(model: string, facts: ModelFacts | undefined): GeminiTraits {
  const name = familyName(facts?.id ?? model)
  const match = /^gemini-(\d+)(?:-(\d+))?/.exec(name)
  const generation = match === null ? undefined : Number(`${match[1]}.${match[2] ?? 0}`)
  const isNew = generation === undefined ? !name.startsWith('gemma-') : generation >= 3
  return { thinking: thinkingOf(name, generation, facts), isNew }
}

/** What every model of the third generation takes. */
const LEVELS_LEAST = ['low', 'high'] as const

function thinkingOf(
  name: string,
  generation: number | undefined,
  facts: ModelFacts | undefined,
): Thinking | undefined {
  if (facts?.reasoning === false) return { by: 'nothing' }
  if (facts?.efforts !== undefined && facts.efforts.length > 0) return { by: 'level', efforts: facts.efforts }
  if (generation === undefined) return undefined
  if (generation >= 3) return { by: 'level', efforts: LEVELS_LEAST }
  return generation >= 2.5 ? { by: 'budget', ...budgetOf(name) } : { by: 'nothing' }
}

/** https://ai.google.dev/gemini-api/docs/thinking#set-budget */
function budgetOf(name: string): { least: number; most: number; canStop: boolean } {
  if (name.includes('-pro')) return { least: 128, most: 32_768, canStop: false }
  return { least: name.includes('-lite') ? 512 : 1, most: 24_576, canStop: true }
}
