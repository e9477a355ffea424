import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { answerError, isErrorObject } from '../../protocols/shared/openai-error.ts'
import { compact, frameObject, numberOf, textOf } from '../body.ts'
import type { AnswerContext, PieceDecoder, PieceEncoder } from '../operation.ts'
import type { ImageRequest } from './images.ts'
import { readTokens, usageBody } from './openai-usage.ts'

/** https://platform.openai.com/docs/api-reference/images-streaming */
export function encodeStream(
  task: 'image_generation' | 'image_edit',
  { request, created_s }: AnswerContext<ImageRequest>,
): PieceEncoder {
  const { size, quality, background, outputFormat = 'png' } = request
  const common = {
    created_at: created_s,
    size: size === undefined ? 'auto' : `${size.width}x${size.height}`,
    quality: quality ?? 'auto',
    background: background ?? 'auto',
    output_format: outputFormat,
  }
  let image: string | undefined
  return {
    push(piece, write) {
      const send = (type: string, body: JsonObject) =>
        write(type, JSON.stringify({ type, ...body, ...common }))
      if (piece.type === 'image' && piece.partial !== undefined)
        send(`${task}.partial_image`, { b64_json: piece.data, partial_image_index: piece.partial })
      else if (piece.type === 'image') {
        // The API streams one image; of several, each is an event of its own, and usage comes with the last.
        if (image !== undefined) send(`${task}.completed`, { b64_json: image })
        image = piece.data
      } else if (piece.type === 'end')
        send(`${task}.completed`, { b64_json: image ?? '', ...usageBody(piece.usage) })
    },
  }
}

export function streamDecoder(): PieceDecoder {
  let complete = false
  return {
    push({ data }, emit) {
      const body = frameObject(data)
      if (isErrorObject(body)) throw answerError(body)
      const type = textOf(body.type) ?? ''
      const image = textOf(body.b64_json)
      if (image === undefined) return
      if (type.endsWith('.partial_image')) {
        emit({ type: 'image', data: image, ...compact({ partial: numberOf(body.partial_image_index) ?? 0 }) })
      } else if (type.endsWith('.completed')) {
        complete = true
        emit({ type: 'image', data: image })
        const usage = readTokens(body.usage)
        emit({ type: 'end', usage: Object.keys(usage).length > 0 ? usage : { images: 1 } })
      }
    },
    end() {
      if (!complete)
        throw new GatewayError('upstream_truncated', 'The upstream’s stream ended without its image.')
    },
  }
}
