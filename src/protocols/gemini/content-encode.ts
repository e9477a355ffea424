import { gather } from '../../lib/append.ts'
import type {
  Block,
  DocumentBlock,
  ImageBlock,
  JsonObject,
  Source,
  ToolResultBlock,
} from '../../message/request.ts'
import { foreignFile } from '../shared/sources.ts'
import { documentHeading, dropMarks, leftOut, opaqueStandIn, searchResultText } from '../shared/stand-ins.ts'
import type { Warnings } from '../shared/warnings.ts'
import { PROTOCOL } from './wire.ts'

export interface ContentOptions {
  /** Google fetches files by their addresses. */
  urls: boolean
  /** Results may hold images and documents (since Gemini 3). */
  mediaInResults: boolean
}

/** "Unsupported MIME type": of the images that agents send, Gemini cannot read these. */
const UNREADABLE_IMAGES = ['image/gif', 'image/svg+xml', 'image/bmp', 'image/tiff']

/** What a result may hold, by its form in the request. */
const MEDIA_IN_RESULTS = /^(?:image\/(?:png|jpeg|webp)|application\/pdf|text\/plain)$/

/** The blocks of a message as parts, in their order. */
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
        return text(block.text)
      case 'image':
        return [this.#image(block)]
      case 'document':
        return this.#document(block)
      case 'search-result':
        return text(searchResultText(block))
      case 'tool-reference':
        return text(`Tool loaded: ${block.name}`)
      case 'opaque':
        return this.#opaque(block)
      default:
        return []
    }
  }

  /**
   * A tool's result: what answers the call, and what has to follow it as parts of the same turn, where the model
   * takes only text in results. Without the marks it could not tell which call an image belongs to.
   */
  result(
    block: ToolResultBlock,
    toolName: string,
  ): { response: JsonObject; parts: JsonObject[]; after: JsonObject[] } {
    const parts: JsonObject[] = []
    const after: JsonObject[] = []
    const texts = gather(block.content, (inner) => this.parts(inner)).map((part) => {
      if (typeof part.text === 'string') return part.text
      if (this.#options.mediaInResults && isMediaInResults(part)) parts.push(part)
      else after.push({ text: `[File returned by ${toolName} (call ${block.callId})]` }, part)
      return after.length > 0 ? '[File: see below]' : ''
    })
    if (after.length > 0)
      this.#warnings.add(
        'changed',
        'messages[].content[].tool_result.content',
        'images and files follow behind the results',
      )
    const said = texts.length === 1 ? texts[0] : texts.filter((one) => one !== '').join('\n')
    return { response: block.isError ? { error: said } : { output: said }, parts, after }
  }

  #image({ source }: ImageBlock): JsonObject {
    if (source.kind === 'base64') {
      return UNREADABLE_IMAGES.includes(source.mediaType)
        ? this.#leftOut('image', `the model reads no ${source.mediaType}`)
        : { inlineData: { mimeType: source.mediaType, data: source.data } }
    }
    return this.#byAddress(source, 'image')
  }

  #document(block: DocumentBlock): JsonObject[] {
    const { source } = block
    const heading = documentHeading(block)
    switch (source.kind) {
      case 'text':
        return text([...heading, source.text].join('\n'))
      case 'blocks':
        return [...heading.flatMap(text), ...source.blocks.flatMap((inner) => this.parts(inner))]
      case 'base64':
        return [...heading.flatMap(text), { inlineData: { mimeType: source.mediaType, data: source.data } }]
      default:
        return [...heading.flatMap(text), this.#byAddress(source, 'document')]
    }
  }

  #byAddress(source: Source, what: 'image' | 'document'): JsonObject {
    if (source.kind === 'file') {
      if (isGoogleFile(source.id)) return { fileData: { fileUri: source.id } }
      throw foreignFile(what, source)
    }
    const { url, mediaType } = source as Extract<Source, { kind: 'url' }>
    if (!this.#options.urls && !isGoogleFile(url))
      return this.#leftOut(what, `the upstream takes no ${what} by its address: ${url}`)
    return { fileData: { fileUri: url, mimeType: mediaType ?? guessType(url, what) } }
  }

  #opaque(block: Extract<Block, { type: 'opaque' }>): JsonObject[] {
    if (block.protocol === PROTOCOL && block.kind === 'inlineData') return [block.raw]
    return text(opaqueStandIn(block, this.#warnings))
  }

  #leftOut(name: string, why: string): JsonObject {
    return { text: leftOut(name, why, this.#warnings) }
  }
}

function text(said: string): JsonObject[] {
  return said === '' ? [] : [{ text: said }]
}

function isMediaInResults({ inlineData }: JsonObject): boolean {
  return MEDIA_IN_RESULTS.test(String((inlineData as JsonObject | undefined)?.mimeType))
}

function isGoogleFile(address: string): boolean {
  return /^(?:gs:\/\/|https:\/\/generativelanguage\.googleapis\.com\/)/.test(address)
}

const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/plain',
  html: 'text/html',
  csv: 'text/csv',
}

/** Vertex wants to know before it fetches. */
function guessType(url: string, what: 'image' | 'document'): string {
  const extension = /\.([a-z0-9]+)(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? ''
  const fallback = what === 'image' ? 'image/jpeg' : 'application/pdf'
  return Object.hasOwn(TYPES, extension) ? TYPES[extension]! : fallback
}
