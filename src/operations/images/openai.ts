import { GatewayError } from '../../message/error.ts'
import type { Usage } from '../../message/usage.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { decodeBase64 } from '../../lib/base64.ts'
import {
  Form,
  compact,
  fieldsOf,
  json,
  leftOut,
  malformed,
  objectOf,
  objectsOf,
  textOf,
  unsupported,
} from '../body.ts'
import type { AnswerContext, Body, Codec, DecodedRequest, Part, Piece, UpstreamAnswer } from '../operation.ts'
import { encodeStream, streamDecoder } from './openai-stream.ts'
import { readTokens, usageBody } from './openai-usage.ts'
import { billedPieces, imageService, parseSize, sourceOf, writeSize } from './images.ts'
import type { ImageAnswer, ImageRequest, MadeImage, SourceImage } from './images.ts'

/** https://platform.openai.com/docs/api-reference/images: JSON to generate, forms to edit and to vary. */
export const openaiGeneration: Codec<ImageRequest, ImageAnswer> = {
  client: {
    decode: decodeJson,
    encode: encodeAnswer,
    stream: (context) => encodeStream('image_generation', context),
    pieces,
  },
  provider: {
    encode: (request, model, stream) => ({
      body: json({ model, ...settings(request), ...streamed(request, stream) }),
      warnings: [],
    }),
    decode: decodeAnswer,
    stream: streamDecoder,
  },
  usage: { read: readAnswer, asked },
}

export const openaiEdit: Codec<ImageRequest, ImageAnswer> = {
  client: {
    decode: (body) => decodeForm(body, true),
    encode: encodeAnswer,
    stream: (context) => encodeStream('image_edit', context),
    pieces,
  },
  provider: {
    encode: (request, model, stream) => ({ body: encodeForm(request, model, stream), warnings: [] }),
    decode: decodeAnswer,
    stream: streamDecoder,
  },
  usage: openaiGeneration.usage,
}

export const openaiVariation: Codec<ImageRequest, ImageAnswer> = {
  client: { decode: (body) => decodeForm(body, false), encode: encodeAnswer },
  provider: {
    encode: (request, model) => ({ body: encodeForm(request, model, false), warnings: [] }),
    decode: decodeAnswer,
  },
  usage: openaiGeneration.usage,
}

const KNOWN = new Set([
  'model', 'prompt', 'n', 'size', 'aspect_ratio', 'quality', 'style', 'background', 'output_format',
  'output_compression', 'moderation', 'negative_prompt', 'seed', 'num_inference_steps', 'partial_images', 'stream',
  'response_format', 'user', 'image', 'mask', 'input_fidelity', 'fallbacks',
]) // prettier-ignore

function decodeJson(body: Body): DecodedRequest<ImageRequest> {
  const fields = fieldsOf(body)
  const prompt = fields.string('prompt') ?? ''
  if (prompt === '') throw missing('prompt')
  const request: ImageRequest = {
    prompt,
    sources: [],
    ...compact({
      count: fields.number('n'),
      size: parseSize(fields.string('size')),
      aspectRatio: fields.string('aspect_ratio'),
      quality: fields.string('quality'),
      style: fields.string('style'),
      background: fields.string('background'),
      outputFormat: fields.string('output_format'),
      compression: fields.number('output_compression'),
      moderation: fields.string('moderation'),
      negativePrompt: fields.string('negative_prompt'),
      seed: fields.number('seed'),
      steps: fields.number('num_inference_steps'),
      partialImages: fields.number('partial_images'),
      user: fields.string('user'),
    }),
    wantsUrl: fields.string('response_format') === 'url',
  }
  return { request, stream: fields.boolean('stream') ?? false, warnings: leftOut(fields.raw, KNOWN) }
}

function decodeForm(body: Body, needsPrompt: boolean): DecodedRequest<ImageRequest> {
  const form = new Form(body)
  const prompt = form.text('prompt') ?? ''
  if (prompt === '' && needsPrompt) throw missing('prompt')
  const sources = form.files('image').map(sourceOf)
  if (sources.length === 0) throw missing('image')
  const mask = form.files('mask')[0]
  const request: ImageRequest = {
    prompt,
    sources,
    ...compact({
      mask: mask && sourceOf(mask),
      count: form.number('n'),
      size: parseSize(form.text('size')),
      aspectRatio: form.text('aspect_ratio'),
      quality: form.text('quality'),
      background: form.text('background'),
      outputFormat: form.text('output_format'),
      compression: form.number('output_compression'),
      moderation: form.text('moderation'),
      negativePrompt: form.text('negative_prompt'),
      seed: form.number('seed'),
      steps: form.number('num_inference_steps'),
      partialImages: form.number('partial_images'),
      inputFidelity: form.text('input_fidelity'),
      user: form.text('user'),
    }),
    wantsUrl: form.text('response_format') === 'url',
  }
  return { request, stream: form.flag('stream'), warnings: form.leftOut(KNOWN) }
}

function missing(field: string): GatewayError {
  return new GatewayError('invalid_request', `${field} is required`, { field })
}

/** `response_format` is left out: the newer models refuse it, and every form of answer is read. */
function settings(request: ImageRequest): Record<string, unknown> {
  return compact({
    prompt: request.prompt,
    n: request.count,
    size: request.size && writeSize(request.size),
    aspect_ratio: request.aspectRatio,
    quality: request.quality,
    style: request.style,
    background: request.background,
    output_format: request.outputFormat,
    output_compression: request.compression,
    moderation: request.moderation,
    negative_prompt: request.negativePrompt,
    seed: request.seed,
    num_inference_steps: request.steps,
    user: request.user,
  })
}

function streamed({ partialImages }: ImageRequest, stream: boolean): Record<string, unknown> {
  return stream ? compact({ stream, partial_images: partialImages }) : {}
}

function encodeForm(request: ImageRequest, model: string, stream: boolean): Body {
  const { prompt, ...rest } = settings(request)
  const own = { input_fidelity: request.inputFidelity, ...streamed(request, stream) }
  const fields = { model, ...(prompt !== '' && { prompt }), ...rest, ...own }
  const parts: Part[] = Object.entries(compact(fields)).map(([name, value]) => ({
    name,
    content: String(value),
  }))
  const name = request.sources.length > 1 ? 'image[]' : 'image'
  for (const [at, source] of request.sources.entries()) parts.push(file(name, source, at))
  if (request.mask !== undefined) parts.push(file('mask', request.mask, 0))
  return { kind: 'form', parts }
}

function file(name: string, { mediaType, data }: SourceImage, at: number): Part {
  const bytes = decodeBase64(data)
  if (bytes === undefined) throw unsupported(name, 'expected base64.')
  return {
    name,
    filename: `image-${at}.${mediaType.split('/')[1] ?? 'png'}`,
    type: mediaType,
    content: bytes,
  }
}

export function decodeAnswer(answer: UpstreamAnswer, request: ImageRequest): ImageAnswer {
  const body = objectOf(answer)
  const images = objectsOf(body.data).map((each): MadeImage =>
    compact({
      data: textOf(each.b64_json),
      url: textOf(each.url),
      mediaType: textOf(body.output_format) && `image/${textOf(body.output_format)}`,
      revisedPrompt: textOf(each.revised_prompt),
    }),
  )
  if (images.length === 0 || images.some(({ data, url }) => data === undefined && url === undefined))
    throw malformed('has no image')
  const tokens = readTokens(body.usage)
  const usage = Object.keys(tokens).length > 0 ? tokens : billedPieces(images.length, request)
  return { images, usage }
}

/** The API streams images themselves; of an address there is nothing to stream. */
function pieces({ images, usage }: ImageAnswer): Piece[] {
  const steps = images.map(({ data }): Piece => {
    if (data === undefined) throw unsupported('stream', 'this provider answers with addresses of images.')
    return { type: 'image', data }
  })
  return [...steps, { type: 'end', usage }]
}

function readAnswer(answer: UpstreamAnswer): Partial<Usage> {
  const body = objectOf(answer)
  const tokens = readTokens(body.usage)
  if (Object.keys(tokens).length > 0) return tokens
  const images = objectsOf(body.data).length
  return images === 0 ? {} : { images }
}

function asked(body: Body): Partial<Usage> {
  const text = (name: string) =>
    body.kind === 'form'
      ? new Form(body).text(name)
      : isJsonObject(body)
        ? textOf(body.value[name])
        : undefined
  const image = imageService(compact({ size: parseSize(text('size')), quality: text('quality') }))
  return image === undefined ? {} : { service: { image } }
}

function isJsonObject(body: Body): body is { kind: 'json'; value: Record<string, unknown> } {
  return body.kind === 'json' && isObject(body.value)
}

function encodeAnswer({ images, usage }: ImageAnswer, context: AnswerContext<ImageRequest>): Body {
  const { request, created_s } = context
  const data = images.map(({ data: base64, url, mediaType, revisedPrompt }) => {
    const inline = base64 === undefined ? undefined : `data:${mediaType ?? 'image/png'};base64,${base64}`
    const image = request.wantsUrl || base64 === undefined ? { url: url ?? inline } : { b64_json: base64 }
    return compact({ ...image, revised_prompt: revisedPrompt })
  })
  return json({ created: created_s, data, ...usageBody(usage) })
}
