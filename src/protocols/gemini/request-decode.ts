import type { Effort, JsonObject, OutputFormat, Reasoning, Request } from '../../message/request.ts'
import type { Operation } from '../endpoint.ts'
import { given } from '../shared/object.ts'
import { Warnings } from '../shared/warnings.ts'
import type { Decoded } from '../translation.ts'
import { decodeContents, decodeSystem } from './content-decode.ts'
import { Fields, refuse } from './fields.ts'
import { jsonSchema } from './schema-decode.ts'
import { decodeToolConfig, decodeTools } from './tools-decode.ts'

/**
 * A client's generateContent body in the hub's terms. Model and stream stand in the path of this API. Throws
 * `invalid_request` in Google's words.
 */
export function decodeRequest(body: JsonObject, operation: Operation = 'generate'): Decoded {
  const outer = new Fields(body, '')
  // Counting takes the whole request inside of another.
  const wrapped = operation === 'count-tokens' ? outer.object('generateContentRequest') : undefined
  const fields = wrapped ?? outer
  const warnings = new Warnings()
  const contents = fields.objects('contents')
  const config = fields.object('generationConfig') ?? new Fields({}, 'generationConfig')
  const system = fields.value('systemInstruction')
  const tools = fields.value('tools')
  const request: Request = {
    model: '',
    system: system === undefined ? [] : decodeSystem(system, fields.path('systemInstruction')),
    messages: decodeContents(fields.required('contents', contents?.length === 0 ? undefined : contents)),
    tools: typeof tools === 'object' && tools !== null ? decodeTools(tools) : [],
    stopSequences: config.strings('stopSequences') ?? [],
    stream: false,
    extra: extraOf(fields, config),
    ...decodeNumbers(config),
    ...given('reasoning', decodeReasoning(config.object('thinkingConfig'))),
    ...given('format', decodeFormat(config, warnings)),
  }
  const toolConfig = fields.object('toolConfig')
  if (toolConfig !== undefined) decodeToolConfig(toolConfig, request, warnings)
  return { request, warnings: warnings.list() }
}

const KNOWN = new Set(['model', 'contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig'])
const KNOWN_CONFIG = new Set(
  [
    'maxOutputTokens stopSequences temperature topP topK thinkingConfig',
    'responseMimeType responseSchema responseJsonSchema _responseJsonSchema',
  ]
    .join(' ')
    .split(' '),
)
/** Settings with the value that they have anyhow. */
const DEFAULTS: Readonly<Record<string, string>> = { candidateCount: '1', responseModalities: '["TEXT"]' }

/** What the hub has no word for: safety settings, cached contents, a seed … */
function extraOf(fields: Fields, config: Fields): JsonObject {
  const settings = config
    .leftover(KNOWN_CONFIG)
    .filter(([name, value]) => DEFAULTS[name] !== JSON.stringify(value))
    .map(([name, value]): [string, unknown] => [`generationConfig.${name}`, value])
  return Object.fromEntries([...fields.leftover(KNOWN), ...settings])
}

function decodeNumbers(config: Fields): Pick<Request, 'maxTokens' | 'temperature' | 'topP' | 'topK'> {
  const maxTokens = config.number('maxOutputTokens')
  return {
    ...(maxTokens !== undefined && maxTokens > 0 && { maxTokens: Math.floor(maxTokens) }),
    ...given('temperature', config.number('temperature')),
    ...given('topP', config.number('topP')),
    ...given('topK', config.number('topK')),
  }
}

const EFFORTS: ReadonlyMap<string, Effort> = new Map([
  ['MINIMAL', 'minimal'],
  ['LOW', 'low'],
  ['MEDIUM', 'medium'],
  ['HIGH', 'high'],
])

/** A budget of 0 is no thinking, one of -1 as much as the model likes. */
function decodeReasoning(config: Fields | undefined): Reasoning | undefined {
  if (config === undefined) return undefined
  const shown = config.boolean('includeThoughts')
  const display = shown === undefined ? {} : { display: shown ? 'summarized' : 'omitted' }
  const level = config.string('thinkingLevel')?.toUpperCase()
  const effort = level === undefined ? undefined : EFFORTS.get(level)
  if (effort === undefined && level !== undefined && level !== 'THINKING_LEVEL_UNSPECIFIED')
    throw refuse(config.path('thinkingLevel'), 'ThinkingConfig.ThinkingLevel', level)
  const budgetTokens = config.number('thinkingBudget')
  if (effort !== undefined) return { mode: 'adaptive', effort, ...display }
  if (budgetTokens === 0) return { mode: 'off' }
  if (budgetTokens !== undefined && budgetTokens > 0) return { mode: 'budget', budgetTokens, ...display }
  return { mode: 'adaptive', ...display }
}

function decodeFormat(config: Fields, warnings: Warnings): OutputFormat | undefined {
  const type = config.string('responseMimeType') ?? 'text/plain'
  if (type === 'text/plain') return undefined
  if (type !== 'application/json') {
    warnings.add('dropped', 'generationConfig.responseMimeType', `only Google answers with ${type}`)
    return undefined
  }
  const schema =
    config.object('responseJsonSchema') ??
    config.object('_responseJsonSchema') ??
    config.object('responseSchema')
  return { type: 'json', ...given('schema', schema && jsonSchema(schema.raw)) }
}
