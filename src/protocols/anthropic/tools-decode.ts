import { onceForFrozen } from '../../lib/frozen.ts'
import type { FunctionTool, JsonObject, Message, Request, Tool, ToolChoice } from '../../message/request.ts'
import { given, isObject, leftover } from '../shared/object.ts'
import { Warnings } from '../shared/warnings.ts'
import { decodeCache } from './content-decode.ts'
import { asBoolean, asList, asObject, asString, fail, optional, required } from './fields.ts'
import { PROTOCOL } from './wire.ts'

export function decodeTools(value: unknown, warnings: Warnings): readonly Tool[] {
  const decoded = decodeList(asList(value, 'tools'))
  warnings.include(decoded.warnings)
  return decoded.tools
}

const decodeList = onceForFrozen((list: unknown[]) => {
  const warnings = new Warnings()
  const tools = list.map((tool, at) => decodeTool(asObject(tool, `tools.${at}`), `tools.${at}`, warnings))
  return { tools, warnings: warnings.list() }
})

function decodeTool(tool: JsonObject, path: string, warnings: Warnings): Tool {
  const type = optional(tool['type'], `${path}.type`, asString) ?? 'custom'
  if (type === 'custom') return decodeCustomTool(tool, `${path}.custom`, warnings)
  // A toolset of an MCP server has no name of its own.
  return {
    kind: 'server',
    type,
    name: optional(tool['name'], `${path}.${type}.name`, asString) ?? type,
    raw: tool,
  }
}

const CUSTOM_FIELDS = new Set([
  'type',
  'name',
  'description',
  'input_schema',
  'strict',
  'defer_loading',
  'cache_control',
])

function decodeCustomTool(tool: JsonObject, path: string, warnings: Warnings): FunctionTool {
  return {
    kind: 'function',
    name: required(tool['name'], `${path}.name`, asString),
    ...given('description', optional(tool['description'], `${path}.description`, asString)),
    schema: required(tool['input_schema'], `${path}.input_schema`, asObject),
    ...given('strict', optional(tool['strict'], `${path}.strict`, asBoolean)),
    ...given('deferred', optional(tool['defer_loading'], `${path}.defer_loading`, asBoolean)),
    ...given('cache', decodeCache(tool, path, warnings)),
    extra: leftover(tool, CUSTOM_FIELDS),
  }
}

/** Sets `toolChoice` and `parallelTools`. */
export function decodeToolChoice(value: unknown, request: Request): void {
  const choice = asObject(value, 'tool_choice')
  const type = required(choice['type'], 'tool_choice.type', asString)
  request.toolChoice = readChoice(type, choice)
  const path = `tool_choice.${type}.disable_parallel_tool_use`
  const single = optional(choice['disable_parallel_tool_use'], path, asBoolean)
  if (single !== undefined) request.parallelTools = !single
}

function readChoice(type: string, choice: JsonObject): ToolChoice {
  switch (type) {
    case 'auto':
    case 'none':
      return { type }
    case 'any':
      return { type: 'required' }
    case 'tool':
      return { type, name: required(choice['name'], 'tool_choice.tool.name', asString) }
    default:
      return fail(
        'tool_choice',
        `Input tag '${type}' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'`,
      )
  }
}

/**
 * `tool_addition` and `tool_removal` blocks change which tools the model has from their place on. Only Claude knows
 * the blocks; what matters to the turn that is asked for is the list that they lead to. The blocks are taken out.
 */
export function applyToolChanges(
  messages: Message[],
  tools: readonly Tool[],
  warnings: Warnings,
): readonly Tool[] {
  // Anthropic refuses two tools of one name, so a name says which.
  let current: Map<string, Tool> | undefined
  for (const message of messages) {
    if (message.role !== 'system') continue
    message.content = message.content.filter((block) => {
      if (block.type !== 'opaque' || block.protocol !== PROTOCOL || !TOOL_CHANGES.has(block.kind)) return true
      const change = isObject(block.raw['tool']) ? block.raw['tool'] : {}
      current ??= new Map(tools.map((tool) => [tool.name, tool]))
      if (block.kind === 'tool_addition') addTool(current, change, warnings)
      else current.delete(String(change['name']))
      return false
    })
  }
  return current === undefined ? tools : [...current.values()]
}

const TOOL_CHANGES = new Set(['tool_addition', 'tool_removal'])

function addTool(tools: Map<string, Tool>, change: JsonObject, warnings: Warnings): void {
  if (change['type'] === 'tool_definition' && isObject(change['definition'])) {
    const tool = decodeTool(
      change['definition'],
      'messages[].content[].tool_addition.tool.definition',
      warnings,
    )
    // What is defined anew comes last.
    tools.delete(tool.name)
    tools.set(tool.name, tool)
    return
  }
  const named = tools.get(String(change['name']))
  if (named === undefined) {
    warnings.add(
      'dropped',
      'messages[].content[].tool_addition',
      'it names a tool that the request does not define',
    )
  } else if (named.kind === 'function') tools.set(named.name, { ...named, deferred: false })
}
