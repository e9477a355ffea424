import { describe, expect, it } from 'vitest'
import type { GatewayError } from '../../src/message/error.ts'
import { CODECS } from '../../src/operations/index.ts'
import type { FamilyId } from '../../src/operations/operation.ts'
import { subtitles } from '../../src/operations/transcription/subtitles.ts'
import { segmentsOf } from '../../src/operations/transcription/transcription.ts'
import { ask, body, follow, form, tell } from './translate.ts'

const FILE = { name: 'file', filename: 'talk.mp3', type: 'application/octet-stream', text: 'ID3' }
const said = (fields: Record<string, string | string[]> = {}) => form({ model: 'x', ...fields }, [FILE])

describe('a request of OpenAI’s API', () => {
  const FULL = said({ language: 'en', prompt: 'Signalbox', temperature: '0.2', response_format: 'json' })
  const rows: { to: FamilyId; given: unknown; sent: unknown }[] = [
    {
      to: 'mistral',
      given: FULL,
      sent: {
        body: [
          'model=model-1',
          'stream=false',
          'language=en',
          'temperature=0.2',
          'file=@talk.mp3;audio/mpeg;ID3',
        ],
        dropped: ['prompt'],
      },
    },
    {
      to: 'mistral',
      given: said({ response_format: 'diarized_json', stream: 'true' }),
      sent: {
        body: [
          'model=model-1',
          'stream=true',
          'diarize=true',
          'timestamp_granularities[]=segment',
          'file=@talk.mp3;audio/mpeg;ID3',
        ],
      },
    },
    {
      to: 'vllm',
      given: FULL,
      sent: {
        body: [
          'model=model-1',
          'prompt=Signalbox',
          'response_format=json',
          'language=en',
          'temperature=0.2',
          'file=@talk.mp3;audio/mpeg;ID3',
        ],
      },
    },
    {
      to: 'vllm',
      given: said({ response_format: 'srt' }),
      sent: {
        body: [
          'model=model-1',
          'response_format=verbose_json',
          'timestamp_granularities[]=segment',
          'file=@talk.mp3;audio/mpeg;ID3',
        ],
      },
    },
    {
      to: 'vllm',
      given: said({ stream: 'true' }),
      sent: {
        body: ['model=model-1', 'stream=true', 'stream_include_usage=true', 'file=@talk.mp3;audio/mpeg;ID3'],
      },
    },
    {
      to: 'gemini',
      given: FULL,
      sent: {
        body: {
          contents: [
            {
              role: 'user',
              parts: [
                {
                  text: 'Write down word for word what is said in this recording, and nothing else. The language spoken is "en". These words may be said in it: "Signalbox".',
                },
                { inlineData: { mimeType: 'audio/mpeg', data: 'SUQz' } },
              ],
            },
          ],
          generationConfig: { temperature: 0.2 },
        },
      },
    },
    {
      to: 'elevenlabs',
      given: said({ language: 'en', response_format: 'diarized_json' }),
      sent: {
        body: [
          'model_id=model-1',
          'language_code=en',
          'tag_audio_events=false',
          'timestamps_granularity=word',
          'diarize=true',
          'file=@talk.mp3;audio/mpeg;ID3',
        ],
      },
    },
    {
      to: 'hugging-face',
      given: said({ unknown: '1' }),
      sent: { body: { type: 'audio/mpeg', text: 'ID3' }, dropped: ['unknown'] },
    },
    {
      to: 'hugging-face',
      given: said({ response_format: 'vtt', language: 'en' }),
      sent: { body: { inputs: 'SUQz', parameters: { return_timestamps: true } }, dropped: ['language'] },
    },
  ]
  it.each(rows)('goes to $to', ({ to, given, sent }) => {
    expect(ask('transcription', 'openai', given, to)).toEqual(sent)
  })

  it.each([
    ['gemini', form({ model: 'x' }), 'file is required'],
    ['gemini', {}, 'expected multipart/form-data'],
    ['gemini', said({ response_format: 'xml' }), "Supported values for 'response_format'"],
    ['gemini', said({ temperature: 'warm' }), 'temperature: expected a number, got "warm"'],
    [
      'gemini',
      said({ response_format: 'srt' }),
      'response_format: this provider makes json and text, not srt.',
    ],
    ['vllm', said({ response_format: 'diarized_json' }), 'this provider does not tell speakers apart'],
    [
      'hugging-face',
      said({ response_format: 'diarized_json' }),
      'this provider does not tell speakers apart',
    ],
  ] as const)('to %s is refused: %j', (to, given, message) => {
    expect(() => ask('transcription', 'openai', given, to)).toThrow(message)
  })
})

describe('an answer for OpenAI’s API', () => {
  const whole = {
    text: 'Hello world.',
    language: 'en',
    duration: 2.4,
    segments: [{ id: 0, start: 0, end: 2.4, text: ' Hello world.', tokens: [1], speaker_id: 's1' }],
    usage: { type: 'duration', seconds: 3 },
  }
  const words = [
    { text: 'Hello', type: 'word', start: 0, end: 1, speaker_id: 'speaker_0' },
    { text: ' ', type: 'spacing', start: 1, end: 1.1 },
    { text: 'world.', type: 'word', start: 1.1, end: 2.4, speaker_id: 'speaker_0' },
  ]
  const eleven = { language_code: 'eng', language_probability: 0.9, text: 'Hello world.', words }
  const plain = (text: string) => ({ type: 'text/plain; charset=utf-8', text })
  const duration = { type: 'duration', seconds: 3 }
  const segment = (text: string) => ({
    id: 0, seek: 0, start: 0, end: 2.4, text, tokens: [], temperature: 0, avg_logprob: 0, compression_ratio: 1,
    no_speech_prob: 0,
  }) // prettier-ignore
  const rows: {
    to: FamilyId
    format: Record<string, string | string[]>
    answer: unknown
    body: unknown
    usage: object
  }[] = [
    {
      to: 'mistral',
      format: {},
      answer: whole,
      body: { text: 'Hello world.', usage: duration },
      usage: { audioSeconds: 3 },
    },
    {
      to: 'mistral',
      format: { response_format: 'text' },
      answer: {
        text: 'Hi',
        usage: { prompt_audio_seconds: 5, prompt_tokens: 4, completion_tokens: 2, total_tokens: 380 },
      },
      body: plain('Hi\n'),
      usage: { audioSeconds: 5, inputTokens: 4, outputTokens: 2 },
    },
    {
      to: 'mistral',
      format: { response_format: 'diarized_json' },
      answer: whole,
      body: {
        task: 'transcribe',
        duration: 2.4,
        text: 'Hello world.',
        segments: [
          {
            type: 'transcript.text.segment',
            id: 'seg_000',
            start: 0,
            end: 2.4,
            text: ' Hello world.',
            speaker: 's1',
          },
        ],
        usage: duration,
      },
      usage: { audioSeconds: 3 },
    },
    {
      to: 'vllm',
      format: { response_format: 'verbose_json' },
      answer: { text: 'Hello world.', language: 'en', duration: 2.4, segments: whole.segments },
      body: {
        task: 'transcribe',
        language: 'en',
        duration: 2.4,
        text: 'Hello world.',
        segments: [segment(' Hello world.')],
        usage: duration,
      },
      usage: { audioSeconds: 3 },
    },
    {
      to: 'gemini',
      format: {},
      answer: {
        candidates: [{ content: { parts: [{ text: 'thinking', thought: true }, { text: 'Hello world.\n' }] } }],
        usageMetadata: {
          promptTokenCount: 80, candidatesTokenCount: 4, thoughtsTokenCount: 6,
          promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 64 }, { modality: 'TEXT', tokenCount: 16 }],
        },
      }, // prettier-ignore
      body: {
        text: 'Hello world.',
        usage: { type: 'tokens', input_tokens: 80, output_tokens: 10, total_tokens: 90 },
      },
      usage: { inputTokens: 80, inputAudioTokens: 64, outputTokens: 10, reasoningTokens: 6 },
    },
    {
      to: 'elevenlabs',
      format: { response_format: 'verbose_json', timestamp_granularities: ['word'] },
      answer: eleven,
      body: {
        task: 'transcribe',
        language: 'eng',
        duration: 2.4,
        text: 'Hello world.',
        words: [
          { word: 'Hello', start: 0, end: 1 },
          { word: 'world.', start: 1.1, end: 2.4 },
        ],
        usage: duration,
      },
      usage: { audioSeconds: 3 },
    },
    {
      to: 'elevenlabs',
      format: { response_format: 'srt' },
      answer: eleven,
      body: plain('1\n00:00:00,000 --> 00:00:02,400\nHello world.\n\n'),
      usage: { audioSeconds: 3 },
    },
    {
      to: 'hugging-face',
      format: { response_format: 'vtt' },
      answer: { text: ' Hello world.', chunks: [{ text: ' Hello world.', timestamp: [0, 2.4] }] },
      body: plain('WEBVTT\n\n00:00:00.000 --> 00:00:02.400\nHello world.\n\n'),
      usage: {},
    },
    { to: 'hugging-face', format: {}, answer: { text: ' Hello' }, body: { text: 'Hello' }, usage: {} },
  ]
  it.each(rows)('comes from $to as $format', ({ to, format, answer, body: wanted, usage }) => {
    expect(tell('transcription', 'openai', said(format), to, answer)).toEqual({ body: wanted, usage })
  })

  it.each([
    ['mistral', {}],
    ['gemini', { candidates: [] }],
    ['elevenlabs', { words: [] }],
    ['hugging-face', { error: 'loading' }],
  ] as const)('is malformed from %s: %j', (to, answer) => {
    expect(() => tell('transcription', 'openai', said(), to, answer)).toThrow(/upstream's answer has no text/)
  })
})

describe('a stream for OpenAI’s API', () => {
  const delta = (text: string) => ({ event: '', data: { type: 'transcript.text.delta', delta: text } })
  const done = (usage?: object) => ({
    event: '',
    data: { type: 'transcript.text.done', text: 'Hello world', ...(usage && { usage }) },
  })
  const rows: { to: FamilyId; frames: unknown[]; usage?: object }[] = [
    {
      to: 'mistral',
      frames: [
        { type: 'transcription.language', audio_language: 'en' },
        { type: 'transcription.text.delta', text: 'Hello' },
        { type: 'transcription.segment', text: 'Hello', start: 0, end: 1 },
        { type: 'transcription.text.delta', text: ' world' },
        { type: 'transcription.done', text: 'Hello world', usage: { prompt_audio_seconds: 2 } },
      ],
      usage: { type: 'duration', seconds: 2 },
    },
    {
      to: 'vllm',
      frames: [
        { object: 'transcription.chunk', choices: [{ delta: { content: 'Hello' } }] },
        { object: 'transcription.chunk', choices: [{ delta: { content: ' world' }, finish_reason: 'stop' }] },
        { object: 'transcription.chunk', choices: [], usage: { prompt_tokens: 30, completion_tokens: 3 } },
        '[DONE]',
      ],
      usage: { type: 'tokens', input_tokens: 30, output_tokens: 3, total_tokens: 33 },
    },
    {
      to: 'gemini',
      frames: [
        { candidates: [{ content: { parts: [{ text: 'Hello' }] } }] },
        {
          candidates: [{ content: { parts: [{ text: ' world' }] }, finishReason: 'STOP' }],
          usageMetadata: { promptTokenCount: 80, candidatesTokenCount: 3 },
        },
      ],
      usage: { type: 'tokens', input_tokens: 80, output_tokens: 3, total_tokens: 83 },
    },
  ]
  it.each(rows)('comes from $to', ({ to, frames, usage }) => {
    expect(follow('transcription', 'openai', said({ stream: 'true' }), to, frames)).toEqual([
      delta('Hello'),
      delta(' world'),
      done(usage),
    ])
  })

  it.each([
    ['mistral', [{ type: 'transcription.text.delta', text: 'Hel' }], 'upstream_truncated'],
    ['vllm', [{ error: { message: 'broken', code: 400 } }], 'invalid_request'],
    ['gemini', [], 'upstream_truncated'],
    ['gemini', [{ candidates: [{ finishReason: 'STOP' }] }], 'upstream_malformed'],
  ] as const)('from %s that breaks off fails: %j', (to, frames, kind) => {
    expect(() => follow('transcription', 'openai', said({ stream: 'true' }), to, frames)).toThrow(
      expect.objectContaining({ kind }) as GatewayError,
    )
  })
})

describe('what is counted', () => {
  const read = (value: unknown) =>
    CODECS.transcription.openai!.usage.read({ body: body(value), header: () => undefined })
  it.each([
    [{ text: 'a', usage: { type: 'duration', seconds: 7 } }, { audioSeconds: 7 }],
    [{ text: 'a', duration: 6.2 }, { audioSeconds: 7 }],
    [
      {
        usage: {
          type: 'tokens',
          input_tokens: 14,
          input_token_details: { text_tokens: 0, audio_tokens: 14 },
          output_tokens: 45,
        },
      },
      { inputTokens: 14, inputAudioTokens: 14, outputTokens: 45 },
    ],
    [{ kind: 'bytes', type: 'text/plain', bytes: new Uint8Array() }, {}],
    [{ type: 'transcript.text.delta', delta: 'a' }, {}],
  ])('in %j', (answer, usage) => {
    expect(read(answer)).toEqual(usage)
  })
})

describe('segments', () => {
  const word = (text: string, startSeconds: number, speaker?: string) => ({
    word: text,
    startSeconds,
    endSeconds: startSeconds + 1,
    ...(speaker && { speaker }),
  })

  it('end with a sentence, a change of speakers, or after twelve seconds', () => {
    const words = [
      word('One', 0), word('two.', 1), word('Three', 2, 'A'), word('four', 3, 'B'), word('five', 4, 'B'), word('six', 20, 'B'),
    ] // prettier-ignore
    expect(segmentsOf(words)).toEqual([
      { startSeconds: 0, endSeconds: 2, text: 'One two.' },
      { startSeconds: 2, endSeconds: 3, text: 'Three', speaker: 'A' },
      { startSeconds: 3, endSeconds: 5, text: 'four five', speaker: 'B' },
      { startSeconds: 20, endSeconds: 21, text: 'six', speaker: 'B' },
    ])
    expect(segmentsOf([])).toEqual([])
  })

  it('are written with hours', () => {
    expect(subtitles('srt', [{ startSeconds: 3661.0015, endSeconds: 3662, text: 'a' }])).toBe(
      '1\n01:01:01,002 --> 01:01:02,000\na\n\n',
    )
  })
})
