import type { JsonObject, Request } from '../../message/request.ts'
import { chatTraits } from '../../models/reasoning.ts'
import type { ChatTraits } from '../../models/reasoning.ts'
import type { Quirks } from '../quirks.ts'
import { encodeMessages } from '../shared/chat-messages.ts'
import { jsonPieces } from '../shared/json.ts'
import { chooseEffort, encodeSampling, encodeUser, encodeFormat } from '../shared/openai-settings.ts'
import type { EncodedFormat } from '../shared/openai-settings.ts'
import { dropExtra, instructed, noteNames, outputLimit, sendableStops } from '../shared/settings.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Encoded, EncodeTarget, Memo } from '../translation.ts'
import { encodeTools } from './tools-encode.ts'

/**
 * A hub request as a Chat Completions body. The same request gives the same bytes, with what changes least first
 * and the conversation last: prompt caches compare from the front.
 */
export function encodeRequest(request: Request, target: EncodeTarget): Encoded {
  const { model, quirks } = target
  const traits = chatTraits(model, target.facts)
  const warnings = new Warnings()
  const names = new ToolNames()
  const memo: Memo = {}
  const tools = encodeTools(request, quirks, names, memo, warnings)
  const effort = chooseEffort(request, traits, quirks, tools.tools !== undefined, warnings)
  const format = encodeFormat(request, quirks, warnings)
  const body = {
    model,
    ...(request.stream && {
      stream: true,
      ...(quirks.streamOptions !== false && { stream_options: { include_usage: true } }),
    }),
    ...encodeLimit(request, target, traits, effort, warnings),
    ...encodeSampling(request, traits, effort, warnings),
    ...encodeStop(request, traits, quirks, memo, warnings),
    ...encodeEffort(effort, quirks),
    ...formatField(format),
    ...encodeUser(request, quirks, warnings),
    ...tools,
    messages: encodeMessages(
      instructed(request, format.instruction),
      messageOptions(target, traits),
      names,
      warnings,
    ),
  }
  dropExtra(request, 'the Chat Completions API has no such field', warnings)
  noteNames(request, names, memo)
  return { body: jsonPieces(body), warnings: warnings.list(), memo }
}

function messageOptions(
  { facts, quirks }: EncodeTarget,
  traits: ChatTraits,
): Parameters<typeof encodeMessages>[1] {
  return {
    systemRole: quirks.systemRole ?? traits.systemRole,
    systemAnywhere: quirks.systemAnywhere !== false,
    userAfterTool: quirks.userAfterTool !== false,
    reasoningField: quirks.reasoningHistoryField,
    callIdLength: quirks.toolCallIdLength,
    images: facts?.inputKinds === undefined || facts.inputKinds.includes('image'),
    imageUrls: quirks.imageUrls !== false,
    fileParts: quirks.fileParts === true,
    cacheControl: quirks.cacheControl === true,
    textParts: quirks.textParts !== false,
  }
}

// ==== Limits and sampling

function encodeLimit(
  request: Request,
  target: EncodeTarget,
  traits: ChatTraits,
  effort: string | undefined,
  warnings: Warnings,
): JsonObject {
  const reasons = traits.reasoning === true && effort !== 'none'
  const limit = outputLimit(request, target, reasons, traits.outputTokensMin, warnings)
  return limit === undefined ? {} : { [target.quirks.maxTokensField ?? traits.maxTokensField]: limit }
}

const STOP_MAX = 4

/** OpenAI's reasoning models refuse `stop` as they refuse sampling. */
function encodeStop(
  request: Request,
  traits: ChatTraits,
  quirks: Quirks,
  memo: Memo,
  warnings: Warnings,
): JsonObject {
  const most = traits.sampling === 'always' ? (quirks.stopSequencesMax ?? STOP_MAX) : 0
  const sent = sendableStops(request.stopSequences, most, memo, warnings)
  if (sent.length === 0) return {}
  memo.stopSequences = sent
  return { stop: sent }
}

// ==== Reasoning

function encodeEffort(effort: string | undefined, quirks: Quirks): JsonObject {
  if (effort === undefined) return {}
  return quirks.effortStyle === 'reasoning-object' ? { reasoning: { effort } } : { reasoning_effort: effort }
}

// ==== The form of the answer

function formatField({ form }: EncodedFormat): JsonObject {
  if (form?.type !== 'json_schema') return form === undefined ? {} : { response_format: form }
  const { type, strict, ...schema } = form
  return { response_format: { type, json_schema: { ...schema, ...(strict && { strict }) } } }
}
