import type { JsonObject, Request } from '../../message/request.ts'
import type { ModelFacts } from '../../models/catalogue.ts'
import { converseTraits } from '../../models/converse.ts'
import { withoutAttribution } from '../shared/attribution.ts'
import { claudeSchema, isNewGeneration } from '../shared/claude-settings.ts'
import { jsonPieces } from '../shared/json.ts'
import { dropExtra, dropUser, jsonInstruction, noteNames } from '../shared/settings.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Encoded, EncodeTarget, Memo } from '../translation.ts'
import { limitCachePoints } from './cache-points.ts'
import { encodeContent } from './content-encode.ts'
import type { ContentContext } from './content-encode.ts'
import { DocumentNames } from './documents.ts'
import { encodeMessages } from './messages-encode.ts'
import type { Turn } from './messages-encode.ts'
import { claudeSettings, otherSettings } from './settings-encode.ts'
import type { EncodedSettings } from './settings-encode.ts'
import { encodeTools } from './tools-encode.ts'

/**
 * A hub request as a Converse body; model and stream stand in the path. What changes least comes first, and the
 * conversation last.
 */
export function encodeRequest(request: Request, target: EncodeTarget): Encoded {
  const { facts, quirks } = target
  const context = contextOf(target)
  const { traits, warnings, names } = context
  const memo: Memo = {}
  const takesSchema = traits.jsonSchema && quirks.jsonSchema !== false
  const tools = encodeTools(request, memo, context)
  const system = encodeSystem(request, takesSchema, context)
  const turns = endWithUser(encodeMessages(request.messages, context), traits.isClaude, facts, warnings)
  limitCachePoints([tools.config?.tools ?? [], system, ...turns.map(({ content }) => content)], warnings)
  const settings = traits.isClaude
    ? claudeSettings(request, facts, isInToolLoopWithoutThinking(turns), warnings)
    : otherSettings(request, target, traits, memo, warnings)
  const format = takesSchema ? encodeFormat(request, warnings) : undefined
  dropUser(request, warnings)
  dropExtra(request, 'the Converse API has no such field', warnings)
  noteNames(request, names, memo)
  const body = {
    ...encodeSettings(settings, tools.ownChoice),
    ...(format !== undefined && { outputConfig: { textFormat: format } }),
    ...(tools.config !== undefined && { toolConfig: tools.config }),
    ...(system.length > 0 && { system }),
    messages: turns,
  }
  return { body: jsonPieces(body), warnings: warnings.list(), memo }
}

function contextOf({ model, facts }: EncodeTarget): ContentContext {
  return {
    traits: converseTraits(model, facts),
    images: facts?.inputKinds === undefined || facts.inputKinds.includes('image'),
    documents: new DocumentNames(),
    names: new ToolNames(),
    warnings: new Warnings(),
  }
}

function encodeSettings(
  { inferenceConfig, more }: EncodedSettings,
  ownChoice: JsonObject | undefined,
): JsonObject {
  const fields = { ...more, ...(ownChoice !== undefined && { tool_choice: ownChoice }) }
  return {
    ...(Object.keys(inferenceConfig).length > 0 && { inferenceConfig }),
    ...(Object.keys(fields).length > 0 && { additionalModelRequestFields: fields }),
    // Claude tells at which sequence it stopped, where it is asked to.
    ...(inferenceConfig.stopSequences !== undefined && {
      additionalModelResponseFieldPaths: ['/stop_sequence', '/delta/stop_sequence'],
    }),
  }
}

function encodeSystem(request: Request, takesSchema: boolean, context: ContentContext): JsonObject[] {
  const { format } = request
  const { traits, warnings } = context
  const blocks = traits.isClaude ? request.system : withoutAttribution(request.system, warnings)
  const system = encodeContent(blocks, context)
  if (format === undefined || (format.schema !== undefined && takesSchema)) return system
  warnings.add('emulated', 'output_config.format', 'the model is told to answer with JSON')
  return [...system, { text: jsonInstruction(format.schema).text }]
}

/** The schema is JSON in a string; every model takes it as Claude does, closed and without limits. */
function encodeFormat({ format }: Request, warnings: Warnings): JsonObject | undefined {
  const schema = claudeSchema(format, warnings)
  if (schema === undefined) return undefined
  const jsonSchema = { name: format?.name ?? 'answer', schema: JSON.stringify(schema) }
  return { type: 'json_schema', structure: { jsonSchema } }
}

/** Only older Claude models go on from a text that the client began. */
function endWithUser(
  turns: Turn[],
  isClaude: boolean,
  facts: ModelFacts | undefined,
  warnings: Warnings,
): Turn[] {
  if (turns.at(-1)?.role !== 'assistant' || (isClaude && !isNewGeneration(facts))) return turns
  warnings.add('changed', 'messages', 'this model does not continue an assistant message; it is asked to')
  return [...turns, { role: 'user', content: [{ text: 'Continue exactly where you stopped.' }] }]
}

function isInToolLoopWithoutThinking(turns: readonly Turn[]): boolean {
  const isLoop = turns.at(-1)?.content[0]?.toolResult !== undefined
  return isLoop && turns.at(-2)?.content[0]?.reasoningContent === undefined
}
