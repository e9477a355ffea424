import { type Json, isObject, listOf } from './json.ts'
import { checkContents, checkSignatures, checkTurns } from './gemini-check-contents.ts'
import { checkGeminiSchema } from './gemini-check-schema.ts'
import { camelCased, checkFields } from './gemini-fields.ts'
import { type GeminiModel, geminiModel } from './gemini-models.ts'
import type { Headers, Operation, Refusal } from './protocol.ts'

/** Where a host of the same API is stricter, and what it says. */
export interface GeminiHost {
  needsRole: boolean
  /** What it says of a text without a letter. Absent: it takes one. */
  emptyText?: string
  corruptedSignature: string
  levelAndBudget: string
}

export const GEMINI_API: GeminiHost = {
  needsRole: false,
  corruptedSignature: 'Corrupted thought signature.',
  levelAndBudget: 'You can only set only one of thinking budget and thinking level.',
}

const STOP_MAX = 5
const FUNCTION_NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/

/** The validation of generateContent and countTokens, in its wording. */
export const checkGemini =
  (host: GeminiHost) =>
  (body: Json, _headers: Headers, operation: Operation): Refusal | undefined => {
    if (!isObject(body)) return invalid('Invalid JSON payload received. Unexpected end of string.')
    const message = operation.kind === 'count_tokens' ? 'CountTokensRequest' : 'GenerateContentRequest'
    const unknown = checkFields(body, message)
    if (unknown.length > 0) return invalid(unknown.join('\n'))
    const whole = camelCased(body, message)
    const request = whole.generateContentRequest ?? whole
    const malformed = [
      ...checkContents(listOf(request.contents)),
      ...checkTools(listOf(request.tools)),
      ...checkGeneration(request.generationConfig ?? {}),
    ]
    if (malformed.length > 0) return invalid(malformed.map((one) => `* ${one}\n`).join(''))
    const wrong = checkMeaning(request, host, geminiModel(operation.model ?? ''))
    return wrong === undefined ? undefined : invalid(wrong)
  }

const invalid = (message: string): Refusal => ({ status: 400, message })

function checkTools(tools: Json[]): string[] {
  return tools.flatMap((tool, index) => {
    const at = `GenerateContentRequest.tools[${index}]`
    const held = Object.entries(tool).filter(([, value]) => !Array.isArray(value) || value.length > 0)
    if (held.length === 0)
      return [`${at}.tool_type: required one_of 'tool_type' must have one initialized field`]
    return listOf(tool.functionDeclarations).flatMap((declaration, position) =>
      checkDeclaration(declaration, `${at}.function_declarations[${position}]`),
    )
  })
}

function checkDeclaration({ name, parameters }: Json, at: string): string[] {
  if (!FUNCTION_NAME.test(name ?? '')) {
    return [
      `${at}.name: Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.`,
    ]
  }
  return checkGeminiSchema(parameters, `${at}.parameters`)
}

function checkGeneration({ responseSchema, stopSequences }: Json): string[] {
  const at = 'GenerateContentRequest.generation_config'
  const stops = listOf(stopSequences).length
  return [
    ...checkGeminiSchema(responseSchema, `${at}.response_schema`),
    ...(stops > STOP_MAX
      ? [`${at}.stop_sequences: should have at most ${STOP_MAX} elements, but has ${stops}.`]
      : []),
  ]
}

/** What only the model's side can refuse, one thing at a time. */
function checkMeaning(request: Json, host: GeminiHost, model: GeminiModel | undefined): string | undefined {
  const contents = listOf(request.contents)
  return (
    checkHost(contents, host) ??
    checkTurns(contents) ??
    checkFunctions(request) ??
    (model && checkCombination(request, model)) ??
    (model && checkThinking(request.generationConfig?.thinkingConfig ?? {}, model, host)) ??
    checkSignatures(contents, model?.signatures === true, host.corruptedSignature)
  )
}

function checkHost(contents: Json[], { needsRole, emptyText }: GeminiHost): string | undefined {
  if (needsRole && contents.some((content) => content.role === undefined)) {
    return 'Please use a valid role: user, model.'
  }
  const isEmpty = contents.some((content) =>
    listOf(content.parts).some((part) => part.text === '' && !part.thoughtSignature),
  )
  return isEmpty ? emptyText : undefined
}

function checkFunctions({ tools, toolConfig }: Json): string | undefined {
  const names = listOf(tools).flatMap((tool) => listOf(tool.functionDeclarations).map((one) => one.name))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice) return `Duplicate function declaration found: ${twice}`
  const config = toolConfig?.functionCallingConfig
  if (!config) return undefined
  if (names.length === 0) return 'Function calling config is set without function_declarations.'
  const allowed = listOf(config.allowedFunctionNames)
  if (allowed.length > 0 && !['ANY', 'VALIDATED'].includes(config.mode)) {
    return 'Please set allowed_function_names only when function calling mode is ANY.'
  }
  const absent = allowed.find((name) => !names.includes(name))
  return absent && `Allowed function name ${absent} is not declared in function_declarations.`
}

function checkCombination({ tools, generationConfig }: Json, model: GeminiModel): string | undefined {
  if (model.combines) return undefined
  const own = listOf(tools).some((tool) => Object.keys(tool).some((name) => name !== 'functionDeclarations'))
  const functions = listOf(tools).some((tool) => listOf(tool.functionDeclarations).length > 0)
  if (own && functions) return 'Tool use with function calling is unsupported'
  if (generationConfig?.responseMimeType !== 'application/json') return undefined
  if (functions) return "Function calling with a response mime type: 'application/json' is unsupported"
  return own ? "Tool use with a response mime type: 'application/json' is unsupported" : undefined
}

function checkThinking(config: Json, { thinking }: GeminiModel, host: GeminiHost): string | undefined {
  const { thinkingBudget: budget, thinkingLevel: level } = config
  if (budget !== undefined && level !== undefined) return host.levelAndBudget
  if ('levels' in thinking) {
    const known = level === undefined || thinking.levels.includes(String(level).toUpperCase())
    return known ? undefined : `Thinking level ${level} is not supported for this model.`
  }
  if (level !== undefined) return 'Thinking level is not supported for this model.'
  if (budget === undefined || budget === -1) return undefined
  if (budget === 0 && !thinking.canStop) return 'Budget 0 is invalid. This model only works in thinking mode.'
  const fits = budget >= thinking.budgetMin && budget <= thinking.budgetMax
  return fits
    ? undefined
    : `The thinking budget ${budget} is invalid. Please choose a value between ${thinking.budgetMin} and ${thinking.budgetMax}.`
}
