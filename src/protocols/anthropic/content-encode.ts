import { gather } from '../../lib/append.ts'
import { GatewayError } from '../../message/error.ts'
import type {
  Block,
  CacheMark,
  DocumentBlock,
  JsonObject,
  Source,
  TextBlock,
  ThinkingBlock,
  ToolResultBlock,
} from '../../message/request.ts'
import { isClaudeSignature } from '../shared/claude-signature.ts'
import { inputObject } from '../shared/call-input.ts'
import type { ToolNames } from '../shared/tool-names.ts'
import type { Warnings } from '../shared/warnings.ts'
import { usableCallId } from './call-ids.ts'
import { PROTOCOL } from './wire.ts'

export interface ContentContext {
  names: ToolNames
  warnings: Warnings
}

/** Blocks as the API takes them; what it would refuse (empty texts, foreign thinking) is left out. */
export function encodeContent(blocks: readonly Block[], context: ContentContext): JsonObject[] {
  return gather(blocks, (block) => encodeBlock(block, context))
}

function encodeBlock(block: Block, context: ContentContext): JsonObject[] {
  switch (block.type) {
    case 'text':
      return encodeText(block)
    case 'image':
      return [marked({ type: 'image', source: encodeSource(block.source, context) }, block)]
    case 'document':
      return [encodeDocument(block, context)]
    case 'search-result': {
      const { source, title } = block
      const content = encodeContent(block.content, context)
      return [marked({ type: 'search_result', source, title, content }, block)]
    }
    case 'thinking':
      return encodeThinking(block, context.warnings)
    case 'redacted-thinking':
      return [{ type: 'redacted_thinking', data: block.data }]
    case 'tool-call': {
      const id = usableCallId(block.id)
      const name = context.names.sent(block.name)
      return [marked({ type: 'tool_use', id, name, input: inputObject(block.arguments) }, block)]
    }
    case 'tool-result':
      return [encodeResult(block, context)]
    case 'tool-reference':
      return [{ type: 'tool_reference', tool_name: context.names.sent(block.name) }]
    case 'opaque':
      if (block.protocol === PROTOCOL) return [block.raw]
      context.warnings.add('dropped', `messages[].content[].${block.kind}`, 'only its own protocol knows it')
      return []
  }
}

/** "text content blocks must contain non-whitespace text" */
function encodeText(block: TextBlock): JsonObject[] {
  if (block.text.trim() === '') return []
  const text: JsonObject = { type: 'text', text: block.text }
  if (block.citations !== undefined) text['citations'] = block.citations
  return [marked(text, block)]
}

function encodeResult(block: ToolResultBlock, context: ContentContext): JsonObject {
  const id = usableCallId(block.callId)
  const content = encodeContent(block.content, context)
  const result: JsonObject = { type: 'tool_result', tool_use_id: id, content }
  if (block.isError) result['is_error'] = true
  return marked(result, block)
}

function encodeDocument(block: DocumentBlock, context: ContentContext): JsonObject {
  const { title, context: about, citations } = block
  const document = {
    type: 'document',
    source: encodeSource(block.source, context),
    ...(title !== undefined && { title }),
    ...(about !== undefined && { context: about }),
    ...(citations !== undefined && { citations: { enabled: citations } }),
  }
  return marked(document, block)
}

function encodeThinking({ text: thinking, signature }: ThinkingBlock, warnings: Warnings): JsonObject[] {
  if (isClaudeSignature(signature)) return [{ type: 'thinking', thinking, signature }]
  warnings.add('dropped', 'messages[].content[].thinking', 'it has no signature of Claude’s')
  return []
}

function encodeSource(source: Source, context: ContentContext): JsonObject {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: source.mediaType, data: source.data }
    case 'url':
      return { type: 'url', url: source.url }
    case 'text':
      return { type: 'text', media_type: 'text/plain', data: source.text }
    case 'blocks':
      return { type: 'content', content: encodeContent(source.blocks, context) }
    case 'file':
      if (source.id.startsWith('file_')) return { type: 'file', file_id: source.id }
      throw new GatewayError(
        'unsupported',
        `The file ${JSON.stringify(source.id)} lies at another provider: send its content instead.`,
        {
          field: 'messages',
        },
      )
  }
}

/** Sets the mark that stood on what was encoded. */
export function marked(wire: JsonObject, { cache }: { cache?: CacheMark }): JsonObject {
  if (cache !== undefined) wire['cache_control'] = { type: 'ephemeral', ...cache }
  return wire
}
