import type { ForeignFields, ForeignStrings } from '../foreign.ts'
import type { Quirks } from '../quirks.ts'
import { SIGNED_ID_MARK, readSignedCallId } from '../shared/gemini-signature.ts'

/** Ids that carry Gemini's signatures are longer than the 40 letters that OpenAI takes. */
export const foreignStrings: ForeignStrings = {
  needle: SIGNED_ID_MARK,
  fields: ['id', 'tool_call_id'],
  mend: (id) => readSignedCallId(id).id,
}

/**
 * Clients give answers back as they got them: with reasoning where the model showed it, and without where it did not.
 * Some upstreams refuse a field that they do not know; DeepSeek refuses a call without its own.
 */
export function foreignFields({
  knownMessageFieldsOnly,
  reasoningHistoryField,
}: Quirks): ForeignFields | undefined {
  if (knownMessageFieldsOnly === true)
    return {
      needle: '"reasoning',
      isRefused: (name) => REASONING_FIELDS.includes(name) && name !== reasoningHistoryField,
      missing: () => [],
    }
  if (reasoningHistoryField !== 'reasoning_content') return undefined
  return {
    needle: '"tool_calls"',
    isRefused: () => false,
    missing: (fields) =>
      fields.has('tool_calls') && !fields.has(reasoningHistoryField) ? ['"reasoning_content":""'] : [],
  }
}

const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'reasoning_details']
