import type { RedactedThinkingBlock, ThinkingBlock } from '../../message/request.ts'

/**
 * Where reasoning comes from, written on it. This API's reasoning is encrypted for whoever asked for it, and is
 * refused (`invalid_encrypted_content`) when it comes from anywhere else; other makers' signatures are refused by
 * this API. Both travel through clients of the other kind, each under a mark of ours.
 */

// ==== Reasoning of this API, as the signature of a thinking block

const SEAL = 'sbx-responses-'

/** An item of reasoning by what the API wants back. */
export interface SealedReasoning {
  id: string
  encryptedContent: string
}

export function sealReasoning({ id, encryptedContent }: SealedReasoning): string {
  return `${SEAL}${id.replaceAll('.', '')}.${encryptedContent}`
}

/** Undefined for every signature that another API made. */
export function unsealReasoning(signature: string | undefined): SealedReasoning | undefined {
  if (signature?.startsWith(SEAL) !== true) return undefined
  const end = signature.indexOf('.')
  if (end === -1) return undefined
  return { id: signature.slice(SEAL.length, end), encryptedContent: signature.slice(end + 1) }
}

// ==== Other makers' thinking, as the `encrypted_content` of an item of reasoning

const OWN = 'signalbox.'
const OWN_REDACTED = 'signalbox-redacted.'

/** How the mark begins in a body. */
export const NEEDLE = '"signalbox'

/** Also without a signature: what this mark stands on must never reach OpenAI. */
export function markSignature(signature: string | undefined): string {
  return OWN + (signature ?? '')
}

export function markRedacted(data: string): string {
  return OWN_REDACTED + data
}

export function isMarked(encryptedContent: string): boolean {
  return encryptedContent.startsWith(OWN) || encryptedContent.startsWith(OWN_REDACTED)
}

/** A client's item of reasoning in the hub's terms. */
export function thinkingBlock(
  id: string,
  text: string,
  encryptedContent: string,
): ThinkingBlock | RedactedThinkingBlock {
  if (encryptedContent.startsWith(OWN_REDACTED)) {
    return { type: 'redacted-thinking', data: encryptedContent.slice(OWN_REDACTED.length) }
  }
  const signature = encryptedContent.startsWith(OWN)
    ? encryptedContent.slice(OWN.length)
    : encryptedContent === ''
      ? ''
      : sealReasoning({ id, encryptedContent })
  return { type: 'thinking', text, ...(signature !== '' && { signature }) }
}
