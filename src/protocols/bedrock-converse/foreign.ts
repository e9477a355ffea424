import type { ForeignBlocks } from '../protocol.ts'
import { isObject } from '../shared/object.ts'
import { NEEDLE, isMarked } from './wire.ts'

/**
 * The reasoning that another model made before the user switched to one on Bedrock: its signature is ours, and Claude
 * refuses the conversation for it. A message must not be left without content either.
 */
export const foreignBlocks: ForeignBlocks = {
  needle: NEEDLE,
  isForeign({ reasoningContent }) {
    const said = isObject(reasoningContent) ? reasoningContent.reasoningText : undefined
    return isObject(said) && typeof said.signature === 'string' && isMarked(said.signature)
  },
  placeholder: JSON.stringify({ text: '[The reasoning of another model was omitted here.]' }),
}
