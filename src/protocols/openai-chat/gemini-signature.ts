import type { JsonObject } from '../../message/request.ts'
import { isObject } from './wire.ts'

/**
 * Gemini signs its tool calls and answers 400 ("Function call is missing a thought_signature") when one comes back
 * without. Clients keep no such field, but all keep the signature of a thinking block: there it travels, sealed so
 * that it is told from every other signature. https://ai.google.dev/gemini-api/docs/thought-signatures
 */
const SEAL = 'sbx-gemini-'

/** What Gemini accepts for a call that another model made, or whose signature is lost. */
const UNKNOWN = 'skip_thought_signature_validator'

/** The signature on a call of an answer. */
export function geminiSignature(call: JsonObject): string | undefined {
  const google = isObject(call.extra_content) ? call.extra_content.google : undefined
  const signature = isObject(google) ? google.thought_signature : undefined
  return typeof signature === 'string' && signature !== '' ? signature : undefined
}

export function sealSignature(signature: string): string {
  return SEAL + signature
}

/** The signature inside a thinking block's, when it is one of ours. */
export function unsealSignature(signature: string | undefined): string | undefined {
  return signature?.startsWith(SEAL) === true ? signature.slice(SEAL.length) : undefined
}

/** The field of a call in the history. */
export function signedContent(signature: string | undefined): JsonObject {
  return { google: { thought_signature: signature ?? UNKNOWN } }
}
