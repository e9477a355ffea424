import { setTimeout as sleep } from 'node:timers/promises'

/**
 * One step of an answer: bytes (one socket write each), a pause, or one of three words for how it breaks: `reset`
 * destroys the connection with RST, `close` ends it without ending the message, `hang` stays silent until the
 * client leaves. To send one of these words as text, give it as bytes.
 */
export type Part = string | Uint8Array | { pause_ms: number }

export type Parts = Iterable<Part> | AsyncIterable<Part>

/** Where parts go. */
export interface Sink {
  /** Writes and waits for the peer to take it; false when the peer is gone. */
  write(bytes: Uint8Array): Promise<boolean>
  reset(): void
  close(): void
  /** Aborted when the peer is gone. */
  gone: AbortSignal
}

/** Plays parts in order. True when the message is complete and the caller should end it properly. */
export async function play(parts: Parts, sink: Sink): Promise<boolean> {
  for await (const part of parts) {
    if (sink.gone.aborted) return false
    if (part === 'reset' || part === 'close') {
      sink[part]()
      return false
    }
    if (part === 'hang') {
      await untilGone(sink.gone)
      return false
    }
    if (typeof part === 'object' && 'pause_ms' in part) await pause(part.pause_ms, sink.gone)
    else if (!(await sink.write(Buffer.from(part as Uint8Array)))) return false
  }
  return !sink.gone.aborted
}

/** Waits, but not for a peer that has left. */
export async function pause(milliseconds: number, gone: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal: gone }).catch(() => undefined)
}

const untilGone = (gone: AbortSignal) =>
  gone.aborted
    ? Promise.resolve()
    : new Promise<void>((resolve) => gone.addEventListener('abort', () => resolve(), { once: true }))
