import type { RefusedReasoning } from '../foreign.ts'
import { isRefusedSignature } from '../shared/claude-signature.ts'
import { foreignBlocks } from './foreign.ts'

/** Claude's, in Bedrock's own form: of all models here it is the one that looks at signatures. */
export const refusedReasoning: RefusedReasoning = {
  isRefusal: isRefusedSignature,
  blocks: {
    needle: '"reasoningContent"',
    isForeign: ({ reasoningContent }) => reasoningContent !== undefined,
    placeholder: foreignBlocks.placeholder,
  },
}
