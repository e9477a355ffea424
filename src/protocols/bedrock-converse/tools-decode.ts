import type { FunctionTool, ServerTool, Tool, ToolChoice } from '../../message/request.ts'
import { given } from '../shared/object.ts'
import { onceForFields, refuseValue } from '../shared/openai-fields.ts'
import type { Fields } from '../shared/openai-fields.ts'
import type { Warnings } from '../shared/warnings.ts'
import { decodeCachePoint } from './messages-decode.ts'
import { PROTOCOL, kindOf } from './wire.ts'

export interface DecodedTools {
  tools: Tool[]
  toolChoice?: ToolChoice
  parallelTools?: boolean
}

/** `toolConfig`, and what Claude's own `tool_choice` among the additional fields (`more`) says beyond it. */
export function decodeTools(fields: Fields, more: Fields, warnings: Warnings): DecodedTools {
  const config = fields.object('toolConfig')
  const tools = decodeList(config?.objects('tools') ?? [], warnings)
  const own = more.object('tool_choice')
  const single = own?.boolean('disable_parallel_tool_use')
  const toolChoice = decodeOwnChoice(own) ?? decodeChoice(config?.object('toolChoice'))
  return {
    tools,
    ...given('toolChoice', toolChoice),
    ...(single !== undefined && { parallelTools: !single }),
  }
}

function decodeList(list: readonly Fields[], warnings: Warnings): Tool[] {
  const tools: Tool[] = []
  for (const element of list) {
    const last = tools.at(-1)
    if (element.has('toolSpec')) tools.push(decodeSpec(element.object('toolSpec')!))
    else if (element.has('systemTool')) tools.push(decodeSystemTool(element))
    else if (!element.has('cachePoint'))
      warnings.add('dropped', `toolConfig.tools[].${kindOf(element.raw)}`, 'no such kind of tool is known')
    else if (last?.kind === 'function')
      tools[tools.length - 1] = { ...last, cache: decodeCachePoint(element) }
  }
  return tools
}

const decodeSpec = onceForFields((spec): FunctionTool => {
  return {
    kind: 'function',
    name: spec.required('name', spec.string('name')),
    ...given('description', spec.string('description')),
    ...given('schema', spec.object('inputSchema')?.object('json')?.raw),
    ...given('strict', spec.boolean('strict')),
    extra: {},
  }
})

/** Run by the service itself, as `nova_grounding`. */
function decodeSystemTool(element: Fields): ServerTool {
  const tool = element.object('systemTool')!
  const name = tool.required('name', tool.string('name'))
  return { kind: 'server', type: `${PROTOCOL}/${name}`, name, raw: element.raw }
}

/** Anthropic's typed tools, which go to Claude among the additional fields. */
export function decodeServerTools(more: Fields): ServerTool[] {
  return (more.objects('tools') ?? []).flatMap((tool) => {
    const type = tool.string('type')
    return type === undefined
      ? []
      : [{ kind: 'server', type, name: tool.string('name') ?? type, raw: tool.raw }]
  })
}

const CHOICES = ['auto', 'any', 'tool']

function decodeChoice(choice: Fields | undefined): ToolChoice | undefined {
  if (choice === undefined) return undefined
  const kind = kindOf(choice.raw)
  if (kind === 'auto') return { type: 'auto' }
  if (kind === 'any') return { type: 'required' }
  const named = choice.object('tool')
  if (named === undefined) throw refuseValue('toolConfig.toolChoice', kind, CHOICES)
  return { type: 'tool', name: named.required('name', named.string('name')) }
}

function decodeOwnChoice(choice: Fields | undefined): ToolChoice | undefined {
  const type = choice?.string('type')
  if (type === 'auto' || type === 'none') return { type }
  if (type === 'any') return { type: 'required' }
  const name = type === 'tool' ? choice?.string('name') : undefined
  return name === undefined ? undefined : { type: 'tool', name }
}
