import { encodeBase64 } from '../../lib/base64.ts'
import type { Usage } from '../../message/usage.ts'
import { unsupported } from '../body.ts'
import type { File } from '../body.ts'

/** Images from a prompt, from other images, or from both. */
export interface ImageRequest {
  /** Empty for a variation. */
  readonly prompt: string
  /** What is edited or varied; empty for a generation. */
  readonly sources: readonly SourceImage[]
  /** Where it is transparent, the image is edited. */
  readonly mask?: SourceImage
  readonly count?: number
  readonly size?: ImageSize
  /** `16:9`; beside or instead of a size. */
  readonly aspectRatio?: string
  /** The words of OpenAI's API: `high`, `hd` … */
  readonly quality?: string
  readonly style?: string
  readonly background?: string
  readonly outputFormat?: string
  /** 0 to 100. */
  readonly compression?: number
  readonly moderation?: string
  readonly negativePrompt?: string
  readonly seed?: number
  readonly steps?: number
  /** Sketches to be streamed before the image. */
  readonly partialImages?: number
  readonly inputFidelity?: string
  /** An address is wanted, not the image itself. */
  readonly wantsUrl: boolean
  readonly user?: string
}

export interface SourceImage {
  readonly mediaType: string
  /** Base64. */
  readonly data: string
}

export interface ImageSize {
  readonly width: number
  readonly height: number
}

export interface ImageAnswer {
  readonly images: readonly MadeImage[]
  readonly usage: Partial<Usage>
}

/** Its bytes, or where they are. */
export interface MadeImage {
  /** Base64. */
  readonly data?: string
  readonly url?: string
  readonly mediaType?: string
  readonly revisedPrompt?: string
}

/** `1024x1536`; undefined for `auto` and other words. */
export function parseSize(text: string | undefined): ImageSize | undefined {
  const match = /^(\d{2,5})x(\d{2,5})$/.exec(text ?? '')
  return match === null ? undefined : { width: Number(match[1]), height: Number(match[2]) }
}

export function writeSize({ width, height }: ImageSize): string {
  return `${width}x${height}`
}

export function sourceOf({ type, bytes }: File): SourceImage {
  return { mediaType: type.startsWith('image/') ? type : 'image/png', data: encodeBase64(bytes) }
}

/** The one of these ratios that is nearest to what was asked for; undefined when nothing was. */
export function ratioOf(request: ImageRequest, supported: readonly string[]): string | undefined {
  const { aspectRatio, size } = request
  if (aspectRatio !== undefined && supported.includes(aspectRatio)) return aspectRatio
  const wanted = aspectRatio === undefined ? size && size.width / size.height : quotient(aspectRatio)
  if (wanted === undefined || !Number.isFinite(wanted) || wanted <= 0) return undefined
  const distance = (ratio: string) => Math.abs(Math.log(quotient(ratio) / wanted))
  return supported.toSorted((one, other) => distance(one) - distance(other))[0]
}

function quotient(ratio: string): number {
  const [width = Number.NaN, height = Number.NaN] = ratio.split(':').map(Number)
  return width / height
}

/** Image by image, where a request has one at most. Throws `unsupported`. */
export function onlySource(request: ImageRequest): SourceImage {
  const [only, ...others] = request.sources
  if (only !== undefined && others.length === 0) return only
  throw unsupported('image', `this model takes one image per request, not ${request.sources.length}.`)
}

/**
 * What is billed by the piece: images, unless tokens are told. Size and quality have their own prices where OpenAI's
 * older models are paid by the image.
 */
export function billedPieces(images: number, request?: ImageRequest): Partial<Usage> {
  const service = request === undefined ? undefined : imageService(request)
  return { images, ...(service === undefined ? {} : { service: { image: service } }) }
}

export function imageService({ size, quality }: Pick<ImageRequest, 'size' | 'quality'>): string | undefined {
  const words = [size === undefined ? undefined : writeSize(size), quality === 'auto' ? undefined : quality]
  const known = words.filter((word) => word !== undefined)
  return known.length === 0 ? undefined : known.join('/')
}
