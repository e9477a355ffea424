import type { ForeignStrings } from '../foreign.ts'
import { SIGNED_ID_MARK, readSignedCallId } from '../shared/gemini-signature.ts'

/** Ids that carry Gemini's signatures are longer than the 40 letters that OpenAI takes. */
export const foreignStrings: ForeignStrings = {
  needle: SIGNED_ID_MARK,
  fields: ['id', 'tool_call_id'],
  mend: (id) => readSignedCallId(id).id,
}
