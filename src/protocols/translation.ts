import type { JsonObject, Request, Warning } from '../message/request.ts'
import type { ModelFacts } from '../models/facts.ts'
import type { Quirks } from './quirks.ts'

export interface Decoded {
  request: Request
  warnings: Warning[]
  /** The client asked for a usage chunk at the end of its stream (OpenAI's `stream_options.include_usage`). */
  includeUsage?: boolean
  /** For {@link EncodeContext.memo}. */
  answerMemo?: AnswerMemo
}

/** What decoding a request must remember for encoding its answer. Empty for most. */
export interface AnswerMemo {
  /** How the client knows tools that the hub has as functions, by their name in the hub. */
  callForms?: ReadonlyMap<string, CallForm>
  /** Settings of the request that the answer says back. */
  echo?: JsonObject
}

/** How a client knows a tool. */
export interface CallForm {
  /** Its kind on the client's wire: `function`, `custom`, `local_shell` … */
  type: string
  name: string
  namespace?: string
}

/** What an encoder may know of the place that the request goes to. */
export interface EncodeTarget {
  /** The model's id at the provider. */
  model: string
  /** Undefined for a model that the catalogue does not know. */
  facts: ModelFacts | undefined
  /** Declared differences from the protocol's reference implementation. */
  quirks: Quirks
}

export interface Encoded {
  /** JSON text in pieces, to be sent one behind the other; see {@link jsonPieces}. */
  body: readonly string[]
  warnings: Warning[]
  memo: Memo
}

/** What encoding a request must remember for decoding its answer. Empty for most. */
export interface Memo {
  /** Tool names as sent → as the client knows them, where they had to be shortened. */
  toolNames?: Map<string, string>
  /** Stop sequences that the upstream does not obey: the gateway cuts the answer itself. */
  enforceStop?: readonly string[]
  /** A web search was asked for that the upstream cannot run: the client is told so in its own form. */
  webSearchUnavailable?: boolean
  /** A web search was asked for, and the upstream runs it: what it cites is what it found. */
  webSearch?: boolean
  /** Stop sequences that were sent: some upstreams tell at which of them they stopped. */
  stopSequences?: readonly string[]
  /** Ids of the tool calls in the conversation so far: an upstream that gives one of them again gets another. */
  callIds?: ReadonlySet<string>
}

/** What encoding an answer must know of the client's request. */
export interface EncodeContext {
  /** Echoed as the answer's model: Claude Code compares it with what it asked for. */
  requestedModel: string
  /** Id of the answer where the upstream gives none. */
  responseId: string
  /** Estimated input tokens, shown until the upstream reports the truth. */
  inputTokensEstimate: number
  /** The client asked for a usage chunk at the end (OpenAI `stream_options.include_usage`). */
  includeUsage?: boolean
  created_s: number
  memo?: AnswerMemo
}
