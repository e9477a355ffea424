import type { FunctionTool, JsonObject, Request, ServerTool } from '../../message/request.ts'
import { webSearchTool } from '../shared/offered-tools.ts'
import { functionSchema } from '../shared/schema.ts'
import { marked } from './content-encode.ts'
import type { ContentContext } from './content-encode.ts'

/** Fields of a tool that only Claude knows. */
const CLAUDE_FIELDS = new Set(['input_examples', 'eager_input_streaming', 'allowed_callers'])

export function encodeTools(request: Request, context: ContentContext): JsonObject[] {
  return request.tools.flatMap((tool) =>
    tool.kind === 'function' ? [encodeFunction(tool, context)] : encodeServerTool(tool, context),
  )
}

function encodeFunction(tool: FunctionTool, { names, warnings }: ContentContext): JsonObject {
  const { schema, changed } = inputSchema(tool.schema)
  if (changed)
    warnings.add('changed', `tools[].${tool.name}.parameters`, 'the top level must be one plain object')
  for (const field of Object.keys(tool.extra)) {
    if (!CLAUDE_FIELDS.has(field)) warnings.add('dropped', `tools[].${field}`, 'Claude does not know it')
  }
  const encoded = {
    name: names.sent(tool.name),
    ...(tool.description !== undefined && { description: tool.description }),
    input_schema: schema,
    ...(tool.strict === true && { strict: true }),
    ...(tool.deferred === true && { defer_loading: true }),
    ...Object.fromEntries(Object.entries(tool.extra).filter(([field]) => CLAUDE_FIELDS.has(field))),
  }
  // A deferred tool is not part of the prompt, and cannot end a cached one.
  return tool.deferred === true ? encoded : marked(encoded, tool)
}

/** "input_schema does not support oneOf, allOf, or anyOf at the top level"; all else is taken as it is. */
function inputSchema(schema: JsonObject | undefined): { schema: JsonObject; changed: boolean } {
  const isPlain =
    schema?.['type'] === 'object' && !['oneOf', 'allOf', 'anyOf'].some((keyword) => keyword in schema)
  return isPlain ? { schema, changed: false } : functionSchema(schema)
}

/** Anthropic's own have a date, or are a server's toolset; the one that others share with it is the web search. */
function encodeServerTool(tool: ServerTool, { warnings }: ContentContext): JsonObject[] {
  if (/_\d{8}$/.test(tool.type) || tool.type === 'mcp_toolset') return [tool.raw]
  if (tool.type.startsWith('web_search')) {
    warnings.add('changed', `tools[].${tool.type}`, 'goes as Anthropic’s own web search')
    return [webSearchTool({}).raw]
  }
  warnings.add('dropped', `tools[].${tool.type}`, 'Claude has no such tool')
  return []
}

/** Undefined where there is nothing to choose from: the API refuses a choice without tools. */
export function encodeToolChoice(
  { toolChoice, parallelTools }: Request,
  { names }: ContentContext,
): JsonObject | undefined {
  const single = parallelTools === false ? { disable_parallel_tool_use: true } : {}
  switch (toolChoice?.type) {
    case 'none':
      return { type: 'none' }
    case 'auto':
      return { type: 'auto', ...single }
    case 'required':
      return { type: 'any', ...single }
    case 'tool':
      return { type: 'tool', name: names.sent(toolChoice.name), ...single }
    case undefined:
      return parallelTools === false ? { type: 'auto', ...single } : undefined
  }
}
