import type { ForeignStrings } from '../foreign.ts'
import { NO_SIGNATURE } from '../shared/gemini-signature.ts'
import { SEALED } from './signature.ts'

/**
 * The thinking of another model, which its call carried before the user switched to Gemini ("Corrupted thought
 * signature"). The call itself stays, with the word that Google takes for one that it did not make.
 */
export const foreignStrings: ForeignStrings = {
  needle: SEALED,
  isBeginning: true,
  fields: ['thoughtSignature', 'thought_signature'],
  mend: (signature) => (signature.startsWith(SEALED) ? NO_SIGNATURE : signature),
}
