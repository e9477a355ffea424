import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { answerError, isErrorObject } from '../../protocols/shared/openai-error.ts'
import { isObject } from '../../protocols/shared/object.ts'
import { compact, dropped, frameObject, objectsOf, textOf } from '../body.ts'
import type { Body, Codec, Part, PieceDecoder } from '../operation.ts'
import { decodeAnswer, openai, readUsage } from './openai.ts'
import { needsTimes, refuseSpeakers } from './transcription.ts'
import type { TranscriptionAnswer, TranscriptionRequest } from './transcription.ts'

/** OpenAI's form and answers, with streams of their own. */

/** https://docs.mistral.ai/api/endpoint/audio/transcriptions: it refuses the fields of OpenAI's that it has not. */
export const mistral: Codec<TranscriptionRequest, TranscriptionAnswer> = {
  provider: {
    encode(request, model, stream) {
      const diarize = request.format === 'diarized_json' ? true : undefined
      const warnings = request.prompt === undefined ? [] : [dropped('prompt')]
      return { body: form(request, compact({ model, stream, diarize })), warnings }
    },
    decode: (answer) => decodeAnswer(answer),
    stream: () =>
      decodeStream(
        ({ type, text }) => (type === 'transcription.text.delta' ? text : undefined),
        isMistralEnd,
      ),
  },
  usage: openai.usage,
}

/** https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#transcriptions-api */
export const vllm: Codec<TranscriptionRequest, TranscriptionAnswer> = {
  provider: {
    encode(request, model, stream) {
      refuseSpeakers(request)
      const format = needsTimes(request) ? 'verbose_json' : 'json'
      // Without being asked it says nothing of what a stream has used.
      const streamed = stream ? { stream, stream_include_usage: true } : { response_format: format }
      return { body: form(request, compact({ model, prompt: request.prompt, ...streamed })), warnings: [] }
    },
    decode: (answer) => decodeAnswer(answer),
    stream: () => decodeStream(deltaOf, () => false),
  },
  usage: openai.usage,
}

function isMistralEnd({ type }: JsonObject): boolean {
  return type === 'transcription.done'
}

/** `choices[0].delta.content`, as in a chat; `[DONE]` at its end. */
function deltaOf(body: JsonObject): unknown {
  const delta = objectsOf(body.choices)[0]?.delta
  return isObject(delta) ? delta.content : undefined
}

/** The recording and its settings, those of all who copied OpenAI's form and `own`. */
function form(request: TranscriptionRequest, own: JsonObject): Body {
  const { file, language, temperature, granularities } = request
  const wanted = granularities.length > 0 ? granularities : needsTimes(request) ? ['segment'] : []
  const parts: Part[] = [
    ...Object.entries(compact({ ...own, language, temperature })).map(([name, value]) => ({
      name,
      content: String(value),
    })),
    ...wanted.map((each) => ({ name: 'timestamp_granularities[]', content: each })),
    { name: 'file', filename: file.name, type: file.type, content: file.bytes },
  ]
  return { kind: 'form', parts }
}

function decodeStream(
  textIn: (body: JsonObject) => unknown,
  isEnd: (body: JsonObject) => boolean,
): PieceDecoder {
  let complete = false
  let usage: Partial<Usage> = {}
  return {
    push({ data }, emit) {
      if (data === '[DONE]') {
        complete = true
        return
      }
      const body = frameObject(data)
      if (isErrorObject(body)) throw answerError(body)
      usage = { ...usage, ...readUsage(body) }
      const text = textOf(textIn(body))
      if (text !== undefined && text !== '') emit({ type: 'text', text })
      complete ||= isEnd(body)
    },
    end(emit) {
      if (!complete)
        throw new GatewayError(
          'upstream_truncated',
          'The upstream’s stream ended before the transcript was whole.',
        )
      emit({ type: 'end', usage })
    },
  }
}
