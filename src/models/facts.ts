import type { Effort } from './effort.ts'
import type { Prices } from './prices.ts'

export type InputKind = 'text' | 'image' | 'pdf' | 'audio' | 'video'

/** What a model is for, where it is not answering in text. */
export type ModelKind = 'embedding' | 'rerank' | 'speech' | 'transcription' | 'image' | 'video'

/** What the catalogue knows of one model at one provider. An absent field is unknown, never a "no". */
export interface ModelFacts {
  /** The id as the provider spells it. */
  id: string
  /** As its maker writes it: `Claude Opus 5`. */
  name?: string
  /** The day on which it came out: `2026-02-05`. */
  released?: string
  /** Absent: it answers in text, or nothing is known of it. */
  kind?: ModelKind
  contextWindowTokens?: number
  /** Where less than the window may be input. */
  maxInputTokens?: number
  maxOutputTokens?: number
  /** Text and image are complete; pdf, audio and video are listed only where a source states them. */
  inputKinds?: readonly InputKind[]
  tools?: boolean
  reasoning?: boolean
  /** Accepted effort values; empty: the model reasons, but takes none. */
  efforts?: readonly Effort[]
  /** False: `temperature`, `top_p` and `top_k` are refused whatever the effort. */
  sampling?: boolean
  /** Takes Claude's `thinking: {"type":"adaptive"}`. */
  adaptiveThinking?: boolean
  deprecated?: boolean
  prices?: Prices
}
