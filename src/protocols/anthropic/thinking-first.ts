import type { ThinkingFirst } from '../foreign.ts'
import { isObject } from '../shared/object.ts'

/**
 * "When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost
 * set of `tool_use` and `tool_result` blocks)." Adaptive thinking has no such rule. Edits that clear thinking are
 * refused where there is none.
 */
export const thinkingFirst: ThinkingFirst = {
  fields: ['thinking', 'context_management'],
  without({ thinking, context_management: management }) {
    if (!isObject(thinking) || thinking.type !== 'enabled') return undefined
    const off = { thinking: { type: 'disabled' } }
    if (!isObject(management) || !Array.isArray(management.edits)) return off
    const edits = management.edits.filter((edit) => !clearsThinking(edit))
    return { ...off, context_management: { ...management, edits } }
  },
  isThinking: ({ type }) => type === 'thinking' || type === 'redacted_thinking',
  isCall: ({ type }) => type === 'tool_use',
  isOwnCall: ({ id }) => typeof id === 'string' && CLAUDES_ID.test(id),
}

/** `toolu_01…`, with the cloud's name in it where one served the model. */
const CLAUDES_ID = /^toolu_(?:bdrk_|vrtx_)?0/

function clearsThinking(edit: unknown): boolean {
  return isObject(edit) && typeof edit.type === 'string' && edit.type.startsWith('clear_thinking_')
}
