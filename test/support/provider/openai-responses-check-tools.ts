import { type Json, isObject, listOf } from './json.ts'
import { checkFunctionName } from './openai-chat-check-messages.ts'
import { checkParameters } from './openai-chat-check-tools.ts'
import { refuse, tooMany, unknownField, unknownValue } from './openai-refusals.ts'
import type { Refusal } from './protocol.ts'

const TOOLS_MAX = 128

/** Fields of the tools that agents offer. Other tools of the provider's own are let through. */
const TOOL_FIELDS: Record<string, string> = {
  function: 'name description parameters strict defer_loading allowed_callers output_schema async',
  custom: 'name description format defer_loading allowed_callers async',
  namespace: 'name description tools',
  tool_search: 'description execution parameters',
  web_search: 'external_web_access filters search_content_types search_context_size user_location',
  local_shell: '',
}

const HOSTED = [
  'apply_patch',
  'code_interpreter',
  'computer',
  'computer_use_preview',
  'file_search',
  'image_generation',
  'mcp',
  'shell',
  'web_search_2025_08_26',
  'web_search_preview',
]

/** Validates `tools` and `tool_choice`. */
export function checkResponsesTools(body: Json): Refusal | undefined {
  const tools = listOf(body.tools)
  if (tools.length > TOOLS_MAX) return tooMany('tools', TOOLS_MAX, tools.length)
  return checkToolList(tools, 'tools') ?? checkChoice(body.tool_choice, tools)
}

/** Validates a list of tools, wherever it stands. */
export function checkToolList(tools: Json[], at: string): Refusal | undefined {
  for (const [index, tool] of tools.entries()) {
    const wrong = checkTool(tool, `${at}[${index}]`)
    if (wrong) return wrong
  }
  return undefined
}

function checkTool(tool: Json, at: string): Refusal | undefined {
  const fields = TOOL_FIELDS[tool.type]
  if (fields === undefined) {
    const known = [...Object.keys(TOOL_FIELDS), ...HOSTED]
    return HOSTED.includes(tool.type) ? undefined : unknownValue(`${at}.type`, tool.type, known.toSorted())
  }
  const unknown = unknownField(tool, ['type', ...fields.split(' ')], `${at}.`)
  if (unknown) return unknown
  switch (tool.type) {
    case 'function':
      return checkFunctionName(tool.name, `${at}.name`) ?? checkParameters(tool, `${at}.parameters`)
    case 'custom':
      return checkFunctionName(tool.name, `${at}.name`) ?? checkFormat(tool.format, `${at}.format`)
    case 'namespace':
      return checkFunctionName(tool.name, `${at}.name`) ?? checkToolList(listOf(tool.tools), `${at}.tools`)
    default:
      return undefined
  }
}

function checkFormat(format: Json, at: string): Refusal | undefined {
  if (format === undefined) return undefined
  if (!['text', 'grammar'].includes(format.type)) {
    return unknownValue(`${at}.type`, format.type, ['grammar', 'text'])
  }
  if (format.type === 'grammar' && !['lark', 'regex'].includes(format.syntax)) {
    return unknownValue(`${at}.syntax`, format.syntax, ['lark', 'regex'])
  }
  return undefined
}

function checkChoice(choice: Json, tools: Json[]): Refusal | undefined {
  if (choice === undefined || choice === 'none' || choice === 'auto') return undefined
  const name = typeof choice === 'string' ? choice : (choice.name ?? choice.type)
  if (choice === 'required' && tools.length === 0) {
    return refuse("Tool choice 'required' must be specified with 'tools' parameter.", 'tool_choice')
  }
  if (choice === 'required') return undefined
  if (!isObject(choice)) return unknownValue('tool_choice', choice, ['none', 'auto', 'required'])
  if (choice.type === 'allowed_tools') {
    const absent = listOf(choice.tools).find((one) => !isOffered(one, tools))
    return absent && notFound(absent.name ?? absent.type)
  }
  return isOffered(choice, tools) ? undefined : notFound(name)
}

const isOffered = (choice: Json, tools: Json[]): boolean =>
  tools.some(
    (tool) =>
      (tool.type === choice.type && (choice.name === undefined || tool.name === choice.name)) ||
      (tool.type === 'namespace' && isOffered(choice, listOf(tool.tools))),
  )

const notFound = (name: string) =>
  refuse(`Tool choice '${name}' not found in 'tools' parameter.`, 'tool_choice')
