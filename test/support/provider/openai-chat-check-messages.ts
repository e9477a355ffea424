import { type Json, isObject, listOf } from './json.ts'
import { emptyArray, refuse, tooLong, unknownField } from './openai-refusals.ts'
import type { Refusal } from './protocol.ts'

/** Fields and content parts by role. */
const ROLES: Record<string, { fields: string[]; parts: string[] }> = {
  system: { fields: ['role', 'content', 'name'], parts: ['text'] },
  developer: { fields: ['role', 'content', 'name'], parts: ['text'] },
  user: { fields: ['role', 'content', 'name'], parts: ['text', 'image_url', 'input_audio', 'file'] },
  assistant: {
    fields: ['role', 'content', 'name', 'tool_calls', 'refusal', 'audio', 'function_call', 'annotations'],
    parts: ['text', 'refusal'],
  },
  tool: { fields: ['role', 'content', 'tool_call_id'], parts: ['text'] },
}

const PART_FIELDS: Record<string, string[]> = {
  text: ['type', 'text'],
  refusal: ['type', 'refusal'],
  image_url: ['type', 'image_url'],
  input_audio: ['type', 'input_audio'],
  file: ['type', 'file'],
}

const CALL_ID_LENGTH_MAX = 40

/**
 * Validates `messages`: roles, contents, and that each tool call is answered once, directly after it.
 * @param more fields that the model takes in messages of the assistant
 */
export function checkOpenAiMessages(messages: Json, more: string[] = []): Refusal | undefined {
  if (!Array.isArray(messages))
    return refuse("Invalid type for 'messages': expected an array of objects.", 'messages')
  if (messages.length === 0) return emptyArray('messages')
  for (const [index, message] of messages.entries()) {
    const wrong = checkMessage(message, `messages[${index}]`, more)
    if (wrong) return wrong
  }
  return checkPairs(messages)
}

function checkMessage(message: Json, at: string, more: string[]): Refusal | undefined {
  const role = ROLES[message?.role]
  if (!role) {
    return refuse(
      `Invalid value: '${message?.role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`,
      `${at}.role`,
      'invalid_value',
    )
  }
  return (
    unknownField(message, message.role === 'assistant' ? [...role.fields, ...more] : role.fields, `${at}.`) ??
    checkContent(message, role.parts, at) ??
    checkCalls(message.tool_calls, `${at}.tool_calls`)
  )
}

function checkContent(message: Json, allowed: string[], at: string): Refusal | undefined {
  const { content } = message
  if (typeof content === 'string') return undefined
  if (content === null || content === undefined) {
    if (message.role === 'assistant' && message.tool_calls) return undefined
    const found = content === null ? 'null' : 'nothing'
    return refuse(
      `Invalid type for '${at}.content': expected one of a string or array of objects, but got ${found} instead.`,
      `${at}.content`,
      'invalid_type',
    )
  }
  if (!Array.isArray(content))
    return refuse(`Invalid type for '${at}.content'.`, `${at}.content`, 'invalid_type')
  if (content.length === 0) return emptyArray(`${at}.content`)
  for (const [index, part] of content.entries()) {
    const wrong = checkPart(part, allowed, message.role, at, `${at}.content[${index}]`)
    if (wrong) return wrong
  }
  return undefined
}

function checkPart(
  part: Json,
  allowed: string[],
  role: string,
  message: string,
  at: string,
): Refusal | undefined {
  if (part.type === 'image_url' && !allowed.includes('image_url')) {
    return refuse(
      `Invalid '${message}'. Image URLs are only allowed for messages with role 'user', but this message with role '${role}' contains an image URL.`,
      message,
      'invalid_value',
    )
  }
  if (!allowed.includes(part.type)) {
    const values = allowed.map((type) => `'${type}'`).join(', ')
    return refuse(
      `Invalid value: '${part.type}'. Supported values are: ${values}.`,
      `${at}.type`,
      'invalid_value',
    )
  }
  const field = part[part.type]
  const isRight =
    part.type === 'text' || part.type === 'refusal' ? typeof field === 'string' : isObject(field)
  if (!isRight) return refuse(`Invalid type for '${at}.${part.type}'.`, `${at}.${part.type}`, 'invalid_type')
  return unknownField(part, PART_FIELDS[part.type] ?? [], `${at}.`)
}

function checkCalls(calls: Json, at: string): Refusal | undefined {
  if (calls === undefined) return undefined
  if (listOf(calls).length === 0) return emptyArray(at)
  for (const [index, call] of listOf(calls).entries()) {
    const wrong = checkCall(call, `${at}[${index}]`)
    if (wrong) return wrong
  }
  return undefined
}

function checkCall(call: Json, at: string): Refusal | undefined {
  if (typeof call.id !== 'string') {
    return refuse(`Missing required parameter: '${at}.id'.`, `${at}.id`, 'missing_required_parameter')
  }
  if (call.id.length > CALL_ID_LENGTH_MAX) return tooLong(`${at}.id`, CALL_ID_LENGTH_MAX, call.id.length)
  if (call.type !== 'function') {
    return refuse(
      `Invalid value: '${call.type}'. Supported values are: 'function'.`,
      `${at}.type`,
      'invalid_value',
    )
  }
  if (typeof call.function?.arguments !== 'string') {
    const found = call.function?.arguments === undefined ? 'nothing' : 'an object'
    const param = `${at}.function.arguments`
    return refuse(
      `Invalid type for '${param}': expected a string, but got ${found} instead.`,
      param,
      'invalid_type',
    )
  }
  return (
    checkFunctionName(call.function.name, `${at}.function.name`) ??
    unknownField(call, ['id', 'type', 'function'], `${at}.`)
  )
}

const FUNCTION_NAME_LENGTH_MAX = 64

/** Names of functions, where they are declared and where they are called. */
export function checkFunctionName(name: Json, param: string): Refusal | undefined {
  if (typeof name !== 'string') {
    return refuse(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter')
  }
  if (name.length > FUNCTION_NAME_LENGTH_MAX) return tooLong(param, FUNCTION_NAME_LENGTH_MAX, name.length)
  if (/^[a-zA-Z0-9_-]+$/.test(name)) return undefined
  return refuse(
    `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
    param,
    'invalid_value',
  )
}

function checkPairs(messages: Json[]): Refusal | undefined {
  let open: string[] = []
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (!open.includes(message.tool_call_id))
        return orphan(message.tool_call_id, index, messages[index - 1])
      open = open.filter((id) => id !== message.tool_call_id)
      continue
    }
    if (open.length > 0) return unanswered(open, index)
    open = listOf(message.tool_calls).map((call) => call.id)
  }
  return open.length > 0 ? unanswered(open, messages.length) : undefined
}

function orphan(id: Json, index: number, previous: Json): Refusal {
  if (typeof id !== 'string') {
    return refuse(
      "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.",
      `messages.[${index}].tool_call_id`,
    )
  }
  if (previous?.role !== 'tool' && !previous?.tool_calls) {
    return refuse(
      "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
      `messages.[${index}].role`,
    )
  }
  return refuse(
    `Invalid parameter: 'tool_call_id' of '${id}' not found in 'tool_calls' of previous message.`,
    `messages.[${index}].tool_call_id`,
  )
}

const unanswered = (ids: string[], index: number): Refusal =>
  refuse(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids.join(', ')}`,
    `messages.[${index}].role`,
  )
