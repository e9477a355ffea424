import type { Usage } from '../../message/usage.ts'
import { unsupported } from '../body.ts'

/** A text read aloud. */
export interface SpeechRequest {
  readonly input: string
  /** Empty where `speakers` says it. */
  readonly voice: string
  /** Of a dialogue: whose lines are read by which voice. */
  readonly speakers: readonly Speaker[]
  /** Absent: as the provider does. */
  readonly format?: AudioFormat
  readonly speed?: number
  /** How it is to be read. */
  readonly instructions?: string
}

export interface Speaker {
  readonly speaker: string
  readonly voice: string
}

/** pcm: 16 bit, 24 kHz, one channel, least significant byte first. */
export type AudioFormat = 'mp3' | 'opus' | 'aac' | 'flac' | 'wav' | 'pcm'

export interface SpeechAnswer {
  readonly audio: Uint8Array
  readonly mediaType: string
  readonly usage: Partial<Usage>
}

export const MEDIA_TYPES: Readonly<Record<AudioFormat, string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
}

/** What text is billed by, where it is not by tokens: letters as people count them. */
export function charactersOf(input: string): number {
  let characters = 0
  for (const _letter of input) characters++
  return characters
}

/** The format, if the provider makes it. Throws `unsupported`, naming those that it makes. */
export function formatOf<Format extends AudioFormat>(
  { format }: SpeechRequest,
  supported: readonly Format[],
  standard: Format,
): Format {
  if (format === undefined) return standard
  const found = supported.find((each) => each === format)
  if (found !== undefined) return found
  throw unsupported('response_format', `this provider makes ${supported.join(', ')}, not ${format}.`)
}

const WAV_HEADER_BYTES = 44
/** What players take for a length that is not known yet. */
const ENDLESS = 0xffff_ffff

/** The head of a WAV file before 16-bit samples of one channel; without a length, that of a stream. */
export function wavHeader(samplesPerSecond: number, dataBytes?: number): Uint8Array {
  const header = new Uint8Array(WAV_HEADER_BYTES)
  const view = new DataView(header.buffer)
  const word = (at: number, text: string) => header.set(new TextEncoder().encode(text), at)
  word(0, 'RIFF')
  view.setUint32(4, dataBytes === undefined ? ENDLESS : dataBytes + WAV_HEADER_BYTES - 8, true)
  word(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, samplesPerSecond, true)
  view.setUint32(28, samplesPerSecond * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  word(36, 'data')
  view.setUint32(40, dataBytes ?? ENDLESS, true)
  return header
}

export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
