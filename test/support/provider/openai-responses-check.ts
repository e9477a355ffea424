import { type Json, isObject, listOf } from './json.ts'
import { type OpenAiModel, openAiModel } from './openai-models.ts'
import { choices, refuse, tooLong, unknownField, unknownValue, unsupported } from './openai-refusals.ts'
import { checkResponsesInput } from './openai-responses-check-input.ts'
import { keptConversation } from './openai-responses-store.ts'
import { checkResponsesTools } from './openai-responses-check-tools.ts'
import type { Headers, Operation, Refusal } from './protocol.ts'

const TOP_LEVEL =
  'background client_metadata context_management conversation include input instructions max_output_tokens ' +
  'max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key ' +
  'prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream ' +
  'stream_options temperature text tool_choice tools top_logprobs top_p truncation user'

const INCLUDES = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
]

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

const IDENTIFIER_LENGTH_MAX = 64
const OUTPUT_MIN = 16

/** The Responses API's validation of a body, in its wording. */
export function checkResponses(body: Json, _headers: Headers, operation: Operation): Refusal | undefined {
  if (!isObject(body)) return refuse('We could not parse the JSON body of your request.')
  return (
    checkTopLevel(body, operation) ??
    checkText(body.text) ??
    checkResponsesTools(body) ??
    checkModelSettings(body, openAiModel(String(body.model))) ??
    checkResponsesInput(body)
  )
}

function checkTopLevel(body: Json, operation: Operation): Refusal | undefined {
  const unknown = unknownField(body, TOP_LEVEL.split(' '))
  if (unknown) return unknown
  if (body.model === undefined && operation.kind === 'generate') {
    return refuse("Missing required parameter: 'model'.", 'model', 'missing_required_parameter')
  }
  if (['input', 'previous_response_id', 'prompt', 'conversation'].every((name) => body[name] === undefined)) {
    const message =
      'One of "input" or "previous_response_id" or \'prompt\' or \'conversation_id\' must be provided.'
    return refuse(message, 'input', 'missing_required_parameter')
  }
  for (const name of ['user', 'safety_identifier', 'prompt_cache_key']) {
    const length = body[name]?.length ?? 0
    if (length > IDENTIFIER_LENGTH_MAX) return tooLong(name, IDENTIFIER_LENGTH_MAX, length)
  }
  for (const [index, name] of listOf(body.include).entries()) {
    if (!INCLUDES.includes(name)) return unknownValue(`include[${index}]`, name, INCLUDES)
  }
  if (body.stream_options && body.stream !== true) {
    return refuse(
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
      'stream_options',
    )
  }
  if (body.previous_response_id && !keptConversation(body.previous_response_id)) {
    const message = `Previous response with id '${body.previous_response_id}' not found.`
    return refuse(message, 'previous_response_id', 'previous_response_not_found')
  }
  return undefined
}

function checkText(text: Json): Refusal | undefined {
  if (text === undefined || text === null) return undefined
  const unknown = unknownField(text, ['format', 'verbosity'], 'text.')
  if (unknown) return unknown
  if (text.verbosity && !['low', 'medium', 'high'].includes(text.verbosity)) {
    return unknownValue('text.verbosity', text.verbosity, ['low', 'medium', 'high'])
  }
  const format = text.format ?? { type: 'text' }
  if (!['text', 'json_object', 'json_schema'].includes(format.type)) {
    return unknownValue('text.format.type', format.type, ['json_object', 'json_schema', 'text'])
  }
  if (format.type !== 'json_schema') return undefined
  const missing = ['name', 'schema'].find((name) => format[name] === undefined)
  if (missing) {
    const param = `text.format.${missing}`
    return refuse(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter')
  }
  if (format.strict === true && format.schema.additionalProperties !== false) {
    return refuse(
      `Invalid schema for response_format '${format.name}': In context=(), 'additionalProperties' is required to be supplied and to be false.`,
      'text.format.schema',
      'invalid_json_schema',
    )
  }
  return unknownField(format, ['type', 'name', 'schema', 'strict', 'description'], 'text.format.')
}

function checkModelSettings(body: Json, model: OpenAiModel): Refusal | undefined {
  const limit = body.max_output_tokens
  if (limit !== undefined && limit !== null) {
    const at = "Invalid 'max_output_tokens': integer"
    if (limit < OUTPUT_MIN) {
      const message = `${at} below minimum value. Expected a value >= ${OUTPUT_MIN}, but got ${limit} instead.`
      return refuse(message, 'max_output_tokens', 'integer_below_min_value')
    }
    if (limit > model.outputMax) {
      const message = `${at} above maximum value. Expected a value <= ${model.outputMax}, but got ${limit} instead.`
      return refuse(message, 'max_output_tokens', 'integer_above_max_value')
    }
  }
  const unknown = unknownField(
    body.reasoning ?? {},
    ['context', 'effort', 'generate_summary', 'mode', 'summary'],
    'reasoning.',
  )
  return unknown ?? (model.reasoning ? checkReasoning(body, model) : checkPlain(body, model))
}

function checkReasoning(body: Json, model: OpenAiModel): Refusal | undefined {
  const effort = body.reasoning?.effort ?? undefined
  if (effort !== undefined && !EFFORTS.includes(effort)) {
    return unknownValue('reasoning.effort', effort, EFFORTS)
  }
  if (effort !== undefined && !model.efforts.includes(effort)) {
    return refuse(
      `Unsupported value: '${effort}' is not supported with the '${body.model}' model. Supported values are: ${choices(model.efforts)}.`,
      'reasoning.effort',
      'unsupported_value',
    )
  }
  const sampling = ['temperature', 'top_p'].find((name) => (body[name] ?? undefined) !== undefined)
  return sampling && effort !== 'none' ? unsupported(sampling) : undefined
}

function checkPlain(body: Json, model: OpenAiModel): Refusal | undefined {
  if (model.outputMax === Infinity) return undefined
  const effort = ['effort', 'summary'].find((name) => (body.reasoning?.[name] ?? undefined) !== undefined)
  if (effort) return unsupported(`reasoning.${effort}`)
  return listOf(body.include).includes('reasoning.encrypted_content')
    ? refuse('Encrypted content is not supported with this model.', 'include')
    : undefined
}
