import type { FunctionTool, JsonObject, Request, ServerTool } from '../../message/request.ts'
import type { Quirks } from '../quirks.ts'
import { isObject } from '../shared/object.ts'
import { offeredTools, dropSearch, dropSearchOptions, isOffered } from '../shared/offered-tools.ts'
import { asManyAsFit, encodeFunction, encodeParallel, isStrict } from '../shared/openai-tools.ts'
import { toolEncoder } from '../shared/tool-encoder.ts'
import type { ToolNames } from '../shared/tool-names.ts'
import type { Warnings } from '../shared/warnings.ts'
import type { Memo } from '../translation.ts'

/** `tools`, `tool_choice` and `parallel_tool_calls`. Notes in `memo` what is missing. */
export function encodeTools(
  request: Request,
  quirks: Quirks,
  names: ToolNames,
  memo: Memo,
  warnings: Warnings,
): JsonObject {
  const offered = offeredTools(request, warnings)
  const search = offered.search === undefined ? [] : encodeSearch(offered.search, quirks, memo, warnings)
  const functions = asManyAsFit(offered.functions, search.length, quirks, warnings)
  // Who asks for nothing but a search reads nothing but what it found.
  if (search.length > 0 && functions.length === 0) memo.webSearch = true
  const tools = encodeFunctions(functions, names, warnings)
  if (tools.length + search.length === 0) return {}
  return {
    ...encodeChoice(request, functions, search.length > 0, names, warnings),
    ...(request.parallelTools === false && encodeParallel(quirks, warnings)),
    tools: [...tools, ...search],
  }
}

const encodeFunctions = toolEncoder((tool, names, warnings) => {
  const called = encodeFunction(tool, names, warnings)
  if (tool.cache !== undefined) warnings.add('dropped', 'cache_control', 'the upstream caches by itself')
  // Left out, `strict` means true here, and the API makes the schema strict by itself.
  return { type: 'function', ...called, strict: isStrict(tool, called.parameters, warnings) }
})

function encodeChoice(
  { toolChoice: choice }: Request,
  functions: readonly FunctionTool[],
  searches: boolean,
  names: ToolNames,
  warnings: Warnings,
): JsonObject {
  if (choice === undefined) return {}
  if (choice.type !== 'tool') return { tool_choice: choice.type }
  if (searches && choice.name === 'web_search' && functions.length === 0) return { tool_choice: 'required' }
  if (!isOffered(choice.name, functions, warnings)) return {}
  return { tool_choice: { type: 'function', name: names.sent(choice.name) } }
}

function encodeSearch(search: ServerTool, quirks: Quirks, memo: Memo, warnings: Warnings): JsonObject[] {
  if (quirks.webSearch === 'none') {
    dropSearch(search, memo, warnings)
    return []
  }
  dropSearchOptions(search, ['blocked_domains', 'max_uses'], warnings)
  const { allowed_domains: domains, user_location: location } = search.raw
  return [
    {
      type: 'web_search',
      ...(Array.isArray(domains) && domains.length > 0 && { filters: { allowed_domains: domains } }),
      ...(isObject(location) && { user_location: { ...location, type: 'approximate' } }),
    },
  ]
}
