import type { CallContent, LogEntry, LogPage, LogQuery } from './port.ts'
import type { Limits } from './retention.ts'

/** What the threads of the log store say to each other. */

export interface WriterThreadData {
  path: string
  journalDirectory: string
  limits: Limits
}

export interface HandedContent {
  content: CallContent
  /** What it counts for among the bytes under way. */
  bytes: number
}

export type ToWriterThread =
  /** There are new lines in the journal, and perhaps bodies. */
  | { type: 'work'; contents: HandedContent[] }
  | { type: 'flush'; id: number }
  | { type: 'limits'; limits: Limits }
  /** The journal is closed. */
  | { type: 'close' }

export type FromWriterThread =
  /** Bodies that are no longer under way, `dropped` of them because they could not be stored. */
  | { type: 'done'; contents: number; bytes: number; dropped: number }
  | { type: 'flushed'; id: number }
  | { type: 'report'; message: string; detail: string | undefined }

export type ToReaderThread =
  | { type: 'list'; id: number; query: LogQuery }
  | { type: 'get'; id: number; callId: string }

export type FromReaderThread =
  | { id: number; result: LogPage | LogEntry | undefined }
  | { id: number; error: string }
