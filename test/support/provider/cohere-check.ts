import { type Json, isObject, listOf } from './json.ts'
import type { Refusal } from './protocol.ts'

const FIELDS =
  'citation_options documents frequency_penalty k logprobs max_tokens messages model p presence_penalty priority ' +
  'raw_prompting response_format safety_mode seed stop_sequences stream strict_tools temperature thinking ' +
  'tool_choice tools'

const STOP_MAX = 5

/** The Chat API's validation of a body. */
export function checkCohere(body: Json): Refusal | undefined {
  if (!isObject(body)) return refuse('invalid request: request body could not be parsed')
  const missing = ['model', 'messages'].find((name) => body[name] === undefined)
  if (missing) return refuse(`invalid request: ${missing} is required`)
  const unknown = Object.keys(body).find((name) => !FIELDS.split(' ').includes(name))
  if (unknown) return { status: 422, message: `unknown field: parameter '${unknown}' is not a valid field` }
  if (listOf(body.messages).length === 0) {
    return refuse('invalid request: messages must have at least one message')
  }
  if (body.temperature > 1) return refuse('invalid request: temperature must be between 0 and 1 inclusive')
  if (listOf(body.stop_sequences).length > STOP_MAX) {
    return refuse(`invalid request: stop_sequences must have at most ${STOP_MAX} items`)
  }
  if (body.tool_choice !== undefined && !['REQUIRED', 'NONE'].includes(body.tool_choice)) {
    return refuse('invalid request: tool_choice must be one of REQUIRED, NONE')
  }
  return checkTools(listOf(body.tools)) ?? checkMessages(listOf(body.messages))
}

const refuse = (message: string): Refusal => ({ status: 400, message })

function checkTools(tools: Json[]): Refusal | undefined {
  for (const [index, tool] of tools.entries()) {
    const at = `invalid request: tools[${index}]`
    if (tool.type !== 'function') return refuse(`${at}.type must be 'function'`)
    if (!/^[A-Za-z0-9_-]+$/.test(tool.function?.name ?? '')) return refuse(`${at}.function.name is invalid`)
    if (!isObject(tool.function.parameters)) return refuse(`${at}.function.parameters is required`)
  }
  return undefined
}

function checkMessages(messages: Json[]): Refusal | undefined {
  for (const [index, message] of messages.entries()) {
    const at = `invalid request: message at index ${index}`
    if (!['system', 'user', 'assistant', 'tool'].includes(message.role)) {
      return refuse(`${at} has an invalid role: ${message.role}`)
    }
    const isEmpty = message.content === undefined || message.content === null || message.content.length === 0
    if (isEmpty && !message.tool_calls) return refuse(`${at} must have non-empty content or tool calls`)
    if (listOf(message.tool_calls).some((call) => typeof call.function?.arguments !== 'string')) {
      return refuse(`${at}: tool call arguments must be a string`)
    }
  }
  return checkPairs(messages)
}

/** Results stand behind the calls that they answer, and all calls are answered. */
function checkPairs(messages: Json[]): Refusal | undefined {
  let open: string[] = []
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (!open.includes(message.tool_call_id)) {
        return refuse(
          `invalid request: tool call id not found in previous tool calls: ${message.tool_call_id}`,
        )
      }
      open = open.filter((id) => id !== message.tool_call_id)
      continue
    }
    if (open.length > 0) {
      return refuse(
        `invalid request: missing tool results before message at index ${index}: ${open.join(', ')}`,
      )
    }
    open = listOf(message.tool_calls).map((call) => call.id)
  }
  return open.length > 0
    ? refuse(`invalid request: missing tool results for tool calls: ${open.join(', ')}`)
    : undefined
}
