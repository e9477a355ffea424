import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import {
  compact,
  dropped,
  fieldsOf,
  json,
  leftOut,
  listOf,
  malformed,
  objectOf,
  textOf,
  unsupported,
} from '../body.ts'
import type { Body, Codec, EncodedRequest, UpstreamAnswer } from '../operation.ts'
import { onlySource, billedPieces } from './images.ts'
import type { ImageAnswer, ImageRequest } from './images.ts'

/**
 * Nova Canvas and Titan on Bedrock, which share their bodies. Billed by the image.
 * https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
 */
export const novaGeneration: Codec<ImageRequest, ImageAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: {
    encode: (request) =>
      encoded(request, 'TEXT_IMAGE', 'textToImageParams', {
        text: request.prompt,
        negativeText: request.negativePrompt,
      }),
    decode: decodeAnswer,
  },
  usage: { read: readAnswer },
}

/** With a mask the masked part is painted anew; without one the prompt guides a variation of the image. */
export const novaEdit: Codec<ImageRequest, ImageAnswer> = {
  provider: {
    encode(request) {
      if (request.mask === undefined) return variation(request)
      return encoded(request, 'INPAINTING', 'inPaintingParams', {
        image: onlySource(request).data,
        maskImage: request.mask.data,
        text: request.prompt,
        negativeText: request.negativePrompt,
      })
    },
    decode: decodeAnswer,
  },
  usage: { read: readAnswer },
}

export const novaVariation: Codec<ImageRequest, ImageAnswer> = {
  provider: { encode: variation, decode: decodeAnswer },
  usage: { read: readAnswer },
}

function variation(request: ImageRequest): EncodedRequest {
  return encoded(request, 'IMAGE_VARIATION', 'imageVariationParams', {
    images: request.sources.map(({ data }) => data),
    text: request.prompt === '' ? undefined : request.prompt,
    negativeText: request.negativePrompt,
  })
}

function encoded(
  request: ImageRequest,
  taskType: string,
  name: string,
  parameters: Record<string, unknown>,
): EncodedRequest {
  const { count, size, quality, seed } = request
  const imageGenerationConfig = compact({
    numberOfImages: count,
    width: size?.width,
    height: size?.height,
    quality: quality === undefined ? undefined : isPremium(quality) ? 'premium' : 'standard',
    seed,
  })
  const warnings = request.style === undefined ? [] : [dropped('style')]
  return { body: json({ taskType, [name]: compact(parameters), imageGenerationConfig }), warnings }
}

function isPremium(quality: string): boolean {
  return quality === 'hd' || quality === 'high' || quality === 'premium'
}

function decodeAnswer(answer: UpstreamAnswer, request: ImageRequest): ImageAnswer {
  const body = objectOf(answer)
  const images = listOf(body.images).flatMap((data) => (typeof data === 'string' ? [{ data }] : []))
  // What the filter refused is told beside the images that it let through.
  const reason = textOf(body.error)
  if (images.length === 0 && reason !== undefined)
    throw new GatewayError('invalid_request', reason, { field: 'prompt' })
  if (images.length === 0) throw malformed('has no images')
  return { images, usage: billedPieces(images.length, request) }
}

function readAnswer(answer: UpstreamAnswer): { images?: number } {
  const images = listOf(objectOf(answer).images).length
  return images === 0 ? {} : { images }
}

const KNOWN = new Set(['taskType', 'textToImageParams', 'imageGenerationConfig'])

function decode(body: Body) {
  const fields = fieldsOf(body)
  const task = fields.string('taskType')
  if (task !== 'TEXT_IMAGE') throw unsupported('taskType', 'other providers are asked for TEXT_IMAGE only.')
  const parameters = fields.required('textToImageParams', fields.object('textToImageParams'))
  const settings = fields.object('imageGenerationConfig')
  const width = settings?.number('width')
  const height = settings?.number('height')
  const request: ImageRequest = {
    prompt: parameters.required('text', parameters.string('text')),
    sources: [],
    ...compact({
      negativePrompt: parameters.string('negativeText'),
      count: settings?.number('numberOfImages'),
      size: width === undefined || height === undefined ? undefined : { width, height },
      quality: settings?.string('quality'),
      seed: settings?.number('seed'),
    }),
    wantsUrl: false,
  }
  return { request, stream: false, warnings: leftOut(fields.raw, KNOWN) }
}

function encodeAnswer({ images }: ImageAnswer): Body {
  const body: JsonObject = { images: images.map(({ data }) => data) }
  return json(body)
}
