import type { FunctionTool, JsonObject, Request, ServerTool } from '../../message/request.ts'
import type { Quirks } from '../quirks.ts'
import { offeredTools, dropSearch, dropSearchOptions, isOffered } from '../shared/offered-tools.ts'
import { asManyAsFit, encodeFunction, encodeParallel, isStrict } from '../shared/openai-tools.ts'
import { toolEncoder } from '../shared/tool-encoder.ts'
import type { ToolNames } from '../shared/tool-names.ts'
import type { Warnings } from '../shared/warnings.ts'
import type { Memo } from '../translation.ts'

/** `tools`, `tool_choice`, `parallel_tool_calls` and what asks for a web search. Notes in `memo` what is missing. */
export function encodeTools(
  request: Request,
  quirks: Quirks,
  names: ToolNames,
  memo: Memo,
  warnings: Warnings,
): JsonObject {
  const offered = offeredTools(request, warnings)
  const functions = asManyAsFit(offered.functions, 0, quirks, warnings)
  return {
    ...(functions.length > 0 && {
      tools: encodeFunctions(functions, names, warnings),
      ...encodeChoice(request, functions, names, warnings),
      ...(request.parallelTools === false && encodeParallel(quirks, warnings)),
    }),
    ...(offered.search !== undefined && encodeSearch(offered.search, quirks, memo, warnings)),
  }
}

const encodeFunctions = toolEncoder((tool, names, warnings) => {
  const called = encodeFunction(tool, names, warnings)
  const strict = isStrict(tool, called.parameters, warnings)
  return { type: 'function', function: { ...called, ...(strict && { strict }) } }
})

function encodeChoice(
  request: Request,
  functions: readonly FunctionTool[],
  names: ToolNames,
  warnings: Warnings,
): JsonObject {
  const choice = request.toolChoice
  if (choice === undefined) return {}
  if (choice.type !== 'tool') return { tool_choice: choice.type }
  if (!isOffered(choice.name, functions, warnings)) return {}
  return { tool_choice: { type: 'function', function: { name: names.sent(choice.name) } } }
}

function encodeSearch(search: ServerTool, quirks: Quirks, memo: Memo, warnings: Warnings): JsonObject {
  dropSearchOptions(search, ['allowed_domains', 'blocked_domains', 'max_uses'], warnings)
  if (quirks.webSearch !== undefined) memo.webSearch = true
  switch (quirks.webSearch) {
    case 'plugins':
      return { plugins: [{ id: 'web' }] }
    case 'web_search_options':
      return { web_search_options: searchOptions(search.raw['user_location']) }
    case 'none':
    case undefined:
      dropSearch(search, memo, warnings)
      return {}
  }
}

function searchOptions(location: unknown): JsonObject {
  if (typeof location !== 'object' || location === null) return {}
  const { type: _type, ...approximate } = location as JsonObject
  return { user_location: { type: 'approximate', approximate } }
}
