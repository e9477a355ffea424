import type { Place } from './body-ring.ts'
import type { LogEntry, LogPage, LogQuery } from './port.ts'
import type { Limits } from './retention.ts'

/** What the threads of the log store say to each other. */

export interface WriterThreadData {
  path: string
  journalDirectory: string
  limits: Limits
  /** Of the ring in which the bodies are. */
  memory: SharedArrayBuffer
}

/** A body in the ring, or word that a call's answer found no room there. */
export type HandedBody =
  | { type: 'request'; id: string; place: Place }
  | { type: 'response'; id: string; place: Place; isStream: boolean; truncatedBytes: number }
  | { type: 'shed'; id: string }

export type ToWriterThread =
  /** There are new lines in the journal, and perhaps bodies. */
  | { type: 'work'; bodies: HandedBody[] }
  | { type: 'flush'; id: number }
  | { type: 'limits'; limits: Limits }
  /** The journal is closed. */
  | { type: 'close' }

export type FromWriterThread =
  /** The thread is done with so many of the bodies it was told of; `dropped` of them could not be stored. */
  | { type: 'done'; taken: number; dropped: number }
  | { type: 'flushed'; id: number }
  | { type: 'report'; message: string; detail: string | undefined }

export type ToReaderThread =
  | { type: 'list'; id: number; query: LogQuery }
  | { type: 'get'; id: number; callId: string }

export type FromReaderThread =
  | { id: number; result: LogPage | LogEntry | undefined }
  | { id: number; error: string }
