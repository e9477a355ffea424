import type { RefusedReasoning } from '../foreign.ts'

/**
 * Encrypted reasoning is bound to the organisation, and sometimes to the key, that it was made for. A compaction is
 * encrypted as well, and stays: it is all that is left of the conversation before it.
 */
export const refusedReasoning: RefusedReasoning = {
  isRefusal: ({ kind, message, details }) =>
    kind === 'invalid_request' &&
    (details.upstream?.code === 'invalid_encrypted_content' || /\binvalid_encrypted_content\b/.test(message)),
  blocks: {
    list: 'input',
    needle: '"encrypted_content"',
    isForeign: ({ type, encrypted_content: proof }) => type === 'reasoning' && typeof proof === 'string',
    placeholder: '',
  },
}
