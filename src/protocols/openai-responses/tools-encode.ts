import { onceForFrozen } from '../../lib/frozen.ts'
import type { FunctionTool, JsonObject, Request, ServerTool } from '../../message/request.ts'
import type { Memo, Quirks } from '../protocol.ts'
import { JsonText } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import { offeredTools } from '../shared/offered-tools.ts'
import { functionSchema, isClosed } from '../shared/schema.ts'
import { ToolNames } from '../shared/tool-names.ts'
import { Warnings } from '../shared/warnings.ts'

/** OpenAI refuses a request with more. */
const TOOLS_MAX = 128

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
  const functions = offered.functions.slice(0, (quirks.toolsMax ?? TOOLS_MAX) - search.length)
  for (const { name } of offered.functions.slice(functions.length))
    warnings.add('dropped', `tools.${name}`, `the upstream takes at most ${functions.length} tools`)
  // Who asks for nothing but a search reads nothing but what it found.
  if (search.length > 0 && functions.length === 0) memo.webSearch = true
  const tools = functions.map((tool): unknown => {
    const encoded = encodeFunction(tool)
    names.include(encoded.names)
    warnings.include(encoded.warnings)
    return encoded.text
  })
  if (tools.length + search.length === 0) return {}
  return {
    ...encodeChoice(request, functions, search.length > 0, names, warnings),
    ...(request.parallelTools === false && encodeParallel(quirks, warnings)),
    tools: [...tools, ...search],
  }
}

/** Depends on the tool alone: what is the same in every turn is encoded once. */
const encodeFunction = onceForFrozen((tool: FunctionTool) => {
  const names = new ToolNames()
  const warnings = new Warnings()
  const text = new JsonText(JSON.stringify(functionOf(tool, names, warnings)))
  return { text, names, warnings: warnings.list() }
})

function functionOf(tool: FunctionTool, names: ToolNames, warnings: Warnings): JsonObject {
  const { schema, changed } = functionSchema(tool.schema)
  if (changed)
    warnings.add(
      'changed',
      `tools.${tool.name}.input_schema`,
      'the upstream wants a plain object at the root and items in every array',
    )
  const strict = tool.strict === true && isClosed(schema)
  if (tool.strict === true && !strict)
    warnings.add(
      'dropped',
      'tools[].strict',
      'only closed schemas with all properties required can be strict here',
    )
  for (const field in tool.extra)
    warnings.add('dropped', `tools[].${field}`, 'functions have no such field here')
  if (tool.cache !== undefined) warnings.add('dropped', 'cache_control', 'the upstream caches by itself')
  return {
    type: 'function',
    name: names.sent(tool.name),
    ...(tool.description !== undefined && { description: tool.description }),
    parameters: schema,
    // Left out it means true here, and the API makes the schema strict by itself.
    strict,
  }
}

function encodeChoice(
  { toolChoice: choice }: Request,
  functions: readonly FunctionTool[],
  searches: boolean,
  names: ToolNames,
  warnings: Warnings,
): JsonObject {
  if (choice === undefined) return {}
  if (choice.type !== 'tool') return { tool_choice: choice.type }
  if (functions.some(({ name }) => name === choice.name))
    return { tool_choice: { type: 'function', name: names.sent(choice.name) } }
  if (searches && choice.name === 'web_search' && functions.length === 0) return { tool_choice: 'required' }
  warnings.add(
    'dropped',
    'tool_choice',
    `the tool ${JSON.stringify(choice.name)} is not among those that are offered`,
  )
  return {}
}

function encodeParallel(quirks: Quirks, warnings: Warnings): JsonObject {
  if (quirks.parallelToolCalls !== false) return { parallel_tool_calls: false }
  warnings.add(
    'dropped',
    'tool_choice.disable_parallel_tool_use',
    'the upstream does not know parallel_tool_calls',
  )
  return {}
}

function encodeSearch(search: ServerTool, quirks: Quirks, memo: Memo, warnings: Warnings): JsonObject[] {
  const field = `tools.${search.name}`
  if (quirks.webSearch === 'none') {
    memo.webSearchUnavailable = true
    warnings.add('dropped', field, 'the upstream has no web search')
    return []
  }
  for (const option of ['blocked_domains', 'max_uses']) {
    if (search.raw[option] !== undefined)
      warnings.add('dropped', `${field}.${option}`, 'the upstream’s own search has no such setting')
  }
  const { allowed_domains: domains, user_location: location } = search.raw
  return [
    {
      type: 'web_search',
      ...(Array.isArray(domains) && domains.length > 0 && { filters: { allowed_domains: domains } }),
      ...(isObject(location) && { user_location: { ...location, type: 'approximate' } }),
    },
  ]
}
