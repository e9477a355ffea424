import { encodeBase64 } from '../../lib/base64.ts'
import type { JsonObject } from '../../message/request.ts'
import { compact, dropped, json, malformed, unsupported } from '../body.ts'
import type { Codec, UpstreamAnswer } from '../operation.ts'
import { onlySource, billedPieces } from './images.ts'
import type { ImageAnswer, ImageRequest } from './images.ts'

/** https://huggingface.co/docs/inference-providers/tasks/text-to-image: one image, as its bytes. */
export const huggingFaceGeneration: Codec<ImageRequest, ImageAnswer> = {
  provider: {
    encode: (request) => encoded(request, request.prompt, {}),
    decode: decodeAnswer,
  },
  usage: { fields: [], read: () => ({ images: 1 }) },
}

/** …/tasks/image-to-image */
export const huggingFaceEdit: Codec<ImageRequest, ImageAnswer> = {
  provider: {
    encode: (request) => encoded(request, onlySource(request).data, { prompt: request.prompt }),
    decode: decodeAnswer,
  },
  usage: huggingFaceGeneration.usage,
}

function encoded(request: ImageRequest, inputs: string, own: JsonObject) {
  const { count = 1, negativePrompt, steps, size, seed } = request
  if (count !== 1) throw unsupported('n', `this provider makes one image per request, not ${count}.`)
  const parameters = compact({
    ...own,
    negative_prompt: negativePrompt,
    num_inference_steps: steps,
    width: size?.width,
    height: size?.height,
    seed,
  })
  const body = Object.keys(parameters).length === 0 ? { inputs } : { inputs, parameters }
  const left = (['quality', 'style', 'background', 'mask'] as const).filter(
    (name) => request[name] !== undefined,
  )
  return { body: json(body), warnings: left.map((name) => dropped(name)) }
}

function decodeAnswer({ body }: UpstreamAnswer, request: ImageRequest): ImageAnswer {
  if (body.kind !== 'bytes' || !body.type.startsWith('image/')) throw malformed('is not an image')
  return {
    images: [{ data: encodeBase64(body.bytes), mediaType: body.type.split(';')[0]! }],
    usage: billedPieces(1, request),
  }
}
