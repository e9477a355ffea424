import { type Json, listOf } from './json.ts'
import { isSigned } from './signature.ts'

type HasBeta = (beta: 'turn_control') => boolean

/** The blocks the API takes and their fields. */
const BLOCK_FIELDS: Record<string, string> = {
  text: 'text citations',
  image: 'source',
  document: 'source title context citations',
  search_result: 'source title content citations',
  thinking: 'thinking signature',
  redacted_thinking: 'data',
  tool_use: 'id name input caller',
  tool_result: 'tool_use_id content is_error',
  server_tool_use: 'id name input caller',
  web_search_tool_result: 'tool_use_id content caller',
  web_fetch_tool_result: 'tool_use_id content caller',
  tool_search_tool_result: 'tool_use_id content',
  code_execution_tool_result: 'tool_use_id content',
  tool_reference: 'tool_name',
  tool_addition: 'tools',
  tool_removal: 'tools',
  compaction: 'content',
  container_upload: 'file_id',
}

/** Validates `system` and `messages`: roles, blocks, and that every tool call has its result next to it. */
export function checkAnthropicMessages(body: Json, hasBeta: HasBeta): string | undefined {
  const messages = listOf(body.messages)
  if (messages.length === 0) return 'messages: at least one message is required'
  if (messages[0].role !== 'user') return 'messages: first message must use the "user" role'
  if (listOf(body.system).some((block) => block.text === ''))
    return 'system: text content blocks must be non-empty'
  for (const [index, message] of messages.entries()) {
    const wrong = checkMessage(message, index, index === messages.length - 1, hasBeta)
    if (wrong) return wrong
  }
  return checkPairs(messages) ?? checkThinkingFirst(body.thinking, messages)
}

function checkMessage(message: Json, index: number, isLast: boolean, hasBeta: HasBeta): string | undefined {
  const at = `messages.${index}`
  if (!['user', 'assistant', 'system'].includes(message.role)) {
    return `${at}.role: Input should be 'user' or 'assistant'`
  }
  const allowed = [
    'role',
    'content',
    ...(message.role === 'system' && hasBeta('turn_control') ? ['output_config'] : []),
  ]
  const extra = Object.keys(message).find((name) => !allowed.includes(name))
  if (extra) return `${at}.${extra}: Extra inputs are not permitted`
  if (typeof message.content !== 'string' && !Array.isArray(message.content)) {
    return `${at}.content: Input should be a valid list`
  }
  const mayBeEmpty = message.role === 'system' || (isLast && message.role === 'assistant')
  if (message.content.length === 0 && !mayBeEmpty) {
    return `${at}: all messages must have non-empty content except for the optional final assistant message`
  }
  if (isLast && message.role === 'assistant' && /\s$/.test(lastText(message.content))) {
    return 'messages: final assistant content cannot end with trailing whitespace'
  }
  for (const [position, block] of listOf(message.content).entries()) {
    const wrong = checkBlock(block, `${at}.content.${position}`, message.role)
    if (wrong) return wrong
  }
  return undefined
}

function checkBlock(block: Json, at: string, role: string): string | undefined {
  const fields = BLOCK_FIELDS[block.type]
  if (fields === undefined) {
    const expected = Object.keys(BLOCK_FIELDS).map((type) => `'${type}'`)
    return `${at}: Input tag '${block.type}' found using 'type' does not match any of the expected tags: ${expected.join(', ')}`
  }
  const allowed = ['type', ...fields.split(' '), ...(/thinking/.test(block.type) ? [] : ['cache_control'])]
  const extra = Object.keys(block).find((name) => !allowed.includes(name))
  if (extra) return `${at}.${block.type}.${extra}: Extra inputs are not permitted`
  switch (block.type) {
    case 'text':
      return typeof block.text === 'string' && block.text !== ''
        ? undefined
        : 'messages: text content blocks must be non-empty'
    case 'thinking':
      return isSigned(block.thinking, block.signature)
        ? undefined
        : `${at}: Invalid \`signature\` in \`thinking\` block`
    case 'tool_use':
      if (role !== 'assistant') return `${at}: \`tool_use\` blocks can only be in \`assistant\` messages`
      if (!isToolId(block.id)) return `${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`
      return isDictionary(block.input)
        ? undefined
        : `${at}.tool_use.input: Input should be a valid dictionary`
    case 'tool_result':
      return role === 'user' ? undefined : `${at}: \`tool_result\` blocks can only be in \`user\` messages`
    default:
      return undefined
  }
}

/** With a thinking budget, an answer that is still waiting for its tools must begin with what led to the calls. */
function checkThinkingFirst(thinking: Json, messages: Json[]): string | undefined {
  const last = messages.findLastIndex((message) => message.role === 'assistant')
  const content = listOf(messages[last]?.content)
  const calls = content.some((block) => block.type === 'tool_use')
  const found = content[0]?.type
  if (thinking?.type !== 'enabled' || !calls || found?.endsWith('thinking')) return undefined
  return `messages.${last}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${found}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable \`thinking\`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking`
}

/** The API merges neighbouring messages of one role, so a result may stand in the second of two user messages. */
function checkPairs(messages: Json[]): string | undefined {
  for (const [index, message] of messages.entries()) {
    const calls = message.role === 'assistant' ? blocksOf(message, 'tool_use').map((block) => block.id) : []
    const answered = blocksOf(turnFrom(messages, index + 1, 1), 'tool_result').map(
      (block) => block.tool_use_id,
    )
    const open = calls.filter((id) => !answered.includes(id))
    if (open.length > 0) {
      return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`
    }
    const wrong = message.role === 'user' ? checkResults(messages, index) : undefined
    if (wrong) return wrong
  }
  return undefined
}

function checkResults(messages: Json[], index: number): string | undefined {
  const turnStart = messages.slice(0, index).findLastIndex((message) => message.role !== 'user')
  const calls = blocksOf(turnFrom(messages, turnStart, -1), 'tool_use').map((block) => block.id)
  const seen = new Set<string>()
  for (const [position, block] of listOf(messages[index].content).entries()) {
    if (block.type !== 'tool_result') continue
    const id = block.tool_use_id
    if (!calls.includes(id)) {
      return `messages.${index}.content.${position}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`
    }
    if (seen.has(id))
      return `messages.${index}.content.${position}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`
    seen.add(id)
  }
  return undefined
}

/** The content of the turn that starts at `index` and runs on in steps of 1 or -1 while the role is the same. */
function turnFrom(messages: Json[], index: number, step: 1 | -1): Json {
  const content: Json[] = []
  const role = messages[index]?.role
  for (let at = index; role && messages[at]?.role === role; at += step)
    content.push(...listOf(messages[at].content))
  return { content }
}

const blocksOf = (message: Json, type: string): Json[] =>
  listOf(message.content).filter((block) => block.type === type)

const isToolId = (id: Json) => /^[a-zA-Z0-9_-]+$/.test(id ?? '')
const isDictionary = (value: Json) => typeof value === 'object' && value !== null && !Array.isArray(value)
const lastText = (content: Json): string =>
  typeof content === 'string' ? content : (listOf(content).at(-1)?.text ?? '')
