import type { JsonObject, Request } from '../../message/request.ts'
import { geminiTraits } from '../../models/gemini.ts'
import type { GeminiTraits } from '../../models/gemini.ts'
import type { Encoded, EncodeTarget, Memo } from '../protocol.ts'
import { jsonPieces } from '../shared/json.ts'
import { outputLimit, usedCallIds } from '../shared/openai-settings.ts'
import { Warnings } from '../shared/warnings.ts'
import { answerSchema } from './answer-schema.ts'
import { ContentEncoder } from './content-encode.ts'
import { encodeContents, encodeSystem } from './messages-encode.ts'
import { encodeThinking } from './thinking-encode.ts'
import { FunctionNames, encodeTools } from './tools-encode.ts'

/**
 * A hub request as a generateContent body; model and stream stand in the path. The same request gives the same
 * bytes, with what changes least first and the conversation last: prompt caches compare from the front.
 */
export function encodeRequest(request: Request, target: EncodeTarget): Encoded {
  const { quirks } = target
  const traits = geminiTraits(target.model, target.facts)
  const warnings = new Warnings()
  const names = new FunctionNames()
  const memo: Memo = {}
  const options = { urls: quirks.imageUrls !== false, mediaInResults: traits.isNew, signed: traits.isNew }
  const content = new ContentEncoder(options, warnings)
  const tools = encodeTools(request, quirks, names, memo, warnings)
  const format = encodeFormat(request, traits, tools.tools !== undefined, warnings)
  const system = [...encodeSystem(request, content, warnings), ...format.instruction]
  const config = {
    ...encodeLimits(request, target, traits, warnings),
    ...encodeStop(request, memo, warnings),
    ...format.fields,
    ...encodeThinking(request, traits.thinking, warnings),
  }
  const body = {
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    ...tools,
    ...(Object.keys(config).length > 0 && { generationConfig: config }),
    contents: encodeContents(request.messages, content, options, names, warnings),
  }
  dropOthers(request, warnings)
  if (names.changed.size > 0) memo.toolNames = names.changed
  const callIds = usedCallIds(request)
  if (callIds.size > 0) memo.callIds = callIds
  return { body: jsonPieces(body), warnings: warnings.list(), memo }
}

/** Thinking counts against the limit: one that thinks needs room for it. */
function encodeLimits(
  request: Request,
  target: EncodeTarget,
  { thinking }: GeminiTraits,
  warnings: Warnings,
): JsonObject {
  const canStop = thinking?.by === 'budget' && thinking.canStop && request.reasoning?.mode === 'off'
  const reasons = thinking !== undefined && thinking.by !== 'nothing' && !canStop
  const limit = outputLimit(request, target, reasons, 1, warnings)
  const { temperature, topP, topK } = request
  return {
    ...(limit !== undefined && { maxOutputTokens: limit }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
  }
}

const STOP_MAX = 5

/** What is not sent, the gateway enforces itself. */
function encodeStop({ stopSequences }: Request, memo: Memo, warnings: Warnings): JsonObject {
  const wanted = stopSequences.filter((sequence) => sequence !== '')
  const sent = wanted.slice(0, STOP_MAX)
  if (sent.length < wanted.length) {
    memo.enforceStop = wanted.slice(STOP_MAX)
    warnings.add(
      'emulated',
      'stop_sequences',
      `the upstream takes ${STOP_MAX}; the gateway cuts the answer at the others`,
    )
  }
  return sent.length === 0 ? {} : { stopSequences: sent }
}

interface EncodedFormat {
  fields: JsonObject
  instruction: JsonObject[]
}

/** "Function calling with a response mime type: 'application/json' is unsupported", before Gemini 3. */
function encodeFormat(
  { format }: Request,
  { isNew }: GeminiTraits,
  hasTools: boolean,
  warnings: Warnings,
): EncodedFormat {
  if (format === undefined) return { fields: {}, instruction: [] }
  if (hasTools && !isNew) {
    const why = 'the model takes no format beside tools; it is told to follow it'
    warnings.add('emulated', 'output_config.format', why)
    const schema =
      format.schema === undefined ? '' : ` that follows this JSON Schema:\n${JSON.stringify(format.schema)}`
    return { fields: {}, instruction: [{ text: `Answer with nothing but JSON${schema}` }] }
  }
  const fields = { responseMimeType: 'application/json' }
  if (format.schema === undefined) return { fields, instruction: [] }
  return { fields: { ...fields, responseJsonSchema: answerSchema(format.schema) }, instruction: [] }
}

function dropOthers({ userId, extra }: Request, warnings: Warnings): void {
  if (userId !== undefined && userId !== '')
    warnings.add('dropped', 'metadata.user_id', 'the upstream has no field for it')
  for (const field in extra) {
    if (extra[field] !== null) warnings.add('dropped', field, 'the generateContent API has no such field')
  }
}
