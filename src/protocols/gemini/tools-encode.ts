import type { FunctionTool, JsonObject, Request, ServerTool } from '../../message/request.ts'
import type { Quirks } from '../quirks.ts'
import { JsonText } from '../shared/json.ts'
import { offeredTools, dropSearch, dropSearchOptions, isOffered } from '../shared/offered-tools.ts'
import { toolEncoder } from '../shared/tool-encoder.ts'
import { ToolNames } from '../shared/tool-names.ts'
import type { Warnings } from '../shared/warnings.ts'
import type { Memo } from '../translation.ts'
import { jsonSchema } from './schema-decode.ts'
import { parametersSchema } from './schema.ts'

/** "Invalid function name. Must start with a letter or an underscore." */
export class FunctionNames extends ToolNames {
  override sent(name: string): string {
    const sent = super.sent(name)
    if (/^[a-zA-Z_]/.test(sent)) return sent
    this.changed.delete(sent)
    const own = super.sent(`_${name}`)
    this.changed.set(own, name)
    return own
  }
}

/** `tools` and `toolConfig`. Notes in `memo` what is missing. */
export function encodeTools(
  request: Request,
  quirks: Quirks,
  names: ToolNames,
  memo: Memo,
  warnings: Warnings,
): JsonObject {
  const { functions, search } = offeredTools(request, warnings)
  const declarations = encodeFunctions(functions, names, warnings).map(({ text }) => text)
  const tools: unknown[] = []
  if (declarations.length > 0)
    tools.push(new JsonText(`{"functionDeclarations":[${declarations.join(',')}]}`))
  if (search !== undefined) tools.push(...encodeSearch(search, functions.length > 0, quirks, memo, warnings))
  const choice = functions.length === 0 ? undefined : encodeChoice(request, functions, names, warnings)
  return {
    ...(tools.length > 0 && { tools }),
    ...(choice !== undefined && { toolConfig: { functionCallingConfig: choice } }),
  }
}

const encodeFunctions = toolEncoder(encodeFunction, () => new FunctionNames())

function encodeFunction(tool: FunctionTool, names: ToolNames, warnings: Warnings): JsonObject {
  const { schema, isFree, changed } = parametersSchema(tool.schema)
  if (changed)
    warnings.add(
      'changed',
      'tools[].input_schema',
      'the upstream knows a part of JSON Schema; the rest is told in the descriptions',
    )
  if (tool.cache !== undefined) warnings.add('dropped', 'cache_control', 'the upstream caches by itself')
  if (tool.strict === true) warnings.add('dropped', 'tools[].strict', 'functions have no such field here')
  for (const field in tool.extra)
    warnings.add('dropped', `tools[].${field}`, 'functions have no such field here')
  return {
    name: names.sent(tool.name),
    ...(tool.description !== undefined && { description: tool.description }),
    ...(schema !== undefined &&
      (isFree ? { parametersJsonSchema: jsonSchema(schema) } : { parameters: schema })),
  }
}

function encodeChoice(
  request: Request,
  functions: readonly FunctionTool[],
  names: ToolNames,
  warnings: Warnings,
): JsonObject | undefined {
  if (request.parallelTools === false)
    warnings.add(
      'dropped',
      'tool_choice.disable_parallel_tool_use',
      'the upstream cannot be told to call one tool at a time',
    )
  const choice = request.toolChoice
  switch (choice?.type) {
    case undefined:
      return undefined
    case 'auto':
      return { mode: 'AUTO' }
    case 'none':
      return { mode: 'NONE' }
    case 'required':
      return { mode: 'ANY' }
    case 'tool':
      if (!isOffered(choice.name, functions, warnings)) return undefined
      return { mode: 'ANY', allowedFunctionNames: [names.sent(choice.name)] }
  }
}

/**
 * Google's search. Beside functions the older models refuse it, and the newer ones want their searches back in every
 * later turn, which no client of another API can do.
 */
function encodeSearch(
  search: ServerTool,
  hasFunctions: boolean,
  quirks: Quirks,
  memo: Memo,
  warnings: Warnings,
): JsonObject[] {
  if (hasFunctions) {
    const why = 'the upstream searches only where no other tools are offered'
    warnings.add('dropped', `tools.${search.name}`, why)
    return []
  }
  if (quirks.webSearch === 'none') {
    dropSearch(search, memo, warnings)
    return []
  }
  dropSearchOptions(search, ['allowed_domains', 'blocked_domains', 'max_uses', 'user_location'], warnings)
  memo.webSearch = true
  return [{ googleSearch: {} }]
}
