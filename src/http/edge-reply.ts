import type { Reply } from '../pipeline/call.ts'

export type ReplyHeaders = Record<string, string | string[]>

/** The writer to a client as the edge knows it, over either version of HTTP. */
export interface EdgeReply extends Reply {
  /** Headers that the answer has whoever gives it. */
  add(headers: Record<string, string>): void
}
