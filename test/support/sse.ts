import fc from 'fast-check'
import type { Event } from '../../src/message/event.ts'
import type { StreamDecoder, StreamEncoder } from '../../src/protocols/stream.ts'
import type { EncodeContext } from '../../src/protocols/translation.ts'
import type { Frame } from '../../src/wire/framing.ts'
import { sseText } from '../../src/wire/framing.ts'
import { SseFramer, readFrame } from '../../src/wire/sse.ts'
import type { Json } from './provider/json.ts'

export const CONTEXT: EncodeContext = {
  requestedModel: 'openai/gpt-5',
  responseId: 'msg_0001',
  inputTokensEstimate: 100,
  created_s: 1_700_000_000,
}

/** The wire text of the events. */
export function encodeAll(encoder: StreamEncoder, events: readonly Event[]): string {
  let wire = ''
  for (const event of events) encoder.push(event, (name, data) => (wire += sseText(name, data)))
  return wire
}

/** The frames of a wire text, through the real framer. */
export function framesOf(wire: string | Uint8Array, slices: readonly number[] = []): Frame[] {
  const frames: Frame[] = []
  const framer = new SseFramer((bytes, start, end) => {
    const frame = readFrame(bytes, start, end)
    if (frame !== undefined) frames.push(frame)
  })
  for (const part of slice(typeof wire === 'string' ? new TextEncoder().encode(wire) : wire, slices))
    framer.push(part)
  framer.end()
  return frames
}

/** The parsed data of the frames. */
export function dataOf(wire: string): Json[] {
  return framesOf(wire).map(({ data }) => JSON.parse(data))
}

export function decodeAll(
  decoder: StreamDecoder,
  wire: string | Uint8Array,
  slices: readonly number[] = [],
): Event[] {
  const events: Event[] = []
  const emit = (event: Event) => events.push(event)
  for (const frame of framesOf(wire, slices)) decoder.push(frame, emit)
  decoder.end(emit)
  return events
}

/** Cuts the bytes at the given places (modulo their length). */
export function slice(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [...cuts, bytes.length].map((end, at) => bytes.subarray(at === 0 ? 0 : cuts[at - 1], end))
}

export const slices = fc.array(fc.nat({ max: 100_000 }), { maxLength: 12 })

/** One server-sent event. */
export function sse(event: { type: string } & Record<string, unknown>): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
