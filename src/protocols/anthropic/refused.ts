import type { RefusedReasoning } from '../foreign.ts'
import { isRefusedSignature } from '../shared/claude-signature.ts'
import { foreignBlocks } from './foreign.ts'

/** All thinking: what follows a block that was cut out would be refused, too. */
export const refusedReasoning: RefusedReasoning = {
  isRefusal: isRefusedSignature,
  blocks: {
    needle: 'thinking"',
    isForeign: ({ type }) => type === 'thinking' || type === 'redacted_thinking',
    placeholder: foreignBlocks.placeholder,
  },
}
