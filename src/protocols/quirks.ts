/** Named, declared differences of a provider; shared code never branches on a provider's name. */
export interface Quirks {
  /** Field for the output limit. Default `max_completion_tokens` for reasoning models, else `max_tokens`. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens'
  /** Role of system text. Default: `developer` for reasoning models, else `system`. */
  systemRole?: 'system' | 'developer'
  /** Field of assistant history that takes reasoning text back; providers without it must not get any. */
  reasoningHistoryField?: 'reasoning_content' | 'reasoning'
  /** Fields of messages that it does not know are refused: what clients send of another model's reasoning is cut out. Default false. */
  knownMessageFieldsOnly?: boolean
  /** How effort is asked for. Default `reasoning_effort`. */
  effortStyle?: 'reasoning_effort' | 'reasoning-object' | 'none'
  /** `stream_options.include_usage` is refused, or usage comes unasked. Default true: it is sent. */
  streamOptions?: boolean
  /** `parallel_tool_calls` is understood. Default true. */
  parallelToolCalls?: boolean
  /** Highest number of stop sequences. Default 4, 0: not supported. */
  stopSequencesMax?: number
  /** `response_format` with a JSON schema is understood. Default true. */
  jsonSchema?: boolean
  /** Parts with a file are understood. Default false on Chat Completions, where only text is sent then; true on Responses. */
  fileParts?: boolean
  /** Images are taken by URL as well as inline. Default true. */
  imageUrls?: boolean
  /** Tool call ids must have exactly this many letters and digits (Mistral: 9). */
  toolCallIdLength?: number
  /**
   * How the provider searches the web itself: a `plugins` entry (OpenRouter) or `web_search_options`. On Responses
   * it does unless this says `none`.
   */
  webSearch?: 'plugins' | 'web_search_options' | 'none'
  /** Reasoning can be asked for in encrypted form and given back (Responses). Default true. */
  encryptedReasoning?: boolean
  /** The field that takes a hashed end-user id. Default `safety_identifier`; `user` on older APIs; none: not sent. */
  userField?: 'safety_identifier' | 'user' | 'none'
  /** `prompt_cache_key` is understood. Default false. */
  promptCacheKey?: boolean
  /** `cache_control` marks on content parts are understood (OpenRouter, for Claude and Gemini). Default false. */
  cacheControl?: boolean
  /** Text may come in parts. Default true; false: as one string (DeepSeek refuses lists). */
  textParts?: boolean
  /** System messages may stand inside the conversation. Default true; false: they go as marked user text (Qwen's and other templates refuse them). */
  systemAnywhere?: boolean
  /** A user message may follow tool results. Default true; false: a short assistant message goes between (Mistral). */
  userAfterTool?: boolean
  /** Models that know effort `none` take function tools only with it (OpenAI's Chat API since GPT-5.2). Default false. */
  toolsNeedEffortNone?: boolean
  /** Highest number of tools. Default 128, OpenAI's own limit. */
  toolsMax?: number
}
