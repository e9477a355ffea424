import type { ProtocolId } from '../protocols/protocol.ts'
import { arrayElements } from '../wire/json-scan.ts'
import type { Target } from './plan.ts'
import { amountOf, hidesLetters, objectAt, objectOf, says, textOf } from './prospect-fields.ts'
import type { Fields } from './prospect-fields.ts'

/**
 * Tools that the provider runs while it answers. Their results are billed as input, and the conversation again with
 * each: how often, nobody knows before.
 */
export interface OwnTools {
  /** Undefined: as many as the model likes. */
  readonly webSearches: number | undefined
}

/** Undefined: the provider runs none. */
export function ownToolsOf(
  of: Fields,
  protocol: ProtocolId,
  { provider, model }: Pick<Target, 'provider' | 'model'>,
): OwnTools | undefined {
  if (SEARCHING_MODELS.test(model)) return { webSearches: undefined }
  const runs = provider.provider.surfaces.some(({ protocol: { id }, quirks }) => {
    if (id === protocol || id === 'anthropic' || id === 'bedrock-converse') return true
    const search = quirks.webSearch
    return id === 'openai-chat'
      ? search !== undefined && search !== 'none'
      : search !== 'none' && id !== 'cohere'
  })
  return runs ? TOOLS[protocol](of) : undefined
}

/** Models that search without being asked: OpenAI's, Perplexity's, Groq's, and OpenRouter's by a suffix. */
const SEARCHING_MODELS = /search-preview|search-api|sonar|deep-research|compound|:online\b/

const SOME: OwnTools = { webSearches: undefined }

const TOOLS: Readonly<Record<ProtocolId, (of: Fields) => OwnTools | undefined>> = {
  anthropic: claudeTools,
  'openai-chat'(of) {
    const isAsked = says(of, 'web_search_options', 'plugins', 'search_parameters', 'enable_search')
    return isAsked || !typesOf(of, 'tools').every((type) => type === 'function' || type === 'custom')
      ? SOME
      : undefined
  },
  'openai-responses': responsesTools,
  cursor: responsesTools,
  gemini(of) {
    const tools = elementsOf(of, 'tools')
    const areFunctions = tools?.every((tool) => [...tool.fields.keys()].every((name) => FUNCTIONS.has(name)))
    return areFunctions === false ? SOME : undefined
  },
  'bedrock-converse'(of) {
    const more = objectOf(of, 'additionalModelRequestFields')
    if (more === 'unreadable' || (more !== undefined && says(more, 'tools', 'mcp_servers'))) return SOME
    const config = objectOf(of, 'toolConfig')
    if (config === undefined) return undefined
    if (config === 'unreadable') return SOME
    return elementsOf(config, 'tools')?.some(({ fields }) => fields.has('systemTool')) ? SOME : undefined
  },
  cohere: (of) => (says(of, 'connectors') ? SOME : undefined),
}

const FUNCTIONS = new Set(['functionDeclarations', 'function_declarations', 'computerUse', 'computer_use'])

// ==== Claude

/** Tools of Anthropic's carry a date, and descriptions seldom do. */
const DATE = '_20'
const RUN_BY_CLIENT = /^(?:bash|text_editor|computer|memory|custom)(?:_\d{8})?$/

function claudeTools(of: Fields): OwnTools | undefined {
  const { body, fields } = of
  if (says(of, 'mcp_servers', 'container')) return SOME
  const span = fields.get('tools')
  if (span === undefined) return undefined
  const text = body.subarray(span.start, span.end)
  if (!text.includes(DATE) && !hidesLetters(text)) return undefined
  let searches: number | undefined = 0
  let isRun = false
  for (const tool of elementsOf(of, 'tools') ?? []) {
    const type = textOf(tool, 'type') ?? 'custom'
    if (RUN_BY_CLIENT.test(type)) continue
    isRun = true
    if (!type.startsWith('web_search')) continue
    const uses = amountOf(tool, 'max_uses')
    searches = typeof uses === 'number' && searches !== undefined ? searches + uses : undefined
  }
  return isRun ? { webSearches: searches === 0 ? undefined : searches } : undefined
}

// ==== Responses

const RUN_BY_RESPONSES_CLIENT = new Set([
  'function',
  'custom',
  'namespace',
  'local_shell',
  'apply_patch',
  'computer_use_preview',
  'computer',
])

function responsesTools(of: Fields): OwnTools | undefined {
  if (areRunByClient(of) && !addsOwnTools(of)) return undefined
  const calls = amountOf(of, 'max_tool_calls')
  return { webSearches: typeof calls === 'number' ? calls : undefined }
}

function areRunByClient(of: Fields): boolean {
  return (elementsOf(of, 'tools') ?? []).every((tool) => {
    const type = textOf(tool, 'type') ?? UNSAID
    if (type === 'tool_search') return textOf(tool, 'execution') === 'client'
    return RUN_BY_RESPONSES_CLIENT.has(type)
  })
}

/** Codex offers tools among the input, too. */
function addsOwnTools(of: Fields): boolean {
  const span = of.fields.get('input')
  if (span === undefined) return false
  const text = of.body.subarray(span.start, span.end)
  if (!['_tools', '_searc'].some((needle) => text.includes(needle)) && !hidesLetters(text)) return false
  return (elementsOf(of, 'input') ?? []).some((item) => item.fields.has('tools') && !areRunByClient(item))
}

// ==== Reading

/** What an element is that says no type, or that cannot be read. */
const UNSAID = '?'

function typesOf(of: Fields, name: string): string[] {
  return (elementsOf(of, name) ?? []).map((each) => textOf(each, 'type') ?? UNSAID)
}

/** A single object is as good as a list of one; what cannot be read is an object without fields. */
function elementsOf({ body, fields }: Fields, name: string): Fields[] | undefined {
  const span = fields.get(name)
  if (span === undefined) return undefined
  const elements = arrayElements(body, span) ?? [span]
  return elements.map((element) => ({ body, fields: objectAt(body, element) ?? new Map() }))
}
