import { type Json, isObject, listOf } from './json.ts'
import { checkOpenAiMessages } from './openai-chat-check-messages.ts'
import { checkOpenAiTools } from './openai-chat-check-tools.ts'
import { type OpenAiModel, alwaysThinks, openAiModel, showsReasoning } from './openai-models.ts'
import { refuse, tooLong, tooMany, unknownField, unsupported } from './openai-refusals.ts'
import type { Refusal } from './protocol.ts'

const TOP_LEVEL = new Set(
  (
    'messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens ' +
    'max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty ' +
    'prompt_cache_key prompt_cache_retention reasoning_effort response_format safety_identifier seed ' +
    'service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user ' +
    'verbosity web_search_options'
  ).split(' '),
)

/** Settings a reasoning model refuses unless they say what it does anyway. */
const SAMPLING_DEFAULTS: Record<string, number> = {
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
}

const IDENTIFIER_LENGTH_MAX = 64
const STOP_MAX = 4

/** A reasoning model that may say less than this runs out before its first word, and the API answers 400. */
const REASONING_OUTPUT_MIN = 16

/** The Chat Completions API's validation of a body, in its wording. */
export function checkOpenAiChat(body: Json): Refusal | undefined {
  if (!isObject(body)) return refuse('We could not parse the JSON body of your request.')
  return (
    checkTopLevel(body) ??
    checkOpenAiMessages(
      body.messages,
      showsReasoning(body.model) ? ['reasoning_content', 'reasoning'] : [],
    ) ??
    checkReasoningHistory(body) ??
    checkOpenAiTools(body) ??
    checkFormat(body.response_format) ??
    checkModelSettings(body, openAiModel(body.model))
  )
}

function checkTopLevel(body: Json): Refusal | undefined {
  const missing = ['model', 'messages'].find((name) => body[name] === undefined)
  if (missing)
    return refuse(`Missing required parameter: '${missing}'.`, missing, 'missing_required_parameter')
  const unknown = unknownField(body, TOP_LEVEL)
  if (unknown) return unknown
  for (const name of ['user', 'safety_identifier', 'prompt_cache_key']) {
    const length = body[name]?.length ?? 0
    if (length > IDENTIFIER_LENGTH_MAX) return tooLong(name, IDENTIFIER_LENGTH_MAX, length)
  }
  if (body.stream_options && body.stream !== true) {
    return refuse(
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
      'stream_options',
    )
  }
  if (body.metadata && body.store !== true) {
    return refuse("The 'metadata' parameter is only allowed when 'store' is enabled.", 'metadata')
  }
  const stops = listOf(body.stop).length
  return stops > STOP_MAX ? tooMany('stop', STOP_MAX, stops) : undefined
}

/** DeepSeek wants what it thought back with the calls that it led to, as long as the turn goes on. */
function checkReasoningHistory({ model, messages }: Json): Refusal | undefined {
  if (!alwaysThinks(model)) return undefined
  const turn = listOf(messages).findLastIndex((message) => message.role === 'user')
  const index = listOf(messages).findIndex(
    (message, at) => at > turn && message.tool_calls && message.reasoning_content === undefined,
  )
  if (index < 0) return undefined
  return refuse(
    `Missing \`reasoning_content\` field in the assistant message at message index ${index}. For more information, please refer to https://api-docs.deepseek.com/guides/thinking_mode#tool-calls`,
  )
}

function checkFormat(format: Json): Refusal | undefined {
  if (format === undefined) return undefined
  if (!['text', 'json_object', 'json_schema'].includes(format?.type)) {
    return refuse(
      `Invalid value: '${format?.type}'. Supported values are: 'json_object', 'json_schema', and 'text'.`,
      'response_format.type',
      'invalid_value',
    )
  }
  if (format.type !== 'json_schema') return undefined
  const { name, schema, strict } = format.json_schema ?? {}
  if (!name) {
    const param = 'response_format.json_schema.name'
    return refuse(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter')
  }
  if (strict === true && schema?.additionalProperties !== false) {
    return refuse(
      `Invalid schema for response_format '${name}': In context=(), 'additionalProperties' is required to be supplied and to be false.`,
      'response_format',
    )
  }
  return undefined
}

function checkModelSettings(body: Json, model: OpenAiModel): Refusal | undefined {
  const limitName = body.max_tokens === undefined ? 'max_completion_tokens' : 'max_tokens'
  const limit = body[limitName]
  if (body.max_tokens !== undefined && body.max_completion_tokens !== undefined) {
    return refuse(
      "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
      'max_tokens',
    )
  }
  if (limit > model.outputMax) {
    return refuse(
      `${limitName} is too large: ${limit}. This model supports at most ${model.outputMax} completion tokens, whereas you provided ${limit}.`,
      limitName,
      'invalid_value',
    )
  }
  return model.reasoning ? checkReasoning(body, model) : checkPlain(body, model)
}

function checkReasoning(body: Json, model: OpenAiModel): Refusal | undefined {
  if (body.max_tokens !== undefined) {
    return unsupported('max_tokens', " Use 'max_completion_tokens' instead.")
  }
  if (body.stop !== undefined && body.stop !== null) return unsupported('stop')
  for (const [name, standard] of Object.entries(SAMPLING_DEFAULTS)) {
    if (body[name] !== undefined && body[name] !== standard) {
      return refuse(
        `Unsupported value: '${name}' does not support ${body[name]} with this model. Only the default (${standard}) value is supported.`,
        name,
        'unsupported_value',
      )
    }
  }
  if (body.reasoning_effort !== undefined && !model.efforts.includes(body.reasoning_effort)) {
    const efforts = model.efforts.map((effort) => `'${effort}'`)
    return refuse(
      `Unsupported value: 'reasoning_effort' does not support '${body.reasoning_effort}' with this model. Supported values are: ${efforts.join(', ')}.`,
      'reasoning_effort',
      'unsupported_value',
    )
  }
  if (body.max_completion_tokens < REASONING_OUTPUT_MIN) {
    return refuse(
      'Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.',
    )
  }
  return undefined
}

function checkPlain(body: Json, model: OpenAiModel): Refusal | undefined {
  if (body.reasoning_effort === undefined || model.outputMax === Infinity) return undefined
  return refuse('Unrecognized request argument supplied: reasoning_effort')
}
