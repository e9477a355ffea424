import type { JsonObject, Request } from '../../message/request.ts'
import { chatTraits } from '../../models/reasoning.ts'
import type { ChatTraits } from '../../models/reasoning.ts'
import type { Encoded, EncodeTarget, Memo, Quirks } from '../protocol.ts'
import { jsonPieces } from '../shared/json.ts'
import {
  chooseEffort,
  encodeSampling,
  encodeUser,
  outputLimit,
  usedCallIds,
} from '../shared/openai-settings.ts'
import { encodeMessages } from '../shared/chat-messages.ts'
import { functionSchema, isClosed } from '../shared/schema.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'
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
  const asked =
    format.instruction === undefined
      ? request
      : { ...request, system: [...request.system, format.instruction] }
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
    ...format.fields,
    ...encodeUser(request, quirks, warnings),
    ...tools,
    messages: encodeMessages(asked, messageOptions(target, traits), names, warnings),
  }
  dropExtras(request.extra, warnings)
  if (names.changed.size > 0) memo.toolNames = names.changed
  const callIds = usedCallIds(request)
  if (callIds.size > 0) memo.callIds = callIds
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

/** OpenAI's reasoning models refuse `stop` as they refuse sampling. What is not sent, the gateway enforces itself. */
function encodeStop(
  request: Request,
  traits: ChatTraits,
  quirks: Quirks,
  memo: Memo,
  warnings: Warnings,
): JsonObject {
  const wanted = request.stopSequences
  if (wanted.length === 0) return {}
  const most = traits.sampling === 'always' ? (quirks.stopSequencesMax ?? STOP_MAX) : 0
  const sent = wanted.slice(0, most)
  if (sent.length < wanted.length) {
    memo.enforceStop = wanted.slice(most)
    warnings.add(
      'emulated',
      'stop_sequences',
      `the upstream takes ${most}; the gateway cuts the answer at the others`,
    )
  }
  if (sent.length === 0) return {}
  memo.stopSequences = sent
  return { stop: sent }
}

// ==== Reasoning

function encodeEffort(effort: string | undefined, quirks: Quirks): JsonObject {
  if (effort === undefined) return {}
  return quirks.effortStyle === 'reasoning-object' ? { reasoning: { effort } } : { reasoning_effort: effort }
}

// ==== The rest

interface EncodedFormat {
  fields: JsonObject
  instruction?: { type: 'text'; text: string }
}

function encodeFormat({ format }: Request, quirks: Quirks, warnings: Warnings): EncodedFormat {
  if (format === undefined) return { fields: {} }
  if (format.schema === undefined) return { fields: { response_format: { type: 'json_object' } } }
  if (quirks.jsonSchema === false) {
    warnings.add(
      'emulated',
      'output_config.format',
      'the upstream knows no schemas; the model is told to follow it',
    )
    const text = `Answer with nothing but JSON that follows this JSON Schema:\n${JSON.stringify(format.schema)}`
    return { fields: { response_format: { type: 'json_object' } }, instruction: { type: 'text', text } }
  }
  const { schema } = functionSchema(format.schema)
  const strict = format.strict !== false && isClosed(schema)
  if (format.strict === true && !strict) {
    warnings.add(
      'changed',
      'output_config.format',
      'only closed schemas with all properties required can be strict here',
    )
  }
  const json_schema = { name: format.name ?? 'answer', schema, ...(strict && { strict }) }
  return { fields: { response_format: { type: 'json_schema', json_schema } } }
}

function dropExtras(extra: JsonObject, warnings: Warnings): void {
  for (const field in extra) {
    if (extra[field] !== null) warnings.add('dropped', field, 'the Chat Completions API has no such field')
  }
}
