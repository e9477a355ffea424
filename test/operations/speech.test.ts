import { describe, expect, it } from 'vitest'
import type { GatewayError } from '../../src/message/error.ts'
import { CODECS } from '../../src/operations/index.ts'
import type { FamilyId } from '../../src/operations/operation.ts'
import { charactersOf, wavHeader } from '../../src/operations/speech/speech.ts'
import { ask, body, follow, tell } from './translate.ts'

const HI = { model: 'x', input: 'Hi there', voice: 'alloy' }
const bytes = (text: string, type: string) => ({ kind: 'bytes', type, bytes: new TextEncoder().encode(text) })
const header = (dataBytes?: number) => new TextDecoder('latin1').decode(wavHeader(24_000, dataBytes))

describe('a request of OpenAI’s API', () => {
  const rows: { to: FamilyId; given: unknown; sent: unknown }[] = [
    {
      to: 'gemini',
      given: { ...HI, voice: 'Kore', response_format: 'wav', instructions: 'Whisper.', speed: 1.5 },
      sent: {
        body: {
          contents: [{ role: 'user', parts: [{ text: 'Whisper.\n\nHi there' }] }],
          generationConfig: {
            responseModalities: ['AUDIO'],
            speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
          },
        },
        dropped: ['speed'],
      },
    },
    {
      to: 'gemini',
      given: {
        ...HI,
        response_format: 'pcm',
        voice: [
          { speaker: 'Jo', voice: 'Kore' },
          { speaker: 'Al', voice: 'Puck' },
        ],
      },
      sent: {
        body: {
          contents: [{ role: 'user', parts: [{ text: 'Hi there' }] }],
          generationConfig: {
            responseModalities: ['AUDIO'],
            speechConfig: {
              multiSpeakerVoiceConfig: {
                speakerVoiceConfigs: [
                  { speaker: 'Jo', voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
                  { speaker: 'Al', voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Puck' } } },
                ],
              },
            },
          },
        },
      },
    },
    {
      to: 'elevenlabs',
      given: { ...HI, voice: '21m00Tcm4TlvDq8ikWAM', speed: 1.1, instructions: 'x' },
      sent: {
        body: { text: 'Hi there', model_id: 'model-1', voice_settings: { speed: 1.1 } },
        values: { voice: '21m00Tcm4TlvDq8ikWAM' },
        query: { output_format: 'mp3_44100_128' },
        dropped: ['instructions'],
      },
    },
    {
      to: 'elevenlabs',
      given: { ...HI, voice: { id: 'mine' }, response_format: 'opus' },
      sent: {
        body: { text: 'Hi there', model_id: 'model-1' },
        values: { voice: 'mine' },
        query: { output_format: 'opus_48000_128' },
      },
    },
    {
      to: 'hugging-face',
      given: { ...HI, speed: 2 },
      sent: { body: { inputs: 'Hi there' }, dropped: ['speed', 'voice'] },
    },
  ]
  it.each(rows)('goes to $to: $given', ({ to, given, sent }) => {
    expect(ask('speech', 'openai', given, to)).toEqual(sent)
  })

  it.each([
    ['gemini', { ...HI, input: '' }, 'input is required for speech completion'],
    ['gemini', { ...HI, voice: undefined }, 'voice is required for speech completion'],
    ['gemini', { ...HI, voice: [] }, 'voice is required for speech completion'],
    ['gemini', { ...HI, response_format: 'ogg' }, "Supported values for 'response_format' are: 'mp3'"],
    ['gemini', { ...HI, response_format: 'mp3' }, 'response_format: this provider makes wav, pcm, not mp3.'],
    ['elevenlabs', { ...HI, response_format: 'flac' }, 'this provider makes mp3, opus, pcm, wav, not flac.'],
    [
      'elevenlabs',
      { ...HI, voice: [{ speaker: 'Jo', voice: 'a' }] },
      'voice: this provider reads with one voice.',
    ],
  ] as const)('to %s is refused: %j', (to, given, message) => {
    expect(() => ask('speech', 'openai', given, to)).toThrow(message)
  })
})

describe('an answer for OpenAI’s API', () => {
  const gemini = {
    candidates: [
      {
        content: {
          parts: [{ inlineData: { mimeType: 'audio/L16;codec=pcm;rate=24000', data: 'AQIDBA==' } }],
        },
      },
    ],
    usageMetadata: {
      promptTokenCount: 3,
      candidatesTokenCount: 40,
      candidatesTokensDetails: [{ modality: 'AUDIO', tokenCount: 40 }],
    },
  }
  const SAMPLES = '\u0001\u0002\u0003\u0004'
  const counted = { inputTokens: 3, outputTokens: 40, outputAudioTokens: 40 }
  const rows: {
    to: FamilyId
    asked?: object
    answer: unknown
    headers?: Record<string, string>
    type: string
    text: string
    usage: object
  }[] = [
    { to: 'gemini', answer: gemini, type: 'audio/wav', text: header(4) + SAMPLES, usage: counted },
    {
      to: 'gemini',
      asked: { response_format: 'pcm' },
      answer: gemini,
      type: 'audio/pcm',
      text: SAMPLES,
      usage: counted,
    },
    {
      to: 'elevenlabs',
      answer: bytes('MP3', 'audio/mpeg'),
      type: 'audio/mpeg',
      text: 'MP3',
      usage: { characters: 8 },
    },
    {
      to: 'elevenlabs',
      asked: { response_format: 'wav' },
      answer: bytes('PCM_', 'audio/pcm'),
      headers: { 'character-cost': '4' },
      type: 'audio/wav',
      text: `${header(4)}PCM_`,
      usage: { characters: 4 },
    },
    {
      to: 'hugging-face',
      answer: bytes('FLAC', 'audio/flac'),
      type: 'audio/flac',
      text: 'FLAC',
      usage: { characters: 8 },
    },
  ]
  it.each(rows)('comes from $to as $type', ({ to, asked, answer, headers, type, text, usage }) => {
    expect(tell('speech', 'openai', { ...HI, ...asked }, to, answer, headers)).toEqual({
      body: { type, text },
      usage,
    })
  })

  it.each([
    ['gemini', {}, { candidates: [] }, 'upstream_malformed'],
    ['gemini', {}, { promptFeedback: { blockReason: 'OTHER' } }, 'invalid_request'],
    ['elevenlabs', {}, { detail: 'x' }, 'upstream_malformed'],
    ['hugging-face', { response_format: 'mp3' }, bytes('FLAC', 'audio/flac'), 'unsupported'],
    ['hugging-face', {}, {}, 'upstream_malformed'],
  ] as const)('is a failure from %s with %j: %j', (to, asked, answer, kind) => {
    expect(() => tell('speech', 'openai', { ...HI, ...asked }, to, answer)).toThrow(
      expect.objectContaining({ kind }) as GatewayError,
    )
  })
})

describe('a stream for OpenAI’s API', () => {
  const chunk = (data: string, usage?: object) => ({
    candidates: [
      {
        content: { parts: [{ inlineData: { mimeType: 'audio/L16;rate=24000', data } }] },
        finishReason: 'STOP',
      },
    ],
    ...(usage && { usageMetadata: usage }),
  })

  it('carries Gemini’s samples as they come', () => {
    const given = { ...HI, response_format: 'pcm', stream_format: 'sse' }
    const frames = [chunk('AQI='), chunk('AwQ=', { promptTokenCount: 3, candidatesTokenCount: 40 })]
    expect(follow('speech', 'openai', given, 'gemini', frames)).toEqual([
      { event: '', data: { type: 'speech.audio.delta', audio: 'AQI=' } },
      { event: '', data: { type: 'speech.audio.delta', audio: 'AwQ=' } },
      {
        event: '',
        data: { type: 'speech.audio.done', usage: { input_tokens: 3, output_tokens: 40, total_tokens: 43 } },
      },
    ])
  })

  it('begins with the head of a WAV file where that is wanted', () => {
    const events = follow('speech', 'openai', { ...HI, stream_format: 'sse' }, 'gemini', [chunk('AQI=')])
    expect(events[0]).toEqual({
      event: '',
      data: { type: 'speech.audio.delta', audio: Buffer.from(wavHeader(24_000)).toString('base64') },
    })
    expect(events).toHaveLength(3)
  })

  it.each([
    ['without audio', [{ candidates: [{ finishReason: 'STOP' }] }], 'upstream_malformed'],
    [
      'without an end',
      [{ candidates: chunk('AQI=').candidates.map(({ content }) => ({ content })) }],
      'upstream_truncated',
    ],
    [
      'with an error',
      [{ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'quota' } }],
      'rate_limited',
    ],
  ])('%s fails', (_what, frames, kind) => {
    expect(() => follow('speech', 'openai', HI, 'gemini', frames)).toThrow(
      expect.objectContaining({ kind }) as GatewayError,
    )
  })
})

describe('what is counted', () => {
  const { usage } = CODECS.speech.openai!

  it.each([
    ['Hi', 2],
    ['héllo', 5],
    ['👋🏽', 2],
  ])('%s has %i characters', (text, count) => {
    expect(charactersOf(text)).toBe(count)
    expect(usage.asked!(body({ input: text }))).toEqual({ characters: count })
  })

  it('is told by the last event of a stream alone', () => {
    const read = (value: unknown) => usage.read({ body: body(value), header: () => undefined })
    expect(read({ type: 'speech.audio.delta', audio: 'AA==' })).toEqual({})
    expect(
      read({ type: 'speech.audio.done', usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 } }),
    ).toEqual({
      inputTokens: 14,
      outputTokens: 101,
      outputAudioTokens: 101,
    })
    expect(read(bytes('MP3', 'audio/mpeg'))).toEqual({})
  })
})

it('a WAV head says its lengths, and that of a stream says that it has none', () => {
  const view = new DataView(wavHeader(24_000, 100).buffer)
  expect([
    view.getUint32(4, true),
    view.getUint32(24, true),
    view.getUint32(28, true),
    view.getUint32(40, true),
  ]).toEqual([136, 24_000, 48_000, 100])
  expect(new DataView(wavHeader(16_000).buffer).getUint32(40, true)).toBe(0xffff_ffff)
})
