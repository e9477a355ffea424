import { GatewayError } from '../../message/error.ts'
import { compact, dropped, json, listOf, malformed, objectOf, textOf, unsupported } from '../body.ts'
import type { Codec, UpstreamAnswer } from '../operation.ts'
import { onlySource, billedPieces, ratioOf } from './images.ts'
import type { ImageAnswer, ImageRequest } from './images.ts'

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-stability-diffusion.html. One image each. */
export const stabilityGeneration: Codec<ImageRequest, ImageAnswer> = {
  provider: {
    encode: (request) => encoded(request, { aspect_ratio: ratioOf(request, RATIOS) }),
    decode: decodeAnswer,
  },
  usage: { read: readAnswer },
}

/** The services that paint a part of an image anew. */
export const stabilityEdit: Codec<ImageRequest, ImageAnswer> = {
  provider: {
    encode: (request) => encoded(request, { image: onlySource(request).data, mask: request.mask?.data }),
    decode: decodeAnswer,
  },
  usage: { read: readAnswer },
}

const RATIOS = ['1:1', '2:3', '3:2', '4:5', '5:4', '9:16', '16:9', '9:21', '21:9']

function encoded(request: ImageRequest, own: Record<string, unknown>) {
  const { prompt, negativePrompt, seed, outputFormat, count = 1, quality } = request
  if (count !== 1) throw unsupported('n', `this model makes one image per request, not ${count}.`)
  const body = compact({ prompt, negative_prompt: negativePrompt, seed, output_format: outputFormat, ...own })
  return { body: json(body), warnings: quality === undefined ? [] : [dropped('quality')] }
}

function decodeAnswer(answer: UpstreamAnswer, request: ImageRequest): ImageAnswer {
  const body = objectOf(answer)
  const images = listOf(body.images).flatMap((data) =>
    typeof data === 'string' && data !== '' ? [{ data }] : [],
  )
  const reason = listOf(body.finish_reasons)
    .map(textOf)
    .find((each) => each !== undefined)
  if (images.length === 0 && reason !== undefined)
    throw new GatewayError('invalid_request', `The provider made no image: ${reason}`, { field: 'prompt' })
  if (images.length === 0) throw malformed('has no images')
  return { images, usage: billedPieces(images.length, request) }
}

function readAnswer(answer: UpstreamAnswer): { images?: number } {
  const images = listOf(objectOf(answer).images).length
  return images === 0 ? {} : { images }
}
