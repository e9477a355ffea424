/** What the Messages API lets a family of Claude models do, wherever they are hosted. First match wins. */
export interface ClaudeModel {
  pattern: RegExp
  /** `thinking.type` values that it takes besides `disabled`. */
  thinking: ('enabled' | 'adaptive')[]
  /** `output_config.effort` is understood. */
  effort: boolean
  /** `temperature`, `top_p` and `top_k` are understood. */
  sampling: boolean
  /** The last message may be the assistant's. */
  prefill: boolean
}

const FAMILIES: ClaudeModel[] = [
  {
    pattern: /claude-(opus-4-[78]|(opus|sonnet|haiku|fable|mythos)-[5-9])/,
    thinking: ['adaptive'],
    effort: true,
    sampling: false,
    prefill: false,
  },
  {
    pattern: /claude-(opus|sonnet)-4-6/,
    thinking: ['enabled', 'adaptive'],
    effort: true,
    sampling: true,
    prefill: false,
  },
  { pattern: /claude-opus-4-5/, thinking: ['enabled'], effort: true, sampling: true, prefill: true },
  { pattern: /claude-/, thinking: ['enabled'], effort: false, sampling: true, prefill: true },
]

/** Undefined for models that are no Claude. */
export const claudeModel = (id: string): ClaudeModel | undefined =>
  FAMILIES.find((family) => family.pattern.test(id))
