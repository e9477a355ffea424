import { type Json, isObject, listOf } from './json.ts'
import { emptyArray, refuse, tooMany, unknownField } from './openai-refusals.ts'
import { checkFunctionName } from './openai-chat-check-messages.ts'
import type { Refusal } from './protocol.ts'

const TOOLS_MAX = 128

/** Validates `tools`, `tool_choice` and `parallel_tool_calls`. */
export function checkOpenAiTools(body: Json): Refusal | undefined {
  if (body.tools === undefined) {
    const orphan = ['tool_choice', 'parallel_tool_calls'].find((name) => body[name] !== undefined)
    return (orphan && refuse(`'${orphan}' is only allowed when 'tools' are specified.`, orphan)) || undefined
  }
  const tools = listOf(body.tools)
  if (tools.length === 0) return emptyArray('tools')
  if (tools.length > TOOLS_MAX) return tooMany('tools', TOOLS_MAX, tools.length)
  for (const [index, tool] of tools.entries()) {
    const wrong = checkTool(tool, `tools[${index}]`)
    if (wrong) return wrong
  }
  return checkChoice(body.tool_choice, tools)
}

function checkTool(tool: Json, at: string): Refusal | undefined {
  if (tool.type === 'custom') return undefined
  if (tool.type !== 'function') {
    const values = "'function' and 'custom'"
    return refuse(
      `Invalid value: '${tool.type}'. Supported values are: ${values}.`,
      `${at}.type`,
      'invalid_value',
    )
  }
  if (!isObject(tool.function)) {
    return refuse(
      `Missing required parameter: '${at}.function'.`,
      `${at}.function`,
      'missing_required_parameter',
    )
  }
  return (
    unknownField(tool, ['type', 'function'], `${at}.`) ??
    unknownField(tool.function, ['name', 'description', 'parameters', 'strict'], `${at}.function.`) ??
    checkFunctionName(tool.function.name, `${at}.function.name`) ??
    checkParameters(tool.function, `${at}.function.parameters`)
  )
}

/** Validates the schema of a function. */
export function checkParameters({ name, parameters, strict }: Json, param: string): Refusal | undefined {
  if (parameters === undefined || parameters === null) return undefined
  const wrong =
    checkRoot(parameters) ?? checkArrays(parameters, []) ?? (strict === true && checkStrict(parameters))
  return wrong
    ? refuse(`Invalid schema for function '${name}': ${wrong}`, param, 'invalid_function_parameters')
    : undefined
}

function checkRoot(schema: Json): string | undefined {
  if (schema?.type !== 'object') {
    return `schema must be a JSON Schema of 'type: "object"', got 'type: "${schema?.type ?? 'None'}"'.`
  }
  if (['oneOf', 'anyOf', 'allOf', 'enum', 'const', 'not'].some((keyword) => keyword in schema)) {
    return "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'const'/'not' at the top level."
  }
  return isObject(schema.properties) ? undefined : 'In context=(), object schema missing properties.'
}

/** Every array needs `items`, however deep it stands. */
function checkArrays(schema: Json, path: string[]): string | undefined {
  if (!isObject(schema)) return undefined
  if (schema.type === 'array' && schema.items === undefined) {
    return `In context=(${path.map((step) => `'${step}'`).join(', ')}), array schema missing items.`
  }
  const children: [string[], Json][] = [
    ...Object.entries(schema.properties ?? {}).map(([name, one]): [string[], Json] => [
      ['properties', name],
      one,
    ]),
    ...['anyOf', 'oneOf', 'allOf'].flatMap((keyword) =>
      listOf(schema[keyword]).map((one, index): [string[], Json] => [[keyword, `${index}`], one]),
    ),
    [['items'], schema.items],
  ]
  for (const [steps, child] of children) {
    const wrong = checkArrays(child, [...path, ...steps])
    if (wrong) return wrong
  }
  return undefined
}

function checkStrict(schema: Json): string | undefined {
  if (schema.additionalProperties !== false) {
    return "In context=(), 'additionalProperties' is required to be supplied and to be false."
  }
  const optional = Object.keys(schema.properties).find((name) => !listOf(schema.required).includes(name))
  return optional === undefined
    ? undefined
    : `In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing '${optional}'.`
}

function checkChoice(choice: Json, tools: Json[]): Refusal | undefined {
  if (choice === undefined || ['none', 'auto', 'required'].includes(choice)) return undefined
  if (typeof choice === 'string') {
    return refuse(
      `Invalid value: '${choice}'. Supported values are: 'none', 'auto', and 'required'.`,
      'tool_choice',
      'invalid_value',
    )
  }
  const name = choice?.function?.name
  if (choice?.type === 'function' && tools.some((tool) => tool.function?.name === name)) return undefined
  return refuse(`Tool choice '${name}' not found in 'tools' parameter.`, 'tool_choice')
}
