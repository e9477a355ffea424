import { dropped, json, malformed, unsupported } from '../body.ts'
import type { Codec } from '../operation.ts'
import { MEDIA_TYPES, charactersOf } from './speech.ts'
import type { AudioFormat, SpeechAnswer, SpeechRequest } from './speech.ts'

/** https://huggingface.co/docs/inference-providers/tasks/text-to-speech: each model has one voice and one format. */
export const huggingFace: Codec<SpeechRequest, SpeechAnswer> = {
  provider: {
    encode: ({ input, speed, instructions, speakers }) => {
      if (speakers.length > 0) throw unsupported('voice', 'this provider reads with one voice.')
      const left = [
        speed === undefined ? [] : ['speed'],
        instructions === undefined ? [] : ['instructions'],
      ].flat()
      return {
        body: json({ inputs: input }),
        warnings: [
          ...left.map((field) => dropped(field)),
          dropped('voice', 'a model at Hugging Face has a voice of its own'),
        ],
      }
    },
    decode({ body }, { format, input }) {
      if (body.kind !== 'bytes' || !body.type.startsWith('audio/')) throw malformed('is not audio')
      const mediaType = body.type.split(';')[0]!
      if (format !== undefined && !isFormat(format, mediaType))
        throw unsupported('response_format', `this model makes ${mediaType}, not ${format}.`)
      return { audio: body.bytes, mediaType, usage: { characters: charactersOf(input) } }
    },
  },
  usage: { fields: [], read: () => ({}) },
}

function isFormat(format: AudioFormat, mediaType: string): boolean {
  return mediaType === MEDIA_TYPES[format] || mediaType.replace('x-', '') === MEDIA_TYPES[format]
}
