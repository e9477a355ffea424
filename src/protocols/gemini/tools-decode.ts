import { onceForFrozen } from '../../lib/frozen.ts'
import type { FunctionTool, Request, ServerTool, Tool } from '../../message/request.ts'
import { given } from '../shared/object.ts'
import { webSearchTool } from '../shared/offered-tools.ts'
import type { Warnings } from '../shared/warnings.ts'
import { Fields, refuse } from './fields.ts'
import { jsonSchema } from './schema-decode.ts'

/** `tools`: each entry holds functions, or the setting of a tool that Google runs, or several of both. */
export function decodeTools(list: object): readonly Tool[] {
  return decodeList(list)
}

/** Depends on the list alone, which an agent sends with every turn. */
const decodeList = onceForFrozen((list: object): Tool[] => {
  const entries: unknown[] = Array.isArray(list) ? list : [list]
  return entries.flatMap((entry, at) => decodeEntry(new Fields(entry, `tools[${at}]`)))
})

function decodeEntry(entry: Fields): Tool[] {
  const functions = (entry.objects('functionDeclarations') ?? []).map(decodeFunction)
  const others = entry
    .leftover(new Set(['functionDeclarations']))
    .map(([name, value]): ServerTool => (SEARCHES.has(name) ? webSearch(value) : serverTool(name, value)))
  return [...functions, ...others]
}

function decodeFunction(fields: Fields): FunctionTool {
  const schema = fields.object('parametersJsonSchema') ?? fields.object('parameters')
  return {
    kind: 'function',
    name: fields.required('name', fields.string('name')),
    ...given('description', fields.string('description')),
    ...given('schema', schema && jsonSchema(schema.raw)),
    extra: Object.fromEntries(fields.leftover(FUNCTION_FIELDS)),
  }
}

/** What a function answers, no other API asks. */
const FUNCTION_FIELDS = new Set([
  'name',
  'description',
  'parameters',
  'parametersJsonSchema',
  'response',
  'responseJsonSchema',
])

const SEARCHES = new Set(['googleSearch', 'googleSearchRetrieval', 'enterpriseWebSearch'])

function webSearch(value: unknown): ServerTool {
  const blocked = new Fields(value, 'tools[].googleSearch').strings('excludeDomains')
  return webSearchTool({ ...(blocked !== undefined && blocked.length > 0 && { blocked_domains: blocked }) })
}

function serverTool(name: string, value: unknown): ServerTool {
  return { kind: 'server', type: name, name, raw: { [name]: value } }
}

const MODES = ['AUTO', 'ANY', 'NONE', 'VALIDATED', 'MODE_UNSPECIFIED']

/** `toolConfig`: sets `toolChoice`, and leaves the tools out that may not be called. */
export function decodeToolConfig(config: Fields, request: Request, warnings: Warnings): void {
  for (const [name] of config.leftover(new Set(['functionCallingConfig'])))
    warnings.add('dropped', `toolConfig.${name}`, 'only Google’s own tools know it')
  const calling = config.object('functionCallingConfig')
  if (calling === undefined) return
  const mode = (calling.string('mode') ?? 'AUTO').toUpperCase()
  if (!MODES.includes(mode)) throw refuse(calling.path('mode'), 'FunctionCallingConfig.Mode', mode)
  const allowed = calling.strings('allowedFunctionNames') ?? []
  if (mode === 'NONE') request.toolChoice = { type: 'none' }
  else if (mode === 'ANY' && allowed.length === 1) request.toolChoice = { type: 'tool', name: allowed[0]! }
  else request.toolChoice = { type: mode === 'ANY' ? 'required' : 'auto' }
  if (mode === 'NONE' || allowed.length === 0 || (mode === 'ANY' && allowed.length === 1)) return
  warnings.add('changed', calling.path('allowedFunctionNames'), 'the other tools are left out')
  request.tools = request.tools.filter((tool) => tool.kind !== 'function' || allowed.includes(tool.name))
}
