import { gather } from '../../lib/append.ts'
import type {
  Block,
  CacheMark,
  DocumentBlock,
  ImageBlock,
  JsonObject,
  Source,
  ToolResultBlock,
} from '../../message/request.ts'
import { dataUrl, foreignFile, inlineFile } from './sources.ts'
import {
  documentHeading,
  dropCitations,
  leftOut,
  opaqueStandIn,
  searchResultText,
  toolErrorText,
} from './stand-ins.ts'
import type { Warnings } from './warnings.ts'

/** A part of a message's content: text with the cache mark that stood on it, or something else as it goes out. */
export type Part = TextPart | { other: JsonObject; name: string }

interface TextPart {
  text: string
  cache?: CacheMark
}

export interface ContentOptions {
  /** The model takes images. */
  images: boolean
  imageUrls: boolean
  fileParts: boolean
  cacheControl: boolean
  textParts: boolean
}

/** The blocks of a user's or system's message as parts, in their order. */
export class ContentEncoder {
  readonly #options: ContentOptions
  readonly #warnings: Warnings

  constructor(options: ContentOptions, warnings: Warnings) {
    this.#options = options
    this.#warnings = warnings
  }

  parts(block: Block): Part[] {
    dropCitations(block, this.#warnings)
    switch (block.type) {
      case 'text':
        return block.text === '' ? [] : [textPart(block.text, block.cache)]
      case 'image':
        return [this.#image(block)]
      case 'document':
        return this.#document(block)
      case 'search-result':
        return [textPart(searchResultText(block), block.cache)]
      case 'tool-reference':
        return [{ text: `Tool loaded: ${block.name}` }]
      case 'opaque': {
        const text = opaqueStandIn(block, this.#warnings)
        return text === '' ? [] : [{ text }]
      }
      default:
        return []
    }
  }

  /**
   * A tool's result: the text for its `tool` message, which takes nothing else, and what has to follow in a user
   * message. Without the marks the model could not tell which call an image belongs to.
   */
  result(block: ToolResultBlock, toolName: string): { text: string; attachments: Part[] } {
    const parts = gather(block.content, (inner) => this.parts(inner))
    const attachments: Part[] = []
    for (const part of parts) {
      if ('text' in part) continue
      attachments.push({ text: `[${part.name} returned by ${toolName} (call ${block.callId})]` }, part)
    }
    if (attachments.length > 0)
      this.#warnings.add(
        'changed',
        'messages[].content[].tool_result.content',
        'images and files follow in a user message',
      )
    return { text: toolErrorText(block, parts.map(textInResult).join('\n')), attachments }
  }

  /** Parts as `content`: a string where that says it all, because not every server takes lists. */
  content(parts: readonly Part[]): unknown {
    const { cacheControl, textParts } = this.#options
    const [only] = parts
    if (parts.length === 1 && only !== undefined && 'text' in only && only.cache === undefined)
      return only.text
    const marked = parts.some((part) => 'text' in part && part.cache !== undefined)
    if (marked && !cacheControl)
      this.#warnings.add('dropped', 'cache_control', 'the upstream caches by itself')
    const texts = parts.map((part) => ('text' in part ? part.text : undefined))
    const isText = !texts.includes(undefined)
    if (isText && !(marked && cacheControl) && (parts.length === 1 || !textParts)) return texts.join('\n\n')
    return parts.map((part) => ('text' in part ? this.#encodeText(part) : part.other))
  }

  #encodeText({ text, cache }: TextPart): JsonObject {
    if (cache === undefined || !this.#options.cacheControl) return { type: 'text', text }
    return { type: 'text', text, cache_control: { type: 'ephemeral', ...cache } }
  }

  #image({ source }: ImageBlock): Part {
    if (!this.#options.images) return this.#leftOut('image', 'this model takes no images')
    if (source.kind === 'base64') return image(dataUrl(source))
    if (source.kind !== 'url') throw foreignFile('image', source)
    if (this.#options.imageUrls) return image(source.url)
    return this.#leftOut('image', `the upstream takes no image by its address: ${source.url}`)
  }

  #document(block: DocumentBlock): Part[] {
    const { source } = block
    const heading = documentHeading(block)
    switch (source.kind) {
      case 'text':
        return [textPart([...heading, source.text].join('\n'), block.cache)]
      case 'blocks':
        return [
          ...heading.map((text): Part => ({ text })),
          ...source.blocks.flatMap((inner) => this.parts(inner)),
        ]
      case 'base64':
        return [
          ...(block.context === undefined ? [] : [{ text: block.context }]),
          this.#file(source, block.title),
        ]
      case 'url':
        return [this.#leftOut('document', `the upstream takes no document by its address: ${source.url}`)]
      case 'file':
        throw foreignFile('document', source)
    }
  }

  #file(source: Extract<Source, { kind: 'base64' }>, title: string | undefined): Part {
    if (!this.#options.fileParts)
      return this.#leftOut('document', `the upstream takes no files (${source.mediaType})`)
    return { other: { type: 'file', file: inlineFile(source, title) }, name: 'document' }
  }

  #leftOut(name: string, why: string): Part {
    return { text: leftOut(name, why, this.#warnings) }
  }
}

/** Text with the mark that stood on it. */
export function textPart(text: string, cache: CacheMark | undefined): TextPart {
  return cache === undefined ? { text } : { text, cache }
}

function textInResult(part: Part): string {
  return 'text' in part ? part.text : `[${part.name}: see the user message below]`
}

function image(url: string): Part {
  return { other: { type: 'image_url', image_url: { url } }, name: 'image' }
}
