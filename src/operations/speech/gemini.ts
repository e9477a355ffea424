import { decodeBase64 } from '../../lib/base64.ts'
import type { Warning } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { answerError, isErrorObject } from '../../protocols/shared/openai-error.ts'
import { dropped, frameObject, json, malformed, objectOf } from '../body.ts'
import { Ending, checkBlocked, partsOf, readGenerateUsage } from '../google.ts'
import type { Codec, PieceDecoder } from '../operation.ts'
import { MEDIA_TYPES, formatOf, join, wavHeader } from './speech.ts'
import type { SpeechAnswer, SpeechRequest } from './speech.ts'

/** https://ai.google.dev/gemini-api/docs/speech-generation: bare samples, billed by the token. */
export const gemini: Codec<SpeechRequest, SpeechAnswer> = {
  provider: {
    encode(request) {
      formatOf(request, FORMATS, 'wav')
      const { input, instructions, voice, speakers } = request
      const text = instructions === undefined ? input : `${instructions}\n\n${input}`
      const speechConfig =
        speakers.length === 0
          ? { voiceConfig: voiceConfig(voice) }
          : {
              multiSpeakerVoiceConfig: {
                speakerVoiceConfigs: speakers.map((each) => ({
                  speaker: each.speaker,
                  voiceConfig: voiceConfig(each.voice),
                })),
              },
            }
      return {
        body: json({
          contents: [{ role: 'user', parts: [{ text }] }],
          generationConfig: { responseModalities: ['AUDIO'], speechConfig },
        }),
        warnings: warningsOf(request),
      }
    },
    decode(answer, request) {
      const body = objectOf(answer)
      checkBlocked(body)
      const found = partsOf(body).flatMap(({ inlineData }) => (inlineData === undefined ? [] : [inlineData]))
      if (found.length === 0) throw malformed('has no audio')
      const samples = join(found.map(({ data }) => bytesOf(data)))
      const format = formatOf(request, FORMATS, 'wav')
      const audio =
        format === 'pcm' ? samples : join([wavHeader(rateOf(found[0]!.mimeType), samples.length), samples])
      return { audio, mediaType: MEDIA_TYPES[format], usage: readGenerateUsage(body) }
    },
    stream: decodeStream,
  },
  usage: { fields: ['usageMetadata'], read: (answer) => readGenerateUsage(objectOf(answer)) },
}

const FORMATS = ['wav', 'pcm'] as const

function voiceConfig(voiceName: string) {
  return { prebuiltVoiceConfig: { voiceName } }
}

function warningsOf({ speed, format, instructions }: SpeechRequest): Warning[] {
  const said = 'Gemini is told how to read in the text itself'
  return [
    ...(speed === undefined ? [] : [dropped('speed')]),
    ...(instructions === undefined
      ? []
      : [{ kind: 'changed' as const, field: 'instructions', reason: said }]),
    ...(format === undefined
      ? [{ kind: 'changed' as const, field: 'response_format', reason: 'Gemini makes no mp3: it is wav' }]
      : []),
  ]
}

function bytesOf(data: string): Uint8Array {
  const bytes = decodeBase64(data)
  if (bytes === undefined) throw malformed('has audio that is not base64')
  return bytes
}

/** `audio/L16;codec=pcm;rate=24000` */
function rateOf(mimeType: string): number {
  return Number(/rate=(\d{4,6})/.exec(mimeType)?.[1] ?? 24_000)
}

function decodeStream(request: SpeechRequest): PieceDecoder {
  const ending = new Ending()
  let begun = false
  let usage: Partial<Usage> = {}
  return {
    push({ data }, emit) {
      const body = frameObject(data)
      if (isErrorObject(body)) throw answerError(body)
      checkBlocked(body)
      usage = { ...usage, ...readGenerateUsage(body) }
      ending.read(body)
      for (const { inlineData } of partsOf(body)) {
        if (inlineData === undefined) continue
        if (!begun && formatOf(request, FORMATS, 'wav') === 'wav')
          emit({ type: 'audio', bytes: wavHeader(rateOf(inlineData.mimeType)) })
        begun = true
        emit({ type: 'audio', bytes: bytesOf(inlineData.data) })
      }
    },
    end(emit) {
      ending.check()
      if (!begun) throw malformed('has no audio')
      emit({ type: 'end', usage })
    },
  }
}
