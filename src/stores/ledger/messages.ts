/** What the thread is told at its start. */
export interface FoldingThreadData {
  path: string
  journalDirectory: string
}

export type ToFoldingThread =
  /** There are lines in the journal. */
  | { type: 'work' }
  /** Say when all lines of now are in the database. */
  | { type: 'flush'; id: number }
  /** Nobody writes the journal any more. */
  | { type: 'close' }

export type FromFoldingThread =
  | { type: 'flushed'; id: number }
  | { type: 'report'; message: string; detail: string | undefined }
