import { checkForm, modelOf, type Route } from './openai-forms.ts'
import { serverSentEvent } from './protocol.ts'
import { SOUND } from './sample.ts'
import type { Service } from './service.ts'

const TYPES: Record<string, string> = {
  mp3: 'audio/mpeg',
  opus: 'audio/opus',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
}

const speech: Service = {
  name: 'audio/speech',
  check: ({ body }, { model }) =>
    checkForm(
      body,
      model ? 'input voice' : 'model input voice',
      'model instructions response_format speed stream_format',
    ),
  answer(request, operation) {
    const { input, response_format = 'mp3', stream_format } = request.body
    const model = modelOf(request, operation)
    const tokens = { in: Math.ceil(input.length / 4), out: 20 }
    if (stream_format !== 'sse')
      return { model, tokens, bytes: SOUND, type: TYPES[response_format] ?? 'audio/mpeg' }
    const usage = { input_tokens: tokens.in, output_tokens: tokens.out, total_tokens: tokens.in + tokens.out }
    const audio = Buffer.from(SOUND).toString('base64')
    const events = [
      { type: 'speech.audio.delta', audio },
      { type: 'speech.audio.done', usage },
    ]
    return { model, tokens, events: events.map((event) => serverSentEvent(event.type, event, false)) }
  },
}

const TEXT = 'Scripted words of a recording.'

/** The newer models count tokens, Whisper counts seconds. */
const transcription = (name: string): Service => ({
  name,
  check: ({ body }, { model }) =>
    checkForm(
      body,
      model ? 'file' : 'file model',
      'model chunking_strategy include include[] language prompt response_format stream temperature timestamp_granularities timestamp_granularities[]',
    ),
  answer(request, operation) {
    const { response_format = 'json', stream } = request.body
    const model = modelOf(request, operation)
    const tokens = { in: 30, out: 8 }
    const counted = {
      type: 'tokens',
      input_tokens: 30,
      input_token_details: { text_tokens: 0, audio_tokens: 30 },
      output_tokens: 8,
      total_tokens: 38,
    }
    const usage = model.startsWith('whisper') ? { type: 'duration', seconds: 3 } : counted
    if (stream === 'true') {
      const events = [
        ...TEXT.split(/(?= )/).map((delta) => ({ type: 'transcript.text.delta', delta })),
        { type: 'transcript.text.done', text: TEXT, usage },
      ]
      return { model, tokens, events: events.map((event) => serverSentEvent(event.type, event, false)) }
    }
    if (response_format === 'text')
      return { model, tokens, bytes: Buffer.from(`${TEXT}\n`), type: 'text/plain' }
    const verbose =
      response_format === 'verbose_json' ? { task: 'transcribe', language: 'english', duration: 3 } : {}
    return { model, tokens, json: { ...verbose, text: TEXT, usage } }
  },
})

export const openaiAudio: Route[] = [
  { method: 'POST', path: /\/audio\/speech$/, service: speech },
  { method: 'POST', path: /\/audio\/transcriptions$/, service: transcription('audio/transcriptions') },
  { method: 'POST', path: /\/audio\/translations$/, service: transcription('audio/translations') },
]
