import { free } from '../lib/free.ts'
import type { Warning } from '../message/request.ts'
import type { AnswerHeaders } from '../wire/egress.ts'
import type { Passage } from './passage.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** A request's body on its way up. */
export interface UpstreamBody {
  readonly body: Buffer
  /** To be called when the body is written and read no more. */
  onSent: () => void
  /** What the upstream is told in `anthropic-beta`. Absent: what the client says. */
  betas?: readonly string[]
  /** What had to be left out of the client's body. */
  warnings?: readonly Warning[]
}

/** A body that was made for this attempt alone. */
export function ownBody(body: Buffer): UpstreamBody {
  return { body, onSent: () => free(body) }
}

/** One attempt made ready: what goes up, and what becomes of the answer. Nothing has been sent. */
export interface PreparedAttempt extends UpstreamBody {
  /** What a streamed answer goes through; undefined: the client waits for a whole one. */
  readonly passage: Passage | undefined
  streamHeaders: (upstream: AnswerHeaders) => Record<string, string | string[]>
  /** Gives the answer to a client that waits for a whole one. Throws the failure that it tells of. */
  answerWhole: (answer: WholeAnswer) => void
}
