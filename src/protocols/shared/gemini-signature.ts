/**
 * Gemini signs parts of its answers, and answers 400 ("Function call is missing a thought_signature") when a call
 * comes back without. Most clients keep no such field, but all keep the signature of a thinking block: there it
 * travels, sealed so that it is told from every other signature.
 * https://ai.google.dev/gemini-api/docs/thought-signatures
 */
const SEALS = { next: 'sbx-gemini-', thought: 'sbx-gemini.' } as const

/** What Gemini accepts for a call that another model made, or whose signature is lost. */
export const NO_SIGNATURE = 'skip_thought_signature_validator'

export interface GeminiSignature {
  /** As Gemini wrote it. */
  signature: string
  /** What it stood on, and must stand on again: the thought itself, or the part behind it. */
  on: keyof typeof SEALS
}

export function sealSignature(signature: string, on: GeminiSignature['on'] = 'next'): string {
  return SEALS[on] + signature
}

/** The signature inside a thinking block's, when it is one of ours. */
export function unsealSignature(signature: string | undefined): GeminiSignature | undefined {
  if (signature?.startsWith(SEALS.next) === true)
    return { signature: signature.slice(SEALS.next.length), on: 'next' }
  if (signature?.startsWith(SEALS.thought) === true)
    return { signature: signature.slice(SEALS.thought.length), on: 'thought' }
  return undefined
}
