import { compact, dropped, malformed, numberOf, objectOf, objectsOf, secondsOf, textOf } from '../body.ts'
import type { Codec, EncodedRequest, Part, UpstreamAnswer } from '../operation.ts'
import { needsTimes, segmentsOf } from './transcription.ts'
import type { TranscriptionAnswer, TranscriptionRequest, Word } from './transcription.ts'

/** https://elevenlabs.io/docs/api-reference/speech-to-text/convert: billed by the hour of audio. */
export const elevenlabs: Codec<TranscriptionRequest, TranscriptionAnswer> = {
  provider: { encode, decode },
  usage: { fields: ['words'], read: (answer) => usageOf(wordsOf(answer)) },
}

function encode(request: TranscriptionRequest, model: string): EncodedRequest {
  const { file, language, temperature, prompt, format } = request
  const fields = compact({
    model_id: model,
    language_code: language,
    temperature,
    // Laughter and applause stand in brackets in its text otherwise, which nobody else writes down.
    tag_audio_events: 'false',
    // Words tell how long the recording is, which is what it bills.
    timestamps_granularity: 'word',
    diarize: format === 'diarized_json' ? 'true' : undefined,
  })
  const parts: Part[] = [
    ...Object.entries(fields).map(([name, value]) => ({ name, content: String(value) })),
    { name: 'file', filename: file.name, type: file.type, content: file.bytes },
  ]
  return { body: { kind: 'form', parts }, warnings: prompt === undefined ? [] : [dropped('prompt')] }
}

function decode(answer: UpstreamAnswer, request: TranscriptionRequest): TranscriptionAnswer {
  const body = objectOf(answer)
  const text = textOf(body.text)
  if (text === undefined) throw malformed('has no text')
  const words = wordsOf(answer)
  return {
    text,
    ...compact({ language: textOf(body.language_code), durationSeconds: words.at(-1)?.endSeconds }),
    segments: needsTimes(request) ? segmentsOf(words) : [],
    words,
    usage: usageOf(words),
  }
}

/** Spaces and events are listed between the words. */
function wordsOf(answer: UpstreamAnswer): Word[] {
  return objectsOf(objectOf(answer).words)
    .filter(({ type }) => type === undefined || type === 'word')
    .map(({ text, start, end, speaker_id: speaker }) => ({
      word: textOf(text) ?? '',
      startSeconds: numberOf(start) ?? 0,
      endSeconds: numberOf(end) ?? 0,
      ...compact({ speaker: textOf(speaker) }),
    }))
}

function usageOf(words: readonly Word[]): { audioSeconds?: number } {
  return compact({ audioSeconds: secondsOf(words.at(-1)?.endSeconds) })
}
