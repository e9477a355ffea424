import type { JsonObject, Request, TextBlock } from '../../message/request.ts'
import { geminiTraits } from '../../models/gemini.ts'
import type { GeminiTraits } from '../../models/gemini.ts'
import { jsonPieces } from '../shared/json.ts'
import {
  dropExtra,
  dropUser,
  instructed,
  jsonInstruction,
  noteNames,
  outputLimit,
  sendableStops,
} from '../shared/settings.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Encoded, EncodeTarget, Memo } from '../translation.ts'
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
  const system = encodeSystem(instructed(request, format.instruction), content, warnings)
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
  dropUser(request, warnings)
  dropExtra(request, 'the generateContent API has no such field', warnings)
  noteNames(request, names, memo)
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

function encodeStop({ stopSequences }: Request, memo: Memo, warnings: Warnings): JsonObject {
  const wanted = stopSequences.filter((sequence) => sequence !== '')
  const sent = sendableStops(wanted, STOP_MAX, memo, warnings)
  return sent.length === 0 ? {} : { stopSequences: sent }
}

interface EncodedFormat {
  fields: JsonObject
  instruction?: TextBlock
}

/** "Function calling with a response mime type: 'application/json' is unsupported", before Gemini 3. */
function encodeFormat(
  { format }: Request,
  { isNew }: GeminiTraits,
  hasTools: boolean,
  warnings: Warnings,
): EncodedFormat {
  if (format === undefined) return { fields: {} }
  if (hasTools && !isNew) {
    const why = 'the model takes no format beside tools; it is told to follow it'
    warnings.add('emulated', 'output_config.format', why)
    return { fields: {}, instruction: jsonInstruction(format.schema) }
  }
  const schema = format.schema === undefined ? {} : { responseJsonSchema: answerSchema(format.schema) }
  return { fields: { responseMimeType: 'application/json', ...schema } }
}
