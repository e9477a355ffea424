import type { FunctionTool, JsonObject } from '../../message/request.ts'
import type { Quirks } from '../quirks.ts'
import { given } from './object.ts'
import { functionSchema, isClosed } from './schema.ts'
import type { ToolNames } from './tool-names.ts'
import type { Warnings } from './warnings.ts'

/** Tools as OpenAI's two APIs take them, and those that follow one of them. */

/** OpenAI refuses a request with more. */
const TOOLS_MAX = 128

/** The first of them, beside `others` that are sent in any case. */
export function asManyAsFit(
  functions: readonly FunctionTool[],
  others: number,
  quirks: Quirks,
  warnings: Warnings,
): readonly FunctionTool[] {
  const kept = functions.slice(0, (quirks.toolsMax ?? TOOLS_MAX) - others)
  for (const { name } of functions.slice(kept.length))
    warnings.add('dropped', `tools.${name}`, `the upstream takes at most ${kept.length} tools`)
  return kept
}

export function encodeFunction(
  tool: FunctionTool,
  names: ToolNames,
  warnings: Warnings,
): { name: string; description?: string; parameters: JsonObject } {
  const { schema, changed } = functionSchema(tool.schema)
  if (changed)
    warnings.add(
      'changed',
      `tools.${tool.name}.input_schema`,
      'the upstream wants a plain object at the root and items in every array',
    )
  for (const field in tool.extra)
    warnings.add('dropped', `tools[].${field}`, 'functions have no such field here')
  return { name: names.sent(tool.name), ...given('description', tool.description), parameters: schema }
}

/** Can the function be as strict as the client wants it? */
export function isStrict({ strict }: FunctionTool, parameters: JsonObject, warnings: Warnings): boolean {
  if (strict !== true) return false
  if (isClosed(parameters)) return true
  warnings.add(
    'dropped',
    'tools[].strict',
    'only closed schemas with all properties required can be strict here',
  )
  return false
}

/** For a client that wants one call at a time. */
export function encodeParallel(quirks: Quirks, warnings: Warnings): JsonObject {
  if (quirks.parallelToolCalls !== false) return { parallel_tool_calls: false }
  warnings.add(
    'dropped',
    'tool_choice.disable_parallel_tool_use',
    'the upstream does not know parallel_tool_calls',
  )
  return {}
}
