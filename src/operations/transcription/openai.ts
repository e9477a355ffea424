import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { refuseValue } from '../../protocols/shared/openai-fields.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { Form, compact, json, malformed, numberOf, objectOf, objectsOf, secondsOf, textOf } from '../body.ts'
import type {
  AnswerContext,
  Body,
  Codec,
  DecodedRequest,
  PieceEncoder,
  UpstreamAnswer,
} from '../operation.ts'
import { subtitles } from './subtitles.ts'
import type {
  Segment,
  TranscriptFormat,
  TranscriptionAnswer,
  TranscriptionRequest,
  Word,
} from './transcription.ts'

/** https://platform.openai.com/docs/api-reference/audio/createTranscription */
export const openai: Codec<TranscriptionRequest, TranscriptionAnswer> = {
  client: {
    decode,
    encode: encodeAnswer,
    stream: encodeStream,
    pieces: ({ text, usage }) => [
      { type: 'text', text },
      { type: 'end', usage },
    ],
  },
  usage: { read: ({ body }) => (body.kind === 'json' && isObject(body.value) ? readUsage(body.value) : {}) },
}

const FORMATS: readonly TranscriptFormat[] = ['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json']

const KNOWN = new Set([
  'model', 'file', 'language', 'prompt', 'response_format', 'temperature', 'stream', 'timestamp_granularities',
  'fallbacks',
]) // prettier-ignore

function decode(body: Body): DecodedRequest<TranscriptionRequest> {
  const form = new Form(body)
  const file = form.files('file')[0]
  if (file === undefined) throw new GatewayError('invalid_request', 'file is required', { field: 'file' })
  const said = form.text('response_format') ?? 'json'
  const format = FORMATS.find((each) => each === said)
  if (format === undefined) throw refuseValue('response_format', said, FORMATS)
  const request: TranscriptionRequest = {
    file,
    format,
    granularities: form.texts('timestamp_granularities'),
    ...compact({
      language: form.text('language'),
      prompt: form.text('prompt'),
      temperature: form.number('temperature'),
    }),
  }
  return { request, stream: form.flag('stream'), warnings: form.leftOut(KNOWN) }
}

/** An answer of those who copied OpenAI's. */
export function decodeAnswer(answer: UpstreamAnswer): TranscriptionAnswer {
  const body = objectOf(answer)
  const text = textOf(body.text)
  if (text === undefined) throw malformed('has no text')
  return {
    text,
    ...compact({ language: textOf(body.language) ?? undefined, durationSeconds: numberOf(body.duration) }),
    segments: objectsOf(body.segments).map((each) => ({
      ...times(each),
      text: textOf(each.text) ?? '',
      ...compact({ speaker: textOf(each.speaker) ?? textOf(each.speaker_id) }),
    })),
    words: objectsOf(body.words).map((each) => ({ ...times(each), word: textOf(each.word) ?? '' })),
    usage: readUsage(body),
  }
}

function times({ start, end }: JsonObject): { startSeconds: number; endSeconds: number } {
  return { startSeconds: numberOf(start) ?? 0, endSeconds: numberOf(end) ?? 0 }
}

/** By token or by second, as the model is billed. Mistral says both; it bills the seconds. */
export function readUsage(body: JsonObject): Partial<Usage> {
  const { usage } = body
  if (!isObject(usage)) return compact({ audioSeconds: secondsOf(body.duration) })
  const seconds = secondsOf(usage.seconds) ?? secondsOf(usage.prompt_audio_seconds)
  const details = isObject(usage.input_token_details) ? usage.input_token_details : {}
  return compact({
    inputTokens: tokenCount(usage.input_tokens) ?? tokenCount(usage.prompt_tokens),
    inputAudioTokens: tokenCount(details.audio_tokens),
    outputTokens: tokenCount(usage.output_tokens) ?? tokenCount(usage.completion_tokens),
    audioSeconds: seconds,
  })
}

function encodeAnswer(answer: TranscriptionAnswer, { request }: AnswerContext<TranscriptionRequest>): Body {
  const { text, language, durationSeconds, segments, words, usage } = answer
  const { format, granularities } = request
  switch (format) {
    case 'text':
      return plain(`${text}\n`)
    case 'srt':
    case 'vtt':
      return plain(subtitles(format, segments))
    case 'json':
      return json(compact({ text, usage: told(usage) }))
    case 'diarized_json':
      return json(
        compact({
          task: 'transcribe',
          duration: durationSeconds,
          text,
          segments: segments.map(diarized),
          usage: told(usage),
        }),
      )
    case 'verbose_json':
      return json(
        compact({
          task: 'transcribe',
          language: language ?? '',
          duration: durationSeconds ?? segments.at(-1)?.endSeconds ?? 0,
          text,
          words: granularities.includes('word') ? words.map(wordOf) : undefined,
          segments:
            granularities.includes('word') && !granularities.includes('segment')
              ? undefined
              : segments.map(segmentOf),
          usage: told(usage),
        }),
      )
  }
}

function plain(text: string): Body {
  return { kind: 'bytes', type: 'text/plain; charset=utf-8', bytes: new TextEncoder().encode(text) }
}

function wordOf({ word, startSeconds, endSeconds }: Word): JsonObject {
  return { word, start: startSeconds, end: endSeconds }
}

/** What only Whisper knows of a segment is told as nothing in particular: clients read the fields unasked. */
function segmentOf({ startSeconds, endSeconds, text }: Segment, id: number): JsonObject {
  return {
    id,
    seek: 0,
    start: startSeconds,
    end: endSeconds,
    text,
    tokens: [],
    temperature: 0,
    avg_logprob: 0,
    compression_ratio: 1,
    no_speech_prob: 0,
  }
}

function diarized({ startSeconds, endSeconds, text, speaker = 'A' }: Segment, at: number): JsonObject {
  const id = `seg_${String(at).padStart(3, '0')}`
  return { type: 'transcript.text.segment', id, start: startSeconds, end: endSeconds, text, speaker }
}

function told({ inputTokens, outputTokens, audioSeconds }: Partial<Usage>): JsonObject | undefined {
  if (audioSeconds !== undefined) return { type: 'duration', seconds: audioSeconds }
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  const [input, output] = [inputTokens ?? 0, outputTokens ?? 0]
  return { type: 'tokens', input_tokens: input, output_tokens: output, total_tokens: input + output }
}

function encodeStream(): PieceEncoder {
  let text = ''
  return {
    push(piece, write) {
      if (piece.type === 'text') {
        text += piece.text
        write('', JSON.stringify({ type: 'transcript.text.delta', delta: piece.text }))
      } else if (piece.type === 'end') {
        write('', JSON.stringify(compact({ type: 'transcript.text.done', text, usage: told(piece.usage) })))
      }
    },
  }
}
