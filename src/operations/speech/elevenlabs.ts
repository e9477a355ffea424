import { compact, dropped, headerNumber, json, malformed, unsupported } from '../body.ts'
import type { Codec, EncodedRequest, UpstreamAnswer } from '../operation.ts'
import { MEDIA_TYPES, charactersOf, formatOf, join, wavHeader } from './speech.ts'
import type { SpeechAnswer, SpeechRequest } from './speech.ts'

/** https://elevenlabs.io/docs/api-reference/text-to-speech/convert: the voice stands in the path. */
export const elevenlabs: Codec<SpeechRequest, SpeechAnswer> = {
  provider: { encode, decode, passes: (request) => formatOf(request, FORMATS, 'mp3') !== 'wav' },
  usage: {
    fields: [],
    read: ({ header }) => compact({ characters: headerNumber(header('character-cost')) }),
  },
}

const FORMATS = ['mp3', 'opus', 'pcm', 'wav'] as const

/** WAV is made of bare samples here: only some plans have it there. */
const OUTPUT = { mp3: 'mp3_44100_128', opus: 'opus_48000_128', pcm: 'pcm_24000', wav: 'pcm_24000' } as const

function encode(request: SpeechRequest, model: string): EncodedRequest {
  const { input, voice, speakers, speed, instructions } = request
  if (speakers.length > 0) throw unsupported('voice', 'this provider reads with one voice.')
  return {
    body: json(
      compact({ text: input, model_id: model, voice_settings: speed === undefined ? undefined : { speed } }),
    ),
    values: { voice },
    query: { output_format: OUTPUT[formatOf(request, FORMATS, 'mp3')] },
    warnings: instructions === undefined ? [] : [dropped('instructions')],
  }
}

function decode({ body, header }: UpstreamAnswer, request: SpeechRequest): SpeechAnswer {
  if (body.kind !== 'bytes') throw malformed('is not audio')
  const format = formatOf(request, FORMATS, 'mp3')
  const audio = format === 'wav' ? join([wavHeader(24_000, body.bytes.length), body.bytes]) : body.bytes
  // Some models cost half a character each: the provider says what it took.
  const characters = headerNumber(header('character-cost')) ?? charactersOf(request.input)
  return { audio, mediaType: MEDIA_TYPES[format], usage: { characters } }
}
