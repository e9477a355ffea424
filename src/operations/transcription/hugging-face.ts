import { encodeBase64 } from '../../lib/base64.ts'
import { compact, dropped, json, listOf, malformed, numberOf, objectOf, objectsOf, textOf } from '../body.ts'
import type { Codec, EncodedRequest, UpstreamAnswer } from '../operation.ts'
import { needsTimes, refuseSpeakers } from './transcription.ts'
import type { Segment, TranscriptionAnswer, TranscriptionRequest } from './transcription.ts'

/** https://huggingface.co/docs/inference-providers/tasks/automatic-speech-recognition: it tells no usage. */
export const huggingFace: Codec<TranscriptionRequest, TranscriptionAnswer> = {
  provider: { encode, decode },
  usage: { fields: [], read: () => ({}) },
}

/** The recording alone is the body, unless something is asked of it. */
function encode(request: TranscriptionRequest): EncodedRequest {
  refuseSpeakers(request)
  const { file, prompt, temperature, language } = request
  const left = Object.entries({ prompt, temperature, language }).filter(([, value]) => value !== undefined)
  const warnings = left.map(([name]) => dropped(name))
  if (!needsTimes(request)) return { body: { kind: 'bytes', type: file.type, bytes: file.bytes }, warnings }
  const inputs = encodeBase64(file.bytes)
  return { body: json({ inputs, parameters: { return_timestamps: true } }), warnings }
}

function decode(answer: UpstreamAnswer): TranscriptionAnswer {
  const body = objectOf(answer)
  const text = textOf(body.text)
  if (text === undefined) throw malformed('has no text')
  const segments = objectsOf(body.chunks).map((chunk): Segment => {
    const [start, end] = listOf(chunk.timestamp).map(numberOf)
    return {
      startSeconds: start ?? 0,
      endSeconds: end ?? start ?? 0,
      text: (textOf(chunk.text) ?? '').trim(),
    }
  })
  return {
    text: text.trim(),
    ...compact({ durationSeconds: segments.at(-1)?.endSeconds }),
    segments,
    words: [],
    usage: {},
  }
}
