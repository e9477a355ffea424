import type { AnswerHeaders } from '../wire/egress.ts'
import type { Passage } from './passage.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** One attempt made ready: what goes up, and what becomes of the answer. Nothing has been sent. */
export interface PreparedAttempt {
  readonly body: Buffer
  /** What a streamed answer goes through; undefined: the client waits for a whole one. */
  readonly passage: Passage | undefined
  streamHeaders: (upstream: AnswerHeaders) => Record<string, string | string[]>
  /** Gives the answer to a client that waits for a whole one. Throws the failure that it tells of. */
  answerWhole: (answer: WholeAnswer) => void
}
