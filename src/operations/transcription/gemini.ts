import { encodeBase64 } from '../../lib/base64.ts'
import type { Usage } from '../../message/usage.ts'
import { answerError, isErrorObject } from '../../protocols/shared/openai-error.ts'
import { compact, dropped, frameObject, json, malformed, objectOf } from '../body.ts'
import { Ending, checkBlocked, partsOf, readGenerateUsage } from '../google.ts'
import type { Codec, PieceDecoder } from '../operation.ts'
import { refuseTimes } from './transcription.ts'
import type { TranscriptionAnswer, TranscriptionRequest } from './transcription.ts'

/** Models that listen: https://ai.google.dev/gemini-api/docs/audio. They are asked for a transcript in words. */
export const gemini: Codec<TranscriptionRequest, TranscriptionAnswer> = {
  provider: {
    encode(request) {
      refuseTimes(request)
      const { file, temperature, granularities } = request
      const inlineData = { mimeType: file.type, data: encodeBase64(file.bytes) }
      const body = compact({
        contents: [{ role: 'user', parts: [{ text: instruction(request) }, { inlineData }] }],
        generationConfig: temperature === undefined ? undefined : { temperature },
      })
      const warnings = granularities.length === 0 ? [] : [dropped('timestamp_granularities')]
      return { body: json(body), warnings }
    },
    decode(answer) {
      const body = objectOf(answer)
      checkBlocked(body)
      const texts = partsOf(body).flatMap(({ text }) => (text === undefined ? [] : [text]))
      if (texts.length === 0) throw malformed('has no text')
      return { text: texts.join('').trim(), segments: [], words: [], usage: readGenerateUsage(body) }
    },
    stream: decodeStream,
  },
  usage: { fields: ['usageMetadata'], read: (answer) => readGenerateUsage(objectOf(answer)) },
}

function instruction({ language, prompt }: TranscriptionRequest): string {
  const spoken = language === undefined ? '' : ` The language spoken is ${JSON.stringify(language)}.`
  const hint = prompt === undefined ? '' : ` These words may be said in it: ${JSON.stringify(prompt)}.`
  return `Write down word for word what is said in this recording, and nothing else.${spoken}${hint}`
}

function decodeStream(): PieceDecoder {
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
      for (const { text } of partsOf(body)) {
        if (text === undefined || text === '') continue
        begun = true
        emit({ type: 'text', text })
      }
    },
    end(emit) {
      ending.check()
      if (!begun) throw malformed('has no text')
      emit({ type: 'end', usage })
    },
  }
}
