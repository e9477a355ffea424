import type { JsonObject } from '../../message/request.ts'
import { NO_SIGNATURE } from './gemini-signature.ts'
import { isObject } from './object.ts'

/** The signature on a call of an answer of Google's surface for this API. */
export function geminiSignature(call: JsonObject): string | undefined {
  const google = isObject(call.extra_content) ? call.extra_content.google : undefined
  const signature = isObject(google) ? google.thought_signature : undefined
  return typeof signature === 'string' && signature !== '' ? signature : undefined
}

/** The field of a call in the history. */
export function signedContent(signature: string | undefined): JsonObject {
  return { google: { thought_signature: signature ?? NO_SIGNATURE } }
}
