/**
 * Gemini signs parts of its answers, and answers 400 ("Function call is missing a thought_signature") when a call
 * comes back without. Most clients keep no such field, but all keep the signature of a thinking block: there it
 * travels, sealed so that it is told from every other signature.
 * https://ai.google.dev/gemini-api/docs/thought-signatures
 */
const SEALS = { next: 'sbx-gemini-', thought: 'sbx-gemini.', alone: 'sbx-gemini~' } as const

/** What Gemini accepts for a call that another model made, or whose signature is lost. */
export const NO_SIGNATURE = 'skip_thought_signature_validator'

export interface GeminiSignature {
  /** As Gemini wrote it. */
  signature: string
  /** What it stood on, and must stand on again: the thought itself, the part behind it, a part without content. */
  on: keyof typeof SEALS
}

export function sealSignature(signature: string, on: GeminiSignature['on'] = 'next'): string {
  return SEALS[on] + signature
}

/** The signature inside a thinking block's, when it is one of ours. */
export function unsealSignature(signature: string | undefined): GeminiSignature | undefined {
  if (signature === undefined) return undefined
  for (const on of ['next', 'thought', 'alone'] as const) {
    if (signature.startsWith(SEALS[on])) return { signature: signature.slice(SEALS[on].length), on }
  }
  return undefined
}

// ==== In the id of a call, for clients that keep nothing else

/** Stands in every id that carries a signature. */
export const SIGNED_ID_MARK = '__sig__'
/** Signatures are base64 in JSON; ids may not have all of its letters. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const SIGNED_ID = /^(.+?)__sig__([A-Za-z0-9_-]+)$/

/** A call's id that carries its signature. Signatures in a form that cannot be told back are left out. */
export function signedCallId(id: string, signature: string): string {
  if (signature === '' || !BASE64.test(signature)) return id
  return id + SIGNED_ID_MARK + signature.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** What {@link signedCallId} was given; any other id as it is. */
export function readSignedCallId(signedId: string): { id: string; signature?: string } {
  const match = SIGNED_ID.exec(signedId)
  if (match === null) return { id: signedId }
  const base64 = match[2]!.replaceAll('-', '+').replaceAll('_', '/')
  return { id: match[1]!, signature: base64.padEnd(Math.ceil(base64.length / 4) * 4, '=') }
}

/** The id behind a thinking block with this signature; Gemini's travels in it. */
export function idBehind(signature: string | undefined, id: string): string {
  const own = unsealSignature(signature)
  return own?.on === 'next' ? signedCallId(id, own.signature) : id
}
