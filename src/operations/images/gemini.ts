import { GatewayError } from '../../message/error.ts'
import { compact, dropped, json, objectOf } from '../body.ts'
import { checkBlocked, partsOf, readGenerateUsage } from '../google.ts'
import type { Codec } from '../operation.ts'
import { ratioOf } from './images.ts'
import type { ImageAnswer, ImageRequest } from './images.ts'

/** Models that talk and draw: https://ai.google.dev/gemini-api/docs/image-generation. Billed by the token. */
export const gemini: Codec<ImageRequest, ImageAnswer> = {
  provider: {
    encode(request) {
      const sources = request.sources.map(({ mediaType, data }) => ({
        inlineData: { mimeType: mediaType, data },
      }))
      const parts = [...sources, ...(request.prompt === '' ? [] : [{ text: request.prompt }])]
      const aspectRatio = ratioOf(request, RATIOS)
      const generationConfig = compact({
        responseModalities: ['TEXT', 'IMAGE'],
        seed: request.seed,
        imageConfig: aspectRatio === undefined ? undefined : { aspectRatio },
      })
      return {
        body: json({ contents: [{ role: 'user', parts }], generationConfig }),
        warnings: LEFT_OUT.filter(([name]) => request[name] !== undefined).map(([, field]) => dropped(field)),
      }
    },
    decode(answer) {
      const body = objectOf(answer)
      checkBlocked(body)
      const images = partsOf(body).flatMap(({ inlineData }) =>
        inlineData === undefined ? [] : [{ data: inlineData.data, mediaType: inlineData.mimeType }],
      )
      if (images.length === 0) throw noImage(partsOf(body).map(({ text }) => text ?? ''))
      return { images, usage: readGenerateUsage(body) }
    },
  },
  usage: { fields: ['usageMetadata'], read: (answer) => readGenerateUsage(objectOf(answer)) },
}

const RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9']

const LEFT_OUT = [
  ['count', 'n'],
  ['quality', 'quality'],
  ['style', 'style'],
  ['background', 'background'],
  ['mask', 'mask'],
  ['negativePrompt', 'negative_prompt'],
  ['outputFormat', 'output_format'],
] as const satisfies [keyof ImageRequest, string][]

/** The model may answer in words instead: they say why. */
function noImage(texts: readonly string[]): GatewayError {
  const said = texts.join('').trim().slice(0, 500)
  const message = said === '' ? 'The model made no image of this prompt.' : `The model made no image: ${said}`
  return new GatewayError('unprocessable', message, { field: 'prompt' })
}
