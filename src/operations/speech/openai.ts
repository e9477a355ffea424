import { encodeBase64 } from '../../lib/base64.ts'
import { GatewayError } from '../../message/error.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { refuseValue } from '../../protocols/shared/openai-fields.ts'
import type { Fields } from '../../protocols/shared/openai-fields.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { compact, fieldsOf, leftOut, textOf } from '../body.ts'
import type { Body, Codec, PieceEncoder, UpstreamAnswer } from '../operation.ts'
import { MEDIA_TYPES, charactersOf } from './speech.ts'
import type { AudioFormat, Speaker, SpeechAnswer, SpeechRequest } from './speech.ts'

/** https://platform.openai.com/docs/api-reference/audio/createSpeech */
export const openai: Codec<SpeechRequest, SpeechAnswer> = {
  client: {
    decode,
    encode: ({ audio, mediaType }) => ({ kind: 'bytes', type: mediaType, bytes: audio }),
    stream: encodeStream,
    pieces: ({ audio, usage }) => [
      { type: 'audio', bytes: audio },
      { type: 'end', usage },
    ],
  },
  // Audio says nothing of what it cost; only the last event of a stream does.
  usage: { read: readUsage, asked },
}

const FORMATS = Object.keys(MEDIA_TYPES) as AudioFormat[]

const KNOWN = new Set([
  'model', 'input', 'voice', 'response_format', 'speed', 'instructions', 'stream_format', 'fallbacks',
]) // prettier-ignore

function decode(body: Body) {
  const fields = fieldsOf(body)
  const input = fields.string('input') ?? ''
  if (input === '') throw missing('input')
  const said = fields.string('response_format')
  const format = FORMATS.find((each) => each === said)
  if (said !== undefined && format === undefined) throw refuseValue('response_format', said, FORMATS)
  const request: SpeechRequest = {
    input,
    ...decodeVoice(fields),
    ...compact({
      format,
      speed: fields.number('speed'),
      instructions: fields.string('instructions'),
    }),
  }
  const stream = fields.string('stream_format') === 'sse'
  return { request, stream, warnings: leftOut(fields.raw, KNOWN) }
}

/** A name, OpenAI's `{id}` of a voice of one's own, or the speakers of a dialogue. */
function decodeVoice(fields: Fields): { voice: string; speakers: Speaker[] } {
  const { voice } = fields.raw
  if (typeof voice === 'string' && voice !== '') return { voice, speakers: [] }
  if (isObject(voice) && typeof voice.id === 'string' && voice.id !== '')
    return { voice: voice.id, speakers: [] }
  const list = isObject(voice) ? fields.object('voice')?.objects('multi_voice') : fields.objects('voice')
  if (list === undefined || list.length === 0) throw missing('voice')
  const speakers = list.map((each) => ({
    speaker: each.required('speaker', each.string('speaker')),
    voice: each.required('voice', each.string('voice')),
  }))
  return { voice: '', speakers }
}

function missing(field: string): GatewayError {
  return new GatewayError('invalid_request', `${field} is required for speech completion`, { field })
}

function encodeStream(): PieceEncoder {
  return {
    push(piece, write) {
      if (piece.type === 'audio')
        write('', JSON.stringify({ type: 'speech.audio.delta', audio: encodeBase64(piece.bytes) }))
      else if (piece.type === 'end')
        write('', JSON.stringify({ type: 'speech.audio.done', ...told(piece.usage) }))
    },
  }
}

function told({ inputTokens, outputTokens }: Partial<Usage>) {
  if (inputTokens === undefined && outputTokens === undefined) return {}
  const [input, output] = [inputTokens ?? 0, outputTokens ?? 0]
  return { usage: { input_tokens: input, output_tokens: output, total_tokens: input + output } }
}

function readUsage({ body }: UpstreamAnswer): Partial<Usage> {
  if (body.kind !== 'json' || !isObject(body.value) || !isObject(body.value.usage)) return {}
  const { usage } = body.value
  const outputTokens = tokenCount(usage.output_tokens) ?? tokenCount(usage.completion_tokens)
  return compact({
    inputTokens: tokenCount(usage.input_tokens) ?? tokenCount(usage.prompt_tokens),
    outputTokens,
    outputAudioTokens: outputTokens,
  })
}

function asked(body: Body): Partial<Usage> {
  const input = body.kind === 'json' && isObject(body.value) ? textOf(body.value.input) : undefined
  return input === undefined ? {} : { characters: charactersOf(input) }
}
