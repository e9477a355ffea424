import { looksLikeClaude } from '../../models/names.ts'
import type { ForeignBlocks } from '../foreign.ts'
import { isClaudeSignature } from '../shared/claude-signature.ts'
import { isObject } from '../shared/object.ts'
import { isMarked } from './wire.ts'

/**
 * The reasoning that another model made before the user switched to one on Bedrock: Claude refuses the conversation
 * for a signature that is not its own, and no other model takes Claude's. A message must not be left without content
 * either.
 */
export const foreignBlocks: ForeignBlocks = {
  needle: '"reasoningText"',
  isForeign({ reasoningContent }, model) {
    const said = isObject(reasoningContent) ? reasoningContent.reasoningText : undefined
    const signature = isObject(said) ? said.signature : undefined
    if (typeof signature !== 'string') return false
    if (isMarked(signature)) return true
    // Nobody knows from the ARN of a profile whose model it leads to.
    return !model.startsWith('arn:') && looksLikeClaude(model) !== isClaudeSignature(signature)
  },
  placeholder: JSON.stringify({ text: '[The reasoning of another model was omitted here.]' }),
}
