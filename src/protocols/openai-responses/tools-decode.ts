import { onceForFrozen } from '../../lib/frozen.ts'
import type { FunctionTool, JsonObject, Tool, ToolChoice, ServerTool } from '../../message/request.ts'
import { isObject, given } from '../shared/object.ts'
import { webSearchTool } from '../shared/offered-tools.ts'
import { Fields, refuseValue } from '../shared/openai-fields.ts'
import type { Warnings } from '../shared/warnings.ts'
import { BRIDGED } from './bridged-tools.ts'
import type { CallForms } from './call-forms.ts'

/** Tools that the client offers: in `tools`, in `additional_tools` items, and what its own search has found. */
export class OfferedTools {
  readonly #forms: CallForms
  readonly #warnings: Warnings
  /** By name: what is defined anew takes the place of the old. */
  readonly #tools = new Map<string, Tool>()
  /** Not to be offered before a search has found them. */
  readonly #deferred = new Set<string>()
  #clientSearches = false

  constructor(forms: CallForms, warnings: Warnings) {
    this.#forms = forms
    this.#warnings = warnings
  }

  /** `found`: by a search of the client, so that the model may call them now. */
  add(tools: readonly Fields[], found = false): void {
    for (const tool of tools) this.#add(tool, found)
  }

  /** In the order in which they were first defined. */
  list(): Tool[] {
    const offered = [...this.#tools.values()]
    // A model that cannot search them can call them at once.
    return this.#clientSearches ? offered.filter(({ name }) => !this.#deferred.has(name)) : offered
  }

  #add(tool: Fields, found: boolean): void {
    const type = tool.required('type', tool.string('type'))
    if (type === 'namespace') return this.#addNamespace(tool, found)
    if (type === 'function') return this.#addFunction(tool, undefined, '', found)
    if (type === 'tool_search' && tool.string('execution') === 'client') this.#clientSearches = true
    if (isRunByClient(type, tool.raw)) return this.#addBridged(type, tool, undefined, '', found)
    const server: ServerTool = type.startsWith('web_search')
      ? webSearch(tool)
      : { kind: 'server', type, name: tool.string('name') ?? type, raw: tool.raw }
    if (type !== 'tool_search') this.#tools.set(server.name, server)
  }

  #addNamespace(namespace: Fields, found: boolean): void {
    const name = namespace.required('name', namespace.string('name'))
    const about = namespace.string('description') ?? ''
    // The hub has no place for it but the description of a tool; in the first it is said once.
    let heading = about === '' ? '' : `[Tools of ${name}] ${about}`
    for (const tool of namespace.objects('tools') ?? []) {
      const type = tool.required('type', tool.string('type'))
      if (type === 'function') this.#addFunction(tool, name, heading, found)
      else if (type === 'custom') this.#addBridged(type, tool, name, heading, found)
      else
        this.#warnings.add(
          'dropped',
          `tools[].${name}.${type}`,
          'a namespace holds functions and custom tools',
        )
      heading = ''
    }
  }

  #addFunction(fields: Fields, namespace: string | undefined, heading: string, found: boolean): void {
    const own = decodeFunction(fields)
    const name = this.#forms.define({
      type: 'function',
      name: own.name,
      ...(namespace !== undefined && { namespace }),
    })
    const description = headed(heading, own.description)
    const isSame = name === own.name && description === own.description
    this.#offer(isSame ? own : { ...own, name, ...given('description', description) }, fields, found)
  }

  #addBridged(
    type: string,
    fields: Fields,
    namespace: string | undefined,
    heading: string,
    found: boolean,
  ): void {
    const own = type === 'custom' ? fields.required('name', fields.string('name')) : type
    const { description, schema } = BRIDGED.get(type)!.define(fields.raw)
    const name = this.#forms.define({ type, name: own, ...(namespace !== undefined && { namespace }) })
    const about = headed(heading, description === '' ? undefined : description)
    const tool: FunctionTool = {
      kind: 'function',
      name,
      ...(about !== undefined && { description: about }),
      schema,
      extra: {},
    }
    this.#offer(tool, fields, found)
  }

  #offer(tool: FunctionTool, fields: Fields, found: boolean): void {
    this.#tools.set(tool.name, tool)
    if (!found && fields.boolean('defer_loading') === true) this.#deferred.add(tool.name)
    else this.#deferred.delete(tool.name)
  }
}

/** A shell may also be one of OpenAI's containers, and a search OpenAI's own. */
function isRunByClient(type: string, tool: JsonObject): boolean {
  if (type === 'tool_search') return tool.execution === 'client'
  if (type === 'shell') return !isObject(tool.environment) || tool.environment.type === 'local'
  return BRIDGED.has(type)
}

function headed(heading: string, description: string | undefined): string | undefined {
  if (heading === '') return description
  return description === undefined ? heading : `${heading}\n\n${description}`
}

function webSearch(tool: Fields): ServerTool {
  const location = tool.object('user_location')?.raw
  return webSearchTool({
    ...(location !== undefined && { user_location: { ...location, type: 'approximate' } }),
    ...given('allowed_domains', tool.object('filters')?.list('allowed_domains')),
  })
}

const FUNCTION_FIELDS = new Set(['type', 'name', 'description', 'parameters', 'strict', 'defer_loading'])

function decodeFunction(fields: Fields): FunctionTool {
  // Checked anew each time, because the fields know where they stand; what they hold is read once.
  fields.required('name', fields.string('name'))
  fields.string('description')
  fields.object('parameters')
  fields.boolean('strict')
  return readFunction(fields.raw)
}

const readFunction = onceForFrozen((raw: JsonObject): FunctionTool => {
  const { name, description, parameters, strict } = raw
  const extra = Object.entries(raw).filter(([field, value]) => !FUNCTION_FIELDS.has(field) && value !== null)
  return {
    kind: 'function',
    name: name as string,
    ...(typeof description === 'string' && { description }),
    ...(isObject(parameters) && { schema: withoutEncrypted(parameters) }),
    ...(typeof strict === 'boolean' && { strict }),
    extra: Object.fromEntries(extra),
  }
})

/**
 * A schema without the word `encrypted`, with which Codex marks what one agent says to another: OpenAI hides it from
 * both, and no other API knows the word.
 */
function withoutEncrypted(schema: JsonObject): JsonObject {
  if (!JSON.stringify(schema).includes('"encrypted"')) return schema
  return cleaned(schema) as JsonObject
}

function cleaned(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(cleaned)
  if (!isObject(schema)) return schema
  const entries = Object.entries(schema).flatMap(([word, value]): [string, unknown][] => {
    if (word === 'encrypted' && typeof value === 'boolean') return []
    // Here the words are names of the client's own.
    if ((word === 'properties' || word === '$defs') && isObject(value)) {
      return [[word, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cleaned(one)]))]]
    }
    return [[word, word === 'enum' || word === 'const' || word === 'default' ? value : cleaned(value)]]
  })
  return Object.fromEntries(entries)
}

// ==== Choice

const CHOICES = ['none', 'auto', 'required']

export interface DecodedChoice {
  toolChoice?: ToolChoice
  tools: Tool[]
}

/** `tool_choice`, and the tools that it leaves. */
export function decodeChoice(
  choice: unknown,
  tools: Tool[],
  forms: CallForms,
  warnings: Warnings,
): DecodedChoice {
  if (choice === undefined || choice === null) return { tools }
  if (typeof choice === 'string') {
    if (!CHOICES.includes(choice)) throw refuseValue('tool_choice', choice, CHOICES)
    return { tools, toolChoice: { type: choice as 'none' | 'auto' | 'required' } }
  }
  const fields = new Fields(choice, 'tool_choice')
  const type = fields.required('type', fields.string('type'))
  if (type === 'allowed_tools') {
    const allowed = new Set((fields.objects('tools') ?? []).map((one) => chosenName(one, forms)))
    warnings.add('changed', 'tool_choice.allowed_tools', 'the other tools are left out')
    return {
      tools: tools.filter(({ name }) => allowed.has(name)),
      toolChoice: { type: fields.string('mode') === 'required' ? 'required' : 'auto' },
    }
  }
  const name = chosenName(fields, forms)
  if (tools.some((tool) => tool.name === name)) return { tools, toolChoice: { type: 'tool', name } }
  if (type === 'function' || type === 'custom') throw refuseUnknown(name)
  warnings.add(
    'dropped',
    'tool_choice',
    `the tool ${JSON.stringify(type)} is not among those that are offered`,
  )
  return { tools }
}

function chosenName(choice: Fields, forms: CallForms): string {
  const type = choice.required('type', choice.string('type'))
  if (type.startsWith('web_search')) return 'web_search'
  const isNamed = type === 'function' || type === 'custom'
  const name = isNamed ? choice.required('name', choice.string('name')) : (choice.string('name') ?? type)
  return forms.nameOf(name, choice.string('namespace'))
}

function refuseUnknown(name: string) {
  return refuseValue('tool_choice.name', name, ['the names in tools'])
}
