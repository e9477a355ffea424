import { type Json, isObject, listOf } from './json.ts'
import { isSigned } from './signature.ts'

const BLOCKS =
  'text image toolUse toolResult document video audio cachePoint guardContent reasoningContent citationsContent searchResult'.split(
    ' ',
  )

const DOCUMENT_NAME = /^(?!.*\s\s)[a-zA-Z0-9\s()[\]-]+$/

/** Validates what the parts of a conversation are to each other. Positions count from 0, unlike in constraints. */
export function checkConverseMessages(body: Json): string | undefined {
  const messages = listOf(body.messages)
  if (messages[0]?.role !== 'user') {
    return 'A conversation must start with a user message. Try again with a conversation that starts with a user message.'
  }
  for (const [index, message] of messages.entries()) {
    if (message.role === messages[index - 1]?.role) {
      return 'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.'
    }
    const wrong = checkContent(listOf(message.content), `messages.${index}`)
    if (wrong) return wrong
  }
  return checkPairs(messages) ?? checkReasoning(body, messages)
}

function checkContent(content: Json[], at: string): string | undefined {
  if (content.length === 0) {
    return `The content field in the Message object at ${at} is empty. Add a ContentBlock object to the content field and try again.`
  }
  for (const [index, block] of content.entries()) {
    const wrong = checkBlock(block, `${at}.content.${index}`)
    if (wrong) return wrong
  }
  return undefined
}

function checkBlock(block: Json, at: string): string | undefined {
  const held = Object.keys(block).filter((name) => block[name] !== undefined)
  if (held.length !== 1 || !BLOCKS.includes(held[0] ?? '')) {
    return `The ContentBlock object at ${at} must set one of the following keys: ${BLOCKS.join(', ')}.`
  }
  if (typeof block.text === 'string' && block.text.trim() === '') {
    return `The text field in the ContentBlock object at ${at} is blank. Add text to the text field, and try again.`
  }
  if (block.toolUse && !isObject(block.toolUse.input)) return wantObject(`${at}.toolUse.input`)
  if (block.document) return checkDocument(block.document)
  return block.toolResult && checkResult(block.toolResult, `${at}.toolResult`)
}

const wantObject = (at: string) =>
  `The format of the value at ${at} is invalid. Provide a json object for the field and try again.`

function checkDocument({ name }: Json): string | undefined {
  return DOCUMENT_NAME.test(name ?? '')
    ? undefined
    : "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character."
}

function checkResult({ content }: Json, at: string): string | undefined {
  if (listOf(content).length === 0) {
    return `The content field in the ToolResultBlock object at ${at} is empty. Add a ToolResultContentBlock object to the content field and try again.`
  }
  for (const [index, one] of listOf(content).entries()) {
    if (one.json !== undefined && !isObject(one.json)) return wantObject(`${at}.content.${index}.json`)
    const wrong = one.document && checkDocument(one.document)
    if (wrong) return wrong
  }
  return undefined
}

/** Every call is answered by the next message, and nothing else is. */
function checkPairs(messages: Json[]): string | undefined {
  for (const [index, message] of messages.entries()) {
    const results = idsOf(message, 'toolResult')
    const calls = message.role === 'user' ? idsOf(messages[index - 1], 'toolUse') : []
    if (results.length > calls.length) {
      return `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`
    }
    const open = calls.filter((id) => !results.includes(id))
    if (open.length > 0) {
      return `Expected toolResult blocks at messages.${index}.content for the following Ids: ${open.join(', ')}`
    }
  }
  return undefined
}

const idsOf = (message: Json, kind: 'toolUse' | 'toolResult'): string[] =>
  listOf(message?.content).flatMap((block) => block[kind]?.toolUseId ?? [])

/** Claude's own rules, which it tells in its own words: signatures are whole, and thoughts come first. */
function checkReasoning(body: Json, messages: Json[]): string | undefined {
  const refused = 'The model returned the following errors: '
  for (const [index, message] of messages.entries()) {
    for (const [position, { reasoningContent }] of listOf(message.content).entries()) {
      const said = reasoningContent?.reasoningText
      if (!said || isSigned(said.text, said.signature)) continue
      const at = `messages.${index}.content.${position}`
      return said.signature === undefined
        ? `${refused}${at}.thinking.signature: Field required`
        : `${refused}${at}: Invalid \`signature\` in \`thinking\` block`
    }
  }
  const last = messages.findLastIndex((message) => message.role === 'assistant')
  const content = listOf(messages[last]?.content)
  const thinks = body.additionalModelRequestFields?.thinking?.type === 'enabled'
  if (!thinks || !content.some((block) => block.toolUse) || content[0].reasoningContent) return undefined
  const found = content[0].toolUse ? 'tool_use' : 'text'
  return `${refused}messages.${last}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${found}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable \`thinking\`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking`
}
