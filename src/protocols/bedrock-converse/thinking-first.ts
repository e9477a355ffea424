import type { ThinkingFirst } from '../foreign.ts'
import { isObject } from '../shared/object.ts'

/** Claude's rule, which holds in Bedrock's own form as well. Other models on Bedrock have other fields for thinking. */
export const thinkingFirst: ThinkingFirst = {
  fields: ['additionalModelRequestFields'],
  without({ additionalModelRequestFields: more }) {
    if (!isObject(more) || !isObject(more.thinking) || more.thinking.type !== 'enabled') return undefined
    return { additionalModelRequestFields: { ...more, thinking: { type: 'disabled' } } }
  },
  isThinking: ({ reasoningContent }) => reasoningContent !== undefined,
  isCall: ({ toolUse }) => toolUse !== undefined,
  // Ids look alike for all models here, and only Claude has this field: it always begins with what led to its calls.
  isOwnCall: () => false,
}
