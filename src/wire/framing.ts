import { readBareJson, readFrame, SseFramer } from './sse.ts'

/** One event of a stream, however it was packed. */
export interface Frame {
  /**
   * Empty where the framing names none. An exception of an AWS event stream begins with {@link EXCEPTION}, before
   * its name.
   */
  event: string
  data: string
}

/** Begins the name of an event that an AWS event stream marks as an exception. */
export const EXCEPTION = 'exception/'

/** How the events of a stream lie in its bytes. Codecs see frames alone, so each framing is written once. */
export interface Framing {
  readonly id: 'sse' | 'json-array' | 'aws-events' | 'aws-chunks'
  /** Of an answer that is framed so. */
  readonly contentType: string
  reader(onFrame: (frame: Frame) => void): FrameReader
  writer(): FrameWriter
  /**
   * For clients that find a failure only where it comes alone, and lose with the connection what they have not read:
   * so long after the events it is written, and so long after it the connection is broken off.
   */
  readonly failurePauseMs?: number
}

/** Bytes in, frames out, synchronously, however the bytes are sliced. */
export interface FrameReader {
  /** Throws `FrameError` on bytes that are no such stream; nothing more is to be given to it then. */
  push(bytes: Uint8Array): void
  /** No more bytes come. */
  end(): void
  /** Every byte so far belongs to a frame that is whole: another frame can be put in here. */
  readonly isBetweenFrames: boolean
}

export interface FrameWriter {
  write(event: string, data: string): string | Uint8Array
  /** Keeps an idle connection open and means nothing; empty where the framing has nothing of the kind. */
  readonly idle: string
  /** What stands behind the last frame. */
  end(): string
}

/** One server-sent event as text. */
export function sseText(event: string, data: string): string {
  return event === '' ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`
}

/** A comment: every client skips it. */
export const SSE_COMMENT = ': ping\n\n'

const sseWriter: FrameWriter = { write: sseText, idle: SSE_COMMENT, end: () => '' }

/** Server-sent events, the framing of every API but AWS's. */
export const sse: Framing = {
  id: 'sse',
  contentType: 'text/event-stream; charset=utf-8',
  reader: (onFrame) => new SseReader(onFrame),
  writer: () => sseWriter,
}

class SseReader implements FrameReader {
  readonly #framer: SseFramer

  constructor(onFrame: (frame: Frame) => void) {
    this.#framer = new SseFramer((bytes, start, end) => {
      const frame = readFrame(bytes, start, end) ?? readBareJson(bytes, start, end)
      if (frame !== undefined) onFrame(frame)
    })
  }

  push(bytes: Uint8Array): void {
    this.#framer.push(bytes)
  }

  end(): void {
    this.#framer.end()
  }

  get isBetweenFrames(): boolean {
    return this.#framer.isBetweenFrames
  }
}

/** Servers write the parameters of a media type as they like. */
export function isFramedAs({ contentType }: Framing, given: string): boolean {
  return given.toLowerCase().startsWith(contentType.split(';', 1)[0]!)
}
