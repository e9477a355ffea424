import { readDataUrl } from '../../lib/base64.ts'
import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { compact, dropped, json, listOf, malformed, objectOf, textOf } from '../body.ts'
import type { Codec, EncodedRequest, UpstreamAnswer } from '../operation.ts'
import { billedPieces, ratioOf } from './images.ts'
import type { ImageAnswer, ImageRequest, MadeImage } from './images.ts'

/**
 * A prediction that is waited for: https://replicate.com/docs/topics/predictions/create-a-prediction. Each model has
 * inputs of its own; these are the names that the image models of the collections share. It answers with addresses.
 */
export const replicate: Codec<ImageRequest, ImageAnswer> = {
  provider: { encode, decode: decodeAnswer },
  usage: { read: readAnswer },
}

const RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9', '9:21']

function encode(request: ImageRequest, model: string): EncodedRequest {
  const { prompt, count, seed, steps, outputFormat, compression, negativePrompt } = request
  const input = compact({
    prompt,
    aspect_ratio: ratioOf(request, RATIOS),
    num_outputs: count,
    seed,
    num_inference_steps: steps,
    output_format: outputFormat === 'jpeg' ? 'jpg' : outputFormat,
    output_quality: compression,
    negative_prompt: negativePrompt,
    ...sources(request, model),
  })
  const [name = '', version] = model.split(':')
  return {
    body: json(version === undefined ? { input } : { version, input }),
    // A version is asked for without the name of its model; official models have no versions.
    values: { prediction: version === undefined ? `models/${name}/predictions` : 'predictions' },
    // The longest that it waits. What is not ready then can only be asked for again, and again.
    headers: { prefer: 'wait=60' },
    warnings: [
      ...(request.quality === undefined ? [] : [dropped('quality')]),
      ...(request.background === undefined ? [] : [dropped('background')]),
    ],
  }
}

function sources({ sources: images, mask }: ImageRequest, model: string): JsonObject {
  const urls = images.map(({ mediaType, data }) => `data:${mediaType};base64,${data}`)
  if (urls.length === 0) return {}
  const masked = mask === undefined ? {} : { mask: `data:${mask.mediaType};base64,${mask.data}` }
  if (/kontext/.test(model)) return { input_image: urls[0], ...masked }
  return urls.length > 1 || /nano-banana|seedream|gpt-image/.test(model)
    ? { image_input: urls, ...masked }
    : { image: urls[0], ...masked }
}

function decodeAnswer(answer: UpstreamAnswer): ImageAnswer {
  const { status, error, output } = objectOf(answer)
  if (status === 'failed' || status === 'canceled' || status === 'aborted')
    throw new GatewayError('unprocessable', textOf(error) ?? `The prediction was ${status}.`)
  const images = addresses(output)
  if (images.length === 0 && status !== 'succeeded')
    throw new GatewayError('upstream_timeout', 'The prediction was not ready within a minute.')
  if (images.length === 0) throw malformed('has no output')
  return { images, usage: billedPieces(images.length) }
}

function addresses(output: unknown): MadeImage[] {
  const urls = (typeof output === 'string' ? [output] : listOf(output)).filter(
    (each) => typeof each === 'string',
  )
  return urls.map((url) => readDataUrl(url) ?? { url })
}

function readAnswer(answer: UpstreamAnswer): { images?: number } {
  const images = addresses(objectOf(answer).output).length
  return images === 0 ? {} : { images }
}
