import { gather } from '../../lib/append.ts'
import { base64ToText } from '../../lib/base64.ts'
import type { Block, JsonObject, Source } from '../../message/request.ts'
import { stringifyJson } from '../shared/json.ts'
import type { Fields } from '../shared/openai-fields.ts'
import type { Warnings } from '../shared/warnings.ts'
import { PROTOCOL, TEXT_FORMATS, documentType, kindOf, thinkingBlock } from './wire.ts'

/** A block of a message or of a tool's result; none where it says nothing. */
export function decodeBlock(block: Fields, warnings: Warnings): Block[] {
  const kind = kindOf(block.raw)
  switch (kind) {
    case 'text':
      return text(block.required('text', block.string('text')))
    case 'json':
      return text(stringifyJson(block.raw.json))
    case 'image':
      return [decodeImage(block.object('image')!)]
    case 'document':
      return [decodeDocument(block.object('document')!)]
    case 'searchResult':
      return [decodeSearchResult(block.object('searchResult')!)]
    case 'toolUse':
      return [decodeToolUse(block.object('toolUse')!)]
    case 'toolResult':
      return [decodeToolResult(block.object('toolResult')!, warnings)]
    case 'reasoningContent':
      return [decodeReasoning(block.object('reasoningContent')!)]
    case 'guardContent':
      warnings.add(
        'changed',
        'messages[].content[].guardContent',
        'goes as what it holds, without a guardrail',
      )
      return decodeGuardContent(block.object('guardContent')!, warnings)
    case 'citationsContent':
      warnings.add('dropped', 'messages[].content[].citationsContent.citations', 'the text goes without them')
      return decodeTexts(block.object('citationsContent')!.objects('content') ?? [])
    default:
      return [opaque(kind, block.raw)]
  }
}

function opaque(kind: string, raw: JsonObject): Block {
  return { type: 'opaque', protocol: PROTOCOL, kind, raw }
}

function text(words: string): Block[] {
  return words === '' ? [] : [{ type: 'text', text: words }]
}

function decodeTexts(parts: readonly Fields[]): Block[] {
  return parts.flatMap((part) => text(part.string('text') ?? ''))
}

/** A guarded image has the form of an ordinary one, a guarded text is one level deeper. */
function decodeGuardContent(guard: Fields, warnings: Warnings): Block[] {
  const inner = guard.object('text')
  return inner === undefined ? decodeBlock(guard, warnings) : text(inner.string('text') ?? '')
}

// ==== Media

function decodeImage(image: Fields): Block {
  const format = image.required('format', image.string('format'))
  return { type: 'image', source: decodeSource(image, `image/${format}`) }
}

function decodeDocument(document: Fields): Block {
  const format = document.string('format') ?? 'txt'
  const title = document.string('name')
  const context = document.string('context')
  const citations = document.object('citations')?.boolean('enabled')
  return {
    type: 'document',
    source: decodeDocumentSource(document, format),
    ...(title !== undefined && { title }),
    ...(context !== undefined && { context }),
    ...(citations !== undefined && { citations }),
  }
}

function decodeDocumentSource(document: Fields, format: string): Source {
  const source = document.required('source', document.object('source'))
  const words = source.string('text')
  if (words !== undefined) return { kind: 'text', text: words }
  const parts = source.objects('content')
  if (parts !== undefined) return { kind: 'blocks', blocks: decodeTexts(parts) }
  const bytes = source.string('bytes')
  const plain = bytes === undefined || !TEXT_FORMATS.has(format) ? undefined : base64ToText(bytes)
  return plain === undefined ? decodeSource(document, documentType(format)) : { kind: 'text', text: plain }
}

/** Bytes in base64, or a place in S3, where no other provider can look. */
function decodeSource(holder: Fields, mediaType: string): Source {
  const source = holder.required('source', holder.object('source'))
  const place = source.object('s3Location')
  if (place !== undefined) return { kind: 'file', id: place.required('uri', place.string('uri')) }
  return { kind: 'base64', mediaType, data: source.required('bytes', source.string('bytes')) }
}

function decodeSearchResult(result: Fields): Block {
  const content = result.required('content', result.objects('content'))
  return {
    type: 'search-result',
    source: result.required('source', result.string('source')),
    title: result.required('title', result.string('title')),
    content: decodeTexts(content).filter((block) => block.type === 'text'),
  }
}

// ==== Tools and thinking

function decodeToolUse(call: Fields): Block {
  if (call.has('type')) return opaque('toolUse', { toolUse: call.raw })
  const { input } = call.raw
  return {
    type: 'tool-call',
    id: call.required('toolUseId', call.string('toolUseId')),
    name: call.required('name', call.string('name')),
    arguments: input === undefined || input === null || input === '' ? '{}' : stringifyJson(input),
  }
}

function decodeToolResult(result: Fields, warnings: Warnings): Block {
  if (result.has('type')) return opaque('toolResult', { toolResult: result.raw })
  return {
    type: 'tool-result',
    callId: result.required('toolUseId', result.string('toolUseId')),
    content: gather(result.objects('content') ?? [], (inner) => decodeInner(inner, warnings)),
    isError: result.string('status') === 'error',
  }
}

/** Not looked into inside a result, so that nesting has an end. */
const NESTED = new Set(['toolResult', 'toolUse', 'reasoningContent', 'guardContent'])

function decodeInner(block: Fields, warnings: Warnings): Block[] {
  const kind = kindOf(block.raw)
  return NESTED.has(kind) ? [opaque(kind, block.raw)] : decodeBlock(block, warnings)
}

function decodeReasoning(reasoning: Fields): Block {
  const redacted = reasoning.string('redactedContent')
  if (redacted !== undefined) return { type: 'redacted-thinking', data: redacted }
  const said = reasoning.required('reasoningText', reasoning.object('reasoningText'))
  return thinkingBlock(said.string('text') ?? '', said.string('signature') ?? '')
}
