import type { FunctionTool, JsonObject, Request } from '../../message/request.ts'
import { offeredTools, dropSearch, isOffered } from '../shared/offered-tools.ts'
import { functionSchema, isClosed } from '../shared/schema.ts'
import type { Memo } from '../translation.ts'
import { joinedMarked } from './cache-points.ts'
import type { ContentContext } from './content-encode.ts'

export interface EncodedTools {
  /** `toolConfig`. */
  config: { tools: JsonObject[]; toolChoice?: JsonObject } | undefined
  /** Claude's own `tool_choice`, for what Converse has no word for. */
  ownChoice: JsonObject | undefined
}

/** Notes in `memo` what is missing. */
export function encodeTools(request: Request, memo: Memo, context: ContentContext): EncodedTools {
  const { functions, search } = offeredTools(request, context.warnings)
  if (search !== undefined) dropSearch(search, memo, context.warnings)
  const calledNames = namesOfCalls(request)
  if (functions.length === 0 && calledNames.length === 0) return { config: undefined, ownChoice: undefined }
  // Without its tools a conversation with calls is refused: "The toolConfig field must be defined …"
  const tools =
    functions.length > 0 ? encodeList(functions, context) : calledNames.map((name) => standIn(name, context))
  const choice = functions.length > 0 ? encodeChoice(request, functions, context) : {}
  if (choice.none === true && calledNames.length === 0) return { config: undefined, ownChoice: undefined }
  return {
    config: { tools, ...(choice.told !== undefined && { toolChoice: choice.told }) },
    ownChoice: choice.own,
  }
}

function encodeList(functions: readonly FunctionTool[], context: ContentContext): JsonObject[] {
  const { traits, warnings } = context
  let list: JsonObject[] = []
  for (const tool of functions) {
    const isMarked = tool.cache !== undefined && traits.cachePoints !== 'outside-tools'
    const mark = isMarked ? tool.cache : undefined
    list = joinedMarked(list, [encodeFunction(tool, context)], mark, traits, warnings)
    if (tool.cache !== undefined && !isMarked)
      warnings.add(
        'dropped',
        'tools[].cache_control',
        'this model takes no mark for the cache among its tools',
      )
  }
  return list
}

function encodeFunction(tool: FunctionTool, { names, traits, warnings }: ContentContext): JsonObject {
  const { schema, changed } = functionSchema(tool.schema)
  if (changed)
    warnings.add('changed', `tools.${tool.name}.input_schema`, 'the top level must be one plain object')
  const strict = tool.strict === true && traits.jsonSchema && isClosed(schema)
  if (tool.strict === true && !strict)
    warnings.add('dropped', 'tools[].strict', 'only closed schemas can be strict, and not for every model')
  for (const field in tool.extra) warnings.add('dropped', `tools[].${field}`, 'Converse has no such field')
  return {
    toolSpec: {
      name: names.sent(tool.name),
      ...(tool.description !== undefined && tool.description !== '' && { description: tool.description }),
      inputSchema: { json: traits.plainSchemas ? plain(schema) : schema },
      ...(strict && { strict }),
    },
  }
}

function plain({ type, properties, required }: JsonObject): JsonObject {
  return { type, properties, ...(required !== undefined && { required }) }
}

/** Names of the tools that the conversation has called. */
function namesOfCalls({ messages }: Request): string[] {
  const names = new Set<string>()
  for (const { content } of messages)
    for (const block of content) if (block.type === 'tool-call') names.add(block.name)
  return [...names]
}

function standIn(name: string, { names }: ContentContext): JsonObject {
  return {
    toolSpec: {
      name: names.sent(name),
      description: 'Was used earlier in this conversation, and cannot be called any more.',
      inputSchema: { json: { type: 'object', properties: {} } },
    },
  }
}

// ==== Choice

interface Choice {
  told?: JsonObject
  own?: JsonObject
  /** No tool may be called. */
  none?: boolean
}

function encodeChoice(request: Request, functions: readonly FunctionTool[], context: ContentContext): Choice {
  const { traits, warnings } = context
  const { toolChoice, parallelTools } = request
  if (toolChoice?.type === 'none') return encodeNone(request, context)
  const told = encodeForced(request, functions, context)
  if (parallelTools !== false) return told === undefined ? {} : { told }
  if (traits.isClaude) return { own: { ...ownChoice(told), disable_parallel_tool_use: true } }
  warnings.add(
    'dropped',
    'tool_choice.disable_parallel_tool_use',
    'this model cannot be told to make one call',
  )
  return told === undefined ? {} : { told }
}

/** Converse has no word for it: tools are left out where they can be, and Claude is told in its own. */
function encodeNone(request: Request, { traits, warnings }: ContentContext): Choice {
  if (traits.isClaude) return { own: { type: 'none' } }
  const hasCalls = namesOfCalls(request).length > 0
  if (hasCalls) warnings.add('dropped', 'tool_choice', 'a conversation with calls must have its tools')
  else warnings.add('changed', 'tools', 'none may be called: they are left out')
  return { none: !hasCalls }
}

function encodeForced(
  { toolChoice }: Request,
  functions: readonly FunctionTool[],
  { names, traits, warnings }: ContentContext,
): JsonObject | undefined {
  if (toolChoice === undefined || toolChoice.type === 'auto') return undefined
  if (traits.toolChoice === 'none') {
    warnings.add('dropped', 'tool_choice', 'this model cannot be told to call a tool')
    return undefined
  }
  if (toolChoice.type !== 'tool') return { any: {} }
  if (!isOffered(toolChoice.name, functions, warnings)) return undefined
  if (traits.toolChoice === 'tool') return { tool: { name: names.sent(toolChoice.name) } }
  warnings.add('changed', 'tool_choice', 'this model can only be told to call any of its tools')
  return { any: {} }
}

/** `{"tool":{"name"}}` in Claude's words. */
function ownChoice(told: JsonObject | undefined): JsonObject {
  if (told === undefined) return { type: 'auto' }
  return 'any' in told ? { type: 'any' } : { type: 'tool', ...(told.tool as JsonObject) }
}
