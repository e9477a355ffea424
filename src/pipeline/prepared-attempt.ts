import type { AnswerHeaders } from '../wire/egress.ts'
import type { Passage } from './passage.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** One attempt made ready: what goes up, and what becomes of the answer. Nothing has been sent. */
export interface PreparedAttempt {
  readonly body: Buffer
  /** What a streamed answer goes through; undefined: the client waits for a whole one. */
  readonly passage: Passage | undefined
  streamHeaders(upstream: AnswerHeaders): Record<string, string | string[]>
  /** Gives the client an answer that came in one piece. */
  answerWhole(answer: WholeAnswer): void
}
