import { type Json, isObject, listOf } from './json.ts'
import { notStored, refuse, tooLong, unknownField, unknownValue } from './openai-refusals.ts'
import { checkItemPairs } from './openai-responses-check-pairs.ts'
import { checkToolList } from './openai-responses-check-tools.ts'
import { inputItems, itemType } from './openai-responses-request.ts'
import type { Refusal } from './protocol.ts'

/** Items: their fields, and how an id of theirs begins. */
const ITEMS: Record<string, { fields: string; id?: string }> = {
  message: { fields: 'role content status phase', id: 'msg' },
  reasoning: { fields: 'summary content encrypted_content status', id: 'rs' },
  function_call: { fields: 'call_id name arguments status namespace caller async', id: 'fc' },
  function_call_output: { fields: 'call_id output status caller', id: 'fc' },
  custom_tool_call: { fields: 'call_id name input status namespace caller async', id: 'ctc' },
  custom_tool_call_output: { fields: 'call_id output caller', id: 'ctc' },
  web_search_call: { fields: 'status action', id: 'ws' },
  local_shell_call: { fields: 'call_id action status', id: 'lsh' },
  local_shell_call_output: { fields: 'call_id output status' },
  tool_search_call: { fields: 'arguments call_id execution status', id: 'tsc' },
  tool_search_output: { fields: 'call_id tools execution status', id: 'tso' },
  additional_tools: { fields: 'role tools' },
  compaction: { fields: 'encrypted_content', id: 'cmp' },
}

/** What the fields of a kind of item must be. */
const REQUIRED: Record<string, string[]> = {
  reasoning: ['summary'],
  function_call: ['call_id', 'name', 'arguments'],
  function_call_output: ['call_id', 'output'],
  custom_tool_call: ['call_id', 'name', 'input'],
  custom_tool_call_output: ['call_id', 'output'],
}

const PARTS: Record<string, string[]> = {
  input: ['input_text', 'input_image', 'input_file'],
  output: ['output_text', 'refusal'],
}

const PART_FIELDS: Record<string, string> = {
  input_text: 'text prompt_cache_breakpoint',
  input_image: 'image_url file_id detail prompt_cache_breakpoint',
  input_file: 'file_data file_id file_url filename detail prompt_cache_breakpoint',
  output_text: 'text annotations logprobs',
  refusal: 'refusal',
}

const ID_LENGTH_MAX = 64

/** Validates `input`: items, contents, and that calls, results and reasoning stand together. */
export function checkResponsesInput(body: Json): Refusal | undefined {
  const items = inputItems(body)
  for (const [index, item] of items.entries()) {
    const wrong = checkItem(item, `input[${index}]`)
    if (wrong) return wrong
  }
  return checkItemPairs(items)
}

function checkItem(item: Json, at: string): Refusal | undefined {
  const type = itemType(item)
  const known = ITEMS[type]
  if (type === 'item_reference') return notStored(item.id)
  if (!known) return unknownValue(at, type, Object.keys(ITEMS))
  const missing = REQUIRED[type]?.find((name) => item[name] === undefined)
  if (missing) {
    const param = `${at}.${missing}`
    return refuse(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter')
  }
  return (
    unknownField(item, ['type', 'id', ...known.fields.split(' ')], `${at}.`) ??
    checkIds(item, known.id, at) ??
    checkFields(item, type, at)
  )
}

function checkIds(item: Json, prefix: string | undefined, at: string): Refusal | undefined {
  const { id, call_id } = item
  for (const [name, value] of Object.entries({ id, call_id })) {
    if (value?.length > ID_LENGTH_MAX) return tooLong(`${at}.${name}`, ID_LENGTH_MAX, value.length)
  }
  if (prefix === undefined || typeof id !== 'string' || id.startsWith(prefix)) return undefined
  const message = `Invalid '${at}.id': '${id}'. Expected an ID that begins with '${prefix}'.`
  return refuse(message, `${at}.id`, 'invalid_value')
}

function checkFields(item: Json, type: string, at: string): Refusal | undefined {
  switch (type) {
    case 'message':
      return checkMessage(item, at)
    case 'function_call':
      return wantString(item.arguments, `${at}.arguments`)
    case 'custom_tool_call':
      return wantString(item.input, `${at}.input`)
    case 'function_call_output':
    case 'custom_tool_call_output':
      return checkContent(item.output, 'input', `${at}.output`)
    case 'additional_tools':
      return checkToolList(listOf(item.tools), `${at}.tools`)
    default:
      return undefined
  }
}

function checkMessage({ role, content }: Json, at: string): Refusal | undefined {
  const roles = ['assistant', 'system', 'developer', 'user']
  if (!roles.includes(role)) return unknownValue(`${at}.role`, role, roles)
  return checkContent(content, role === 'assistant' ? 'output' : 'input', `${at}.content`)
}

function checkContent(content: Json, side: 'input' | 'output', at: string): Refusal | undefined {
  if (typeof content === 'string') return undefined
  if (!Array.isArray(content)) return wrongType(at, 'one of an array of objects or a string', content)
  for (const [index, part] of content.entries()) {
    const wrong = checkPart(part, PARTS[side] ?? [], `${at}[${index}]`)
    if (wrong) return wrong
  }
  return undefined
}

function checkPart(part: Json, allowed: string[], at: string): Refusal | undefined {
  if (!allowed.includes(part?.type)) return unknownValue(at, part?.type, allowed)
  const unknown = unknownField(part, ['type', ...(PART_FIELDS[part.type] ?? '').split(' ')], `${at}.`)
  if (unknown) return unknown
  if (part.type === 'input_image' && part.image_url !== undefined && typeof part.image_url !== 'string') {
    return wrongType(`${at}.image_url`, 'an image URL', part.image_url)
  }
  return part.type.endsWith('text') ? wantString(part.text, `${at}.text`) : undefined
}

const wantString = (value: Json, at: string): Refusal | undefined =>
  typeof value === 'string' ? undefined : wrongType(at, 'a string', value)

function wrongType(at: string, expected: string, value: Json): Refusal {
  const found =
    value === null ? 'null' : isObject(value) ? 'an object' : Array.isArray(value) ? 'an array' : typeof value
  return refuse(
    `Invalid type for '${at}': expected ${expected}, but got ${found} instead.`,
    at,
    'invalid_type',
  )
}
