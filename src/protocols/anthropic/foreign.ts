import type { ForeignBlocks } from '../foreign.ts'
import { OWN_SIGNATURE, isOwnSignature } from './wire.ts'

/**
 * The thinking that another model made before the user switched to Claude: its signature is ours, and Anthropic
 * refuses the conversation for it. The API also refuses an assistant message without content.
 */
export const foreignBlocks: ForeignBlocks = {
  needle: `"${OWN_SIGNATURE}`,
  isForeign(block) {
    const proof =
      block.type === 'thinking'
        ? block.signature
        : block.type === 'redacted_thinking'
          ? block.data
          : undefined
    return typeof proof === 'string' && isOwnSignature(proof)
  },
  placeholder: JSON.stringify({ type: 'text', text: '[The reasoning of another model was omitted here.]' }),
}
