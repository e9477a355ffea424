import { GatewayError } from '../../message/error.ts'
import type {
  Block,
  DocumentBlock,
  ImageBlock,
  JsonObject,
  SearchResultBlock,
  Source,
  ToolResultBlock,
} from '../../message/request.ts'
import { opaqueText } from '../shared/opaque-text.ts'
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
    if ('cache' in block && block.cache !== undefined)
      this.#warnings.add('dropped', 'cache_control', 'the upstream caches by itself')
    switch (block.type) {
      case 'text':
        if (block.citations !== undefined)
          this.#warnings.add('dropped', 'messages[].content[].citations', 'text has no citations here')
        return texts(block.text)
      case 'image':
        return [this.#image(block)]
      case 'document':
        return this.#document(block)
      case 'search-result':
        return texts(searchResultText(block))
      case 'tool-reference':
        return texts(`Tool loaded: ${block.name}`)
      case 'opaque': {
        const text = opaqueText(block)
        const field = `messages[].content[].${block.kind}`
        if (text === undefined) this.#warnings.add('dropped', field, 'only its own provider knows it')
        else this.#warnings.add('changed', field, 'sent as text')
        return texts(text ?? '')
      }
      default:
        return []
    }
  }

  /** A tool's result as `output`: a string where that says it all, because not every server takes lists. */
  output(block: ToolResultBlock): string | JsonObject[] {
    const parts = block.content.flatMap((inner) => this.parts(inner))
    const said = parts.map(({ text }) => text)
    if (said.every((text) => typeof text === 'string')) {
      const text = said.join('\n')
      return block.isError ? `[tool error] ${text}`.trimEnd() : text
    }
    return block.isError ? [...texts('[tool error]'), ...parts] : parts
  }

  #image({ source }: ImageBlock): JsonObject {
    if (!this.#options.images) return this.#leftOut('image', 'this model takes no images')
    if (source.kind === 'base64') return image(`data:${source.mediaType};base64,${source.data}`)
    if (source.kind !== 'url')
      return { type: 'input_image', file_id: ownFile('image', source), detail: 'auto' }
    if (this.#options.imageUrls) return image(source.url)
    return this.#leftOut('image', `the upstream takes no image by its address: ${source.url}`)
  }

  #document(block: DocumentBlock): JsonObject[] {
    const { source } = block
    if (block.citations === true)
      this.#warnings.add(
        'dropped',
        'messages[].content[].document.citations',
        'answers cannot cite documents here',
      )
    const title = block.title === undefined ? '' : `Document: ${block.title}`
    const heading = [title, block.context ?? ''].filter((line) => line !== '')
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
    const filename = title ?? `document.${source.mediaType.split('/').at(-1) ?? 'bin'}`
    return { type: 'input_file', filename, file_data: `data:${source.mediaType};base64,${source.data}` }
  }

  #leftOut(name: string, why: string): JsonObject {
    this.#warnings.add('dropped', `messages[].content[].${name}`, why)
    return { type: 'input_text', text: `[The ${name} was left out: ${why}]` }
  }
}

/** Empty text is no part: the API refuses it. */
function texts(text: string): JsonObject[] {
  return text === '' ? [] : [{ type: 'input_text', text }]
}

function image(url: string): JsonObject {
  return { type: 'input_image', image_url: url, detail: 'auto' }
}

function searchResultText(block: SearchResultBlock): string {
  return [block.title, `Source: ${block.source}`, ...block.content.map(({ text }) => text)].join('\n')
}

/** OpenAI's files are `file-…`. One that lies elsewhere cannot be shown; leaving it out would make the model guess. */
function ownFile(what: string, source: Source): string {
  const id = source.kind === 'file' ? source.id : ''
  if (id.startsWith('file-')) return id
  const field = `messages[].content[].${what}.source`
  throw new GatewayError(
    'unsupported',
    `${field}: the file ${id} was uploaded to another provider; send its bytes as base64.`,
    { field },
  )
}
