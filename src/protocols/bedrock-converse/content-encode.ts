import { gather } from '../../lib/append.ts'
import type {
  Block,
  JsonObject,
  SearchResultBlock,
  ThinkingBlock,
  ToolCallBlock,
  ToolResultBlock,
} from '../../message/request.ts'
import { inputObject } from '../shared/call-input.ts'
import { isClaudeSignature } from '../shared/claude-signature.ts'
import { dropCitations, opaqueStandIn, searchResultText, toolErrorText } from '../shared/stand-ins.ts'
import type { ToolNames } from '../shared/tool-names.ts'
import { joinedMarked } from './cache-points.ts'
import { usableCallId } from './call-ids.ts'
import { encodeDocument, encodeImage } from './documents.ts'
import type { MediaContext } from './documents.ts'
import { PROTOCOL } from './wire.ts'

export interface ContentContext extends MediaContext {
  names: ToolNames
}

/** Blocks as the API takes them, with marks for the cache as elements of their own; what it would refuse is left out. */
export function encodeContent(blocks: readonly Block[], context: ContentContext): JsonObject[] {
  let list: JsonObject[] = []
  for (const block of blocks) {
    const mark = 'cache' in block ? block.cache : undefined
    list = joinedMarked(list, encodeBlock(block, context), mark, context.traits, context.warnings)
  }
  return list
}

function encodeBlock(block: Block, context: ContentContext): JsonObject[] {
  const { warnings } = context
  switch (block.type) {
    case 'text':
      dropCitations(block, warnings)
      return encodeText(block.text)
    case 'image':
      return [encodeImage(block.source, context)]
    case 'document':
      return encodeDocument(block, context)
    case 'search-result':
      return [encodeSearchResult(block, context)]
    case 'thinking':
      return encodeThinking(block, context)
    case 'redacted-thinking':
      if (context.traits.isClaude) return [{ reasoningContent: { redactedContent: block.data } }]
      warnings.add('dropped', 'messages[].content[].redacted_thinking', 'only its maker can read it')
      return []
    case 'tool-call':
      return [encodeCall(block, context)]
    case 'tool-reference':
      return [{ text: `Tool loaded: ${block.name}` }]
    case 'opaque':
      return block.protocol === PROTOCOL ? [block.raw] : encodeText(opaqueStandIn(block, warnings))
    // Results are encoded where their calls are known.
    case 'tool-result':
      return []
  }
}

/** "The text field in the ContentBlock object is blank." */
function encodeText(text: string): JsonObject[] {
  return text.trim() === '' ? [] : [{ text }]
}

function encodeSearchResult(block: SearchResultBlock, { traits }: ContentContext): JsonObject {
  if (!traits.isClaude) return { text: searchResultText(block) }
  const { source, title, content } = block
  return { searchResult: { source, title, content: content.map(({ text }) => ({ text })) } }
}

/** "Invalid signature in thinking block" would fail the whole conversation, and so would thinking of other models. */
function encodeThinking({ text, signature }: ThinkingBlock, context: ContentContext): JsonObject[] {
  const { traits, warnings } = context
  if (traits.isClaude && isClaudeSignature(signature))
    return [{ reasoningContent: { reasoningText: { text, signature } } }]
  const reason = traits.isClaude
    ? 'it has no signature of Claude’s'
    : 'the upstream takes back no reasoning of this model'
  warnings.add('dropped', 'messages[].content[].thinking', reason)
  return []
}

// ==== Tools

function encodeCall(block: ToolCallBlock, { names }: ContentContext): JsonObject {
  return {
    toolUse: {
      toolUseId: usableCallId(block.id),
      name: names.sent(block.name),
      input: inputObject(block.arguments),
    },
  }
}

export interface EncodedResult {
  result: JsonObject
  /** What a result cannot hold with this model, to follow it. */
  attachments: JsonObject[]
}

export function encodeResult(
  block: ToolResultBlock,
  toolName: string,
  context: ContentContext,
): EncodedResult {
  const { traits, warnings } = context
  // Inside a result no mark may stand.
  const encoded = gather(block.content, (inner) => encodeBlock(inner, context))
  const toolUseId = usableCallId(block.callId)
  if (traits.richResults) {
    const said = encoded.length === 0 ? [{ text: NO_OUTPUT }] : encoded
    return {
      result: { toolResult: { toolUseId, content: said, ...(block.isError && { status: 'error' }) } },
      attachments: [],
    }
  }
  const attachments: JsonObject[] = []
  for (const element of encoded) {
    if (isText(element)) continue
    attachments.push({ text: `[${memberOf(element)} returned by ${toolName} (call ${toolUseId})]` }, element)
  }
  if (attachments.length > 0)
    warnings.add('changed', 'messages[].content[].tool_result.content', 'images and files follow the results')
  const said = toolErrorText(block, encoded.map(textFor).join('\n'))
  return {
    result: { toolResult: { toolUseId, content: [{ text: said.trim() === '' ? NO_OUTPUT : said }] } },
    attachments,
  }
}

function textFor(element: JsonObject): string {
  return isText(element) ? element.text : `[${memberOf(element)}: see below]`
}

function isText(element: JsonObject): element is { text: string } {
  return typeof element.text === 'string'
}

function memberOf(element: JsonObject): string {
  return Object.keys(element)[0]!
}

/** An empty result is refused as a blank text is. */
const NO_OUTPUT = '(no output)'

/** A call whose result never came. */
export function missingResult(call: ToolCallBlock, context: ContentContext): JsonObject {
  const text = 'The tool call was interrupted: it has no result.'
  const block: ToolResultBlock = {
    type: 'tool-result',
    callId: call.id,
    content: [{ type: 'text', text }],
    isError: true,
  }
  return encodeResult(block, call.name, context).result
}
