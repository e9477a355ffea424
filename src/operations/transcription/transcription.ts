import type { Usage } from '../../message/usage.ts'
import { unsupported } from '../body.ts'
import type { File } from '../body.ts'

/** What is said in a recording. */
export interface TranscriptionRequest {
  readonly file: File
  /** ISO 639-1. */
  readonly language?: string
  /** Words that are likely to be said, or what was said before. */
  readonly prompt?: string
  readonly temperature?: number
  readonly format: TranscriptFormat
  readonly granularities: readonly string[]
}

export type TranscriptFormat = 'json' | 'text' | 'srt' | 'verbose_json' | 'vtt' | 'diarized_json'

export interface TranscriptionAnswer {
  readonly text: string
  readonly language?: string
  readonly durationSeconds?: number
  /** Where the format needs them, in order. */
  readonly segments: readonly Segment[]
  readonly words: readonly Word[]
  readonly usage: Partial<Usage>
}

export interface Segment {
  readonly startSeconds: number
  readonly endSeconds: number
  readonly text: string
  readonly speaker?: string
}

export interface Word {
  readonly startSeconds: number
  readonly endSeconds: number
  readonly word: string
  readonly speaker?: string
}

/** Does the client need to know when each sentence was said? */
export function needsTimes({ format }: TranscriptionRequest): boolean {
  return format !== 'json' && format !== 'text'
}

/** Throws `unsupported` for the formats that tell when, or by whom, something was said. */
export function refuseTimes(request: TranscriptionRequest): void {
  if (needsTimes(request))
    throw unsupported('response_format', `this provider makes json and text, not ${request.format}.`)
}

export function refuseSpeakers(request: TranscriptionRequest): void {
  if (request.format === 'diarized_json')
    throw unsupported('response_format', 'this provider does not tell speakers apart.')
}

const SENTENCE_END = /[.!?。！？…]["'”’)]*$/
const SEGMENT_MAX_SECONDS = 12

/** Sentences out of words: a new one after a full stop, another speaker, or twelve seconds. */
export function segmentsOf(words: readonly Word[]): Segment[] {
  const segments: Segment[] = []
  let open: Word[] = []
  const close = () => {
    const [first] = open
    if (first === undefined) return
    const text = open.map(({ word }) => word.trim()).join(' ')
    const { speaker, startSeconds } = first
    segments.push({
      startSeconds,
      endSeconds: open.at(-1)!.endSeconds,
      text,
      ...(speaker === undefined ? {} : { speaker }),
    })
    open = []
  }
  for (const word of words) {
    const [first] = open
    const isLong = first !== undefined && word.endSeconds - first.startSeconds > SEGMENT_MAX_SECONDS
    if (isLong || (first !== undefined && word.speaker !== first.speaker)) close()
    open.push(word)
    if (SENTENCE_END.test(word.word.trim())) close()
  }
  close()
  return segments
}
