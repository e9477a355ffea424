import { textToBase64 } from '../../lib/base64.ts'
import type { Block, DocumentBlock, JsonObject, Source } from '../../message/request.ts'
import type { ConverseTraits } from '../../models/converse.ts'
import { foreignFile } from '../shared/sources.ts'
import { documentHeading, leftOut } from '../shared/stand-ins.ts'
import { DistinctIds } from '../shared/distinct-ids.ts'
import type { Warnings } from '../shared/warnings.ts'
import { documentFormat, imageFormat } from './wire.ts'

export interface MediaContext {
  traits: ConverseTraits
  /** The model takes images. */
  images: boolean
  documents: DocumentNames
  warnings: Warnings
}

/**
 * Names as the API takes them: letters, digits, single spaces, `-()[]`, and none twice in a request. The same titles
 * give the same names, so that a conversation that is sent again keeps its bytes.
 */
export class DocumentNames {
  readonly #names = new DistinctIds((base, count) => `${base} (${count})`)

  next(title: string | undefined): string {
    const clean = (title ?? '')
      .replace(/[^A-Za-z0-9()[\]-]+/g, ' ')
      .trim()
      .slice(0, NAME_LENGTH_MAX)
    return this.#names.next(clean === '' ? 'document' : clean)
  }
}

/** The API allows 200 characters; a number may come behind. */
const NAME_LENGTH_MAX = 180

// ==== Images

export function encodeImage(source: Source, context: MediaContext): JsonObject {
  if (!context.images) return omitted('image', 'this model takes no images', context)
  const place = s3Place(source)
  const format = imageFormat(mediaTypeOf(source))
  if (place !== undefined) return { image: { format: format ?? 'png', source: place } }
  if (source.kind === 'url')
    return omitted('image', `the upstream takes no image by its address: ${source.url}`, context)
  if (source.kind !== 'base64') throw foreignFile('image', source)
  if (format === undefined)
    return omitted('image', `the upstream takes no images of type ${source.mediaType}`, context)
  return { image: { format, source: { bytes: source.data } } }
}

// ==== Documents

export function encodeDocument(block: DocumentBlock, context: MediaContext): JsonObject[] {
  const { source } = block
  const plain = plainText(source)
  if (plain !== undefined) {
    // Only some models take documents that are text; all of them read text.
    if (!context.traits.richResults)
      return [{ text: [...documentHeading(block), plain].filter((line) => line !== '').join('\n') }]
    return [document(block, 'txt', { bytes: textToBase64(plain) }, context), ...imagesOf(source, context)]
  }
  const format = documentFormat(mediaTypeOf(source))
  const place = s3Place(source)
  if (place !== undefined) return [document(block, format ?? 'pdf', place, context)]
  if (source.kind === 'url')
    return [omitted('document', `the upstream takes no document by its address: ${source.url}`, context)]
  if (source.kind !== 'base64') throw foreignFile('document', source)
  if (format === undefined)
    return [omitted('document', `the upstream takes no documents of type ${source.mediaType}`, context)]
  return [document(block, format, { bytes: source.data }, context)]
}

function document(
  { title, context: about, citations }: DocumentBlock,
  format: string,
  source: JsonObject,
  { traits, documents, warnings }: MediaContext,
): JsonObject {
  if (citations === true && !traits.isClaude)
    warnings.add('dropped', 'messages[].content[].document.citations', 'this model does not cite')
  return {
    document: {
      format,
      name: documents.next(title),
      source,
      ...(about !== undefined && traits.isClaude && { context: about }),
      ...(citations !== undefined && traits.isClaude && { citations: { enabled: citations } }),
    },
  }
}

/** The words of a document that is made of them; undefined for one that is bytes. */
function plainText(source: Source): string | undefined {
  if (source.kind === 'text') return source.text
  if (source.kind !== 'blocks') return undefined
  return source.blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
}

function imagesOf(source: Source, context: MediaContext): JsonObject[] {
  const blocks: readonly Block[] = source.kind === 'blocks' ? source.blocks : []
  return blocks.flatMap((block) => (block.type === 'image' ? [encodeImage(block.source, context)] : []))
}

// ==== Sources

function mediaTypeOf(source: Source): string {
  if (source.kind === 'base64') return source.mediaType
  const name = source.kind === 'url' ? source.url : source.kind === 'file' ? source.id : ''
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return source.kind === 'url' && source.mediaType !== undefined
    ? source.mediaType
    : (TYPES.get(ending) ?? ending)
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['pdf', 'application/pdf'],
  ['txt', 'text/plain'],
  ['md', 'text/markdown'],
])

function s3Place(source: Source): JsonObject | undefined {
  const uri = source.kind === 'url' ? source.url : source.kind === 'file' ? source.id : ''
  return uri.startsWith('s3://') ? { s3Location: { uri } } : undefined
}

function omitted(name: string, why: string, { warnings }: MediaContext): JsonObject {
  return { text: leftOut(name, why, warnings) }
}
