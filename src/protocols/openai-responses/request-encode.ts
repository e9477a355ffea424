import type { JsonObject, Request } from '../../message/request.ts'
import { chatTraits } from '../../models/reasoning.ts'
import type { ChatTraits } from '../../models/reasoning.ts'
import type { Quirks } from '../quirks.ts'
import { jsonPieces } from '../shared/json.ts'
import { chooseEffort, encodeSampling, encodeUser, encodeFormat } from '../shared/openai-settings.ts'
import { dropExtra, instructed, noteNames, outputLimit, sendableStops } from '../shared/settings.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Encoded, EncodeTarget, Memo } from '../translation.ts'
import { encodeInput } from './messages-encode.ts'
import type { InputOptions } from './messages-encode.ts'
import { encodeTools } from './tools-encode.ts'

/** The API refuses a smaller limit of the answer. */
const OUTPUT_TOKENS_MIN = 16

/**
 * A hub request as a Responses body. The same request gives the same bytes, with what changes least first and the
 * conversation last: prompt caches compare from the front. Nothing is stored, so that every turn stands for itself.
 */
export function encodeRequest(request: Request, target: EncodeTarget): Encoded {
  const { model, quirks } = target
  const traits = chatTraits(model, target.facts)
  const warnings = new Warnings()
  const names = new ToolNames()
  const memo: Memo = {}
  const tools = encodeTools(request, quirks, names, memo, warnings)
  const effort = chooseEffort(request, traits, quirks, 'tools' in tools, warnings)
  const format = encodeFormat(request, quirks, warnings)
  const asked = instructed(request, format.instruction)
  const { instructions, input } = encodeInput(asked, inputOptions(target, traits), names, warnings)
  const body = {
    model,
    ...(request.stream && { stream: true }),
    store: false,
    ...encodeInclude(traits, quirks, tools),
    ...encodeLimit(request, target, traits, effort, warnings),
    ...encodeSampling(request, traits, effort, warnings),
    ...encodeReasoning(request, traits, effort),
    ...(format.form !== undefined && { text: { format: format.form } }),
    ...encodeUser(request, quirks, warnings),
    ...tools,
    ...(instructions !== undefined && { instructions }),
    input,
  }
  // The API has no stop sequences.
  sendableStops(request.stopSequences, 0, memo, warnings)
  dropExtra(request, 'it is not translated to the Responses API', warnings)
  noteNames(request, names, memo)
  return { body: jsonPieces(body), warnings: warnings.list(), memo }
}

function inputOptions({ facts, quirks }: EncodeTarget, traits: ChatTraits): InputOptions {
  return {
    systemRole: quirks.systemRole ?? traits.systemRole,
    reasoning: quirks.encryptedReasoning !== false,
    images: facts?.inputKinds === undefined || facts.inputKinds.includes('image'),
    imageUrls: quirks.imageUrls !== false,
    fileParts: quirks.fileParts !== false,
  }
}

/** "Encrypted content is not supported with this model" is what others than reasoning models answer. */
function encodeInclude(traits: ChatTraits, quirks: Quirks, tools: JsonObject): JsonObject {
  const searches = (tools.tools as JsonObject[] | undefined)?.at(-1)?.type === 'web_search'
  const include = [
    ...(traits.reasoning === true && quirks.encryptedReasoning !== false
      ? ['reasoning.encrypted_content']
      : []),
    ...(searches ? ['web_search_call.action.sources'] : []),
  ]
  return include.length === 0 ? {} : { include }
}

function encodeLimit(
  request: Request,
  target: EncodeTarget,
  traits: ChatTraits,
  effort: string | undefined,
  warnings: Warnings,
): JsonObject {
  const reasons = traits.reasoning === true && effort !== 'none'
  const limit = outputLimit(request, target, reasons, OUTPUT_TOKENS_MIN, warnings)
  return limit === undefined ? {} : { max_output_tokens: limit }
}

/** The summary is what a client sees of the reasoning; one that hides it should not wait for it to be written. */
function encodeReasoning({ reasoning }: Request, traits: ChatTraits, effort: string | undefined): JsonObject {
  const isShown =
    reasoning !== undefined &&
    reasoning.mode !== 'off' &&
    reasoning.display !== 'omitted' &&
    traits.reasoning === true &&
    effort !== 'none'
  if (effort === undefined && !isShown) return {}
  return { reasoning: { ...(effort !== undefined && { effort }), ...(isShown && { summary: 'auto' }) } }
}
