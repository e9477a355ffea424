import { gather } from '../../lib/append.ts'
import type {
  Block,
  DocumentBlock,
  ImageBlock,
  JsonObject,
  Source,
  ToolResultBlock,
} from '../../message/request.ts'
import { dataUrl, foreignFile, inlineFile } from '../shared/sources.ts'
import {
  documentHeading,
  dropMarks,
  leftOut,
  opaqueStandIn,
  searchResultText,
  toolErrorText,
} from '../shared/stand-ins.ts'
import type { Warnings } from '../shared/warnings.ts'

export interface ContentOptions {
  /** The model takes images. */
  images: boolean
  imageUrls: boolean
  fileParts: boolean
}

/** Blocks of a user's or system's message, and of results, as input parts, in their order. */
export class ContentEncoder {
  readonly #options: ContentOptions
  readonly #warnings: Warnings

  constructor(options: ContentOptions, warnings: Warnings) {
    this.#options = options
    this.#warnings = warnings
  }

  parts(block: Block): JsonObject[] {
    dropMarks(block, this.#warnings)
    switch (block.type) {
      case 'text':
        return texts(block.text)
      case 'image':
        return [this.#image(block)]
      case 'document':
        return this.#document(block)
      case 'search-result':
        return texts(searchResultText(block))
      case 'tool-reference':
        return texts(`Tool loaded: ${block.name}`)
      case 'opaque':
        return texts(opaqueStandIn(block, this.#warnings))
      default:
        return []
    }
  }

  /** A tool's result as `output`: a string where that says it all, because not every server takes lists. */
  output(block: ToolResultBlock): string | JsonObject[] {
    const parts = gather(block.content, (inner) => this.parts(inner))
    if (parts.every(isText)) return toolErrorText(block, parts.map(({ text }) => text).join('\n'))
    return [...texts(toolErrorText(block, '')), ...parts]
  }

  #image({ source }: ImageBlock): JsonObject {
    if (!this.#options.images) return this.#leftOut('image', 'this model takes no images')
    if (source.kind === 'base64') return image(dataUrl(source))
    if (source.kind !== 'url')
      return { type: 'input_image', file_id: ownFile('image', source), detail: 'auto' }
    if (this.#options.imageUrls) return image(source.url)
    return this.#leftOut('image', `the upstream takes no image by its address: ${source.url}`)
  }

  #document(block: DocumentBlock): JsonObject[] {
    const { source } = block
    const heading = documentHeading(block)
    switch (source.kind) {
      case 'text':
        return texts([...heading, source.text].join('\n'))
      case 'blocks':
        return [...heading.flatMap(texts), ...source.blocks.flatMap((inner) => this.parts(inner))]
      default:
        return [...texts(block.context ?? ''), this.#file(source, block.title)]
    }
  }

  #file(source: Exclude<Source, { kind: 'text' | 'blocks' }>, title: string | undefined): JsonObject {
    if (source.kind === 'file') return { type: 'input_file', file_id: ownFile('document', source) }
    if (!this.#options.fileParts) return this.#leftOut('document', 'the upstream takes no files')
    if (source.kind === 'url') return { type: 'input_file', file_url: source.url }
    return { type: 'input_file', ...inlineFile(source, title) }
  }

  #leftOut(name: string, why: string): JsonObject {
    return { type: 'input_text', text: leftOut(name, why, this.#warnings) }
  }
}

export function isText({ type }: JsonObject): boolean {
  return type === 'input_text'
}

/** Empty text is no part: the API refuses it. */
function texts(text: string): JsonObject[] {
  return text === '' ? [] : [{ type: 'input_text', text }]
}

function image(url: string): JsonObject {
  return { type: 'input_image', image_url: url, detail: 'auto' }
}

/** OpenAI's files are `file-…`. */
function ownFile(what: 'image' | 'document', source: Source): string {
  if (source.kind === 'file' && source.id.startsWith('file-')) return source.id
  throw foreignFile(what, source)
}
