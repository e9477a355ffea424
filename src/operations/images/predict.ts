import { GatewayError } from '../../message/error.ts'
import { Fields } from '../../protocols/shared/openai-fields.ts'
import { compact, dropped, fieldsOf, json, leftOut, objectOf, objectsOf, textOf } from '../body.ts'
import type { Body, Codec } from '../operation.ts'
import { billedPieces, ratioOf } from './images.ts'
import type { ImageAnswer, ImageRequest, MadeImage } from './images.ts'

/** https://ai.google.dev/gemini-api/docs/imagen, also on Vertex. Billed by the image. */
export const predict: Codec<ImageRequest, ImageAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: {
    encode(request) {
      const { count, seed, negativePrompt, outputFormat, compression } = request
      const output = compact({
        mimeType: outputFormat && `image/${outputFormat}`,
        compressionQuality: compression,
      })
      const parameters = compact({
        sampleCount: count ?? 1,
        aspectRatio: ratioOf(request, RATIOS),
        // Larger ones have their own price: only a size that asks for one gets it.
        imageSize: Math.max(request.size?.width ?? 0, request.size?.height ?? 0) > 1536 ? '2K' : undefined,
        negativePrompt,
        ...(seed === undefined ? {} : { seed, addWatermark: false }),
        outputOptions: Object.keys(output).length === 0 ? undefined : output,
      })
      return {
        body: json({ instances: [{ prompt: request.prompt }], parameters }),
        warnings: request.quality === undefined ? [] : [dropped('quality')],
      }
    },
    decode(answer) {
      const { predictions } = objectOf(answer)
      const images = objectsOf(predictions).flatMap((each): MadeImage[] => {
        const data = textOf(each.bytesBase64Encoded)
        return data === undefined ? [] : [{ data, ...compact({ mediaType: textOf(each.mimeType) }) }]
      })
      // A prompt that the filter refuses is answered with status 200 and nothing in it, or only the reason.
      if (images.length === 0)
        throw refusal(objectsOf(predictions).map((each) => textOf(each.raiFilteredReason)))
      return { images, usage: billedPieces(images.length) }
    },
  },
  usage: {
    read: (answer) => {
      const made = objectsOf(objectOf(answer).predictions).filter((each) => 'bytesBase64Encoded' in each)
      return made.length === 0 ? {} : { images: made.length }
    },
  },
}

const RATIOS = ['1:1', '3:4', '4:3', '9:16', '16:9']

function refusal(reasons: readonly (string | undefined)[]): GatewayError {
  const reason = reasons.find((each) => each !== undefined)
  return new GatewayError('invalid_request', reason ?? 'The provider made no image of this prompt.', {
    field: 'prompt',
  })
}

const KNOWN = new Set(['instances', 'parameters'])

function decode(body: Body) {
  const fields = fieldsOf(body)
  const instances = fields.objects('instances') ?? []
  const first = instances[0]
  if (instances.length !== 1 || first === undefined)
    throw new GatewayError('invalid_request', 'instances: expected one prompt.', { field: 'instances' })
  const parameters = fields.object('parameters') ?? new Fields({}, 'parameters')
  const output = parameters.object('outputOptions')
  const request: ImageRequest = {
    prompt: first.required('prompt', first.string('prompt')),
    sources: [],
    ...compact({
      count: parameters.number('sampleCount'),
      aspectRatio: parameters.string('aspectRatio'),
      negativePrompt: parameters.string('negativePrompt'),
      seed: parameters.number('seed'),
      outputFormat: output?.string('mimeType')?.replace(/^image\//, ''),
      compression: output?.number('compressionQuality'),
    }),
    wantsUrl: false,
  }
  return { request, stream: false, warnings: leftOut(fields.raw, KNOWN) }
}

function encodeAnswer({ images }: ImageAnswer): Body {
  return json({
    predictions: images.map(({ data, mediaType }) => ({
      bytesBase64Encoded: data,
      mimeType: mediaType ?? 'image/png',
    })),
  })
}
