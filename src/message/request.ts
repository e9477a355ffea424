/**
 * The hub's request: what every wire API can say, block by block.
 *
 * It is shaped after the rich protocols (Anthropic Messages, OpenAI Responses), because a hub shaped after
 * Chat Completions would lose block order, cache boundaries and signatures on every hop.
 */

/** A parsed JSON object whose keys come from outside. */
export type JsonObject = { [key: string]: unknown }

export interface Request {
  model: string
  /** Leading system text, one entry per block: prompt caches end at block boundaries, so they are never joined. */
  system: TextBlock[]
  messages: Message[]
  tools: readonly Tool[]
  toolChoice?: ToolChoice
  /** false: at most one tool call a turn. */
  parallelTools?: boolean
  maxTokens?: number
  temperature?: number
  topP?: number
  topK?: number
  stopSequences: string[]
  reasoning?: Reasoning
  format?: OutputFormat
  /** Opaque id of the end user or session, as the client sent it. Never leaves the gateway unhashed. */
  userId?: string
  stream: boolean
  /** Top-level fields of the client's protocol that the hub has no word for. */
  extra: JsonObject
}

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: Block[]
}

export type Block =
  | TextBlock
  | ImageBlock
  | DocumentBlock
  | SearchResultBlock
  | ThinkingBlock
  | RedactedThinkingBlock
  | ToolCallBlock
  | ToolResultBlock
  | ToolReferenceBlock
  | OpaqueBlock

/** A prompt-cache breakpoint after the block that carries it. */
export interface CacheMark {
  ttl?: '5m' | '1h'
}

export interface TextBlock {
  type: 'text'
  text: string
  citations?: JsonObject[]
  cache?: CacheMark
}

export interface ImageBlock {
  type: 'image'
  source: Source
  cache?: CacheMark
}

export interface DocumentBlock {
  type: 'document'
  source: Source
  title?: string
  context?: string
  /** The client asked for citations into this document. */
  citations?: boolean
  cache?: CacheMark
}

/** A passage that the client retrieved itself and gives the model to cite. */
export interface SearchResultBlock {
  type: 'search-result'
  source: string
  title: string
  content: TextBlock[]
  cache?: CacheMark
}

export interface ThinkingBlock {
  type: 'thinking'
  text: string
  /** Opaque proof of origin; valid only at the service that made it. */
  signature?: string
}

export interface RedactedThinkingBlock {
  type: 'redacted-thinking'
  data: string
}

export interface ToolCallBlock {
  type: 'tool-call'
  id: string
  name: string
  /** JSON text of the arguments, as exact as the client sent it ("{}" when it sent none). */
  arguments: string
  cache?: CacheMark
}

export interface ToolResultBlock {
  type: 'tool-result'
  callId: string
  content: Block[]
  isError: boolean
  cache?: CacheMark
}

/** The result of a tool search: from here on the model may call the deferred tool of this name. */
export interface ToolReferenceBlock {
  type: 'tool-reference'
  name: string
}

/** A block that only one protocol knows: server tool calls and results, compaction, tool additions … */
export interface OpaqueBlock {
  type: 'opaque'
  protocol: string
  /** The block's type on its own wire. */
  kind: string
  raw: JsonObject
}

export type Source =
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'url'; url: string; mediaType?: string }
  | { kind: 'file'; id: string }
  | { kind: 'text'; text: string }
  | { kind: 'blocks'; blocks: Block[] }

export type Tool = FunctionTool | ServerTool

export interface FunctionTool {
  kind: 'function'
  name: string
  description?: string
  /** JSON Schema of the arguments; absent when the client sent none. */
  schema?: JsonObject
  strict?: boolean
  /** Not offered to the model until a tool-reference names it. */
  deferred?: boolean
  cache?: CacheMark
  /** Fields of the tool that only the client's protocol knows (`input_examples`, `allowed_callers` …). */
  extra: JsonObject
}

/** A tool with a meaning fixed by its protocol, run by the provider (`web_search_…`) or by the client (`bash_…`). */
export interface ServerTool {
  kind: 'server'
  /** Versioned type on its own wire, e.g. `web_search_20250305`. */
  type: string
  name: string
  raw: JsonObject
}

export type ToolChoice =
  | { type: 'auto' }
  | { type: 'none' }
  | { type: 'required' }
  | { type: 'tool'; name: string }

/** Ordered from least to most; a provider that lacks one takes the nearest it has. */
export type Effort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

export interface Reasoning {
  /** off: asked not to think; adaptive: the model decides; budget: at most `budgetTokens`. */
  mode: 'off' | 'adaptive' | 'budget'
  budgetTokens?: number
  effort?: Effort
  /** How much of the thinking the client wants to see, in Anthropic's words: `summarized`, `omitted`, `updates`. */
  display?: string
}

/** The answer must be JSON; with a schema, JSON that fits it. */
export interface OutputFormat {
  type: 'json'
  name?: string
  schema?: JsonObject
  strict?: boolean
}

/** Something of the request or the answer that the other side cannot carry. Shown in the log, never silent. */
export interface Warning {
  /** dropped: left out; changed: sent differently; emulated: done by the gateway instead. */
  kind: 'dropped' | 'changed' | 'emulated'
  /** Path in the client's own terms, e.g. `top_k` or `messages[].content[].citations`. */
  field: string
  reason: string
}
