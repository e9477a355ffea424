import type { Json } from './json.ts'

/**
 * A tool as the request offers it. `custom` ones take free text, `local_shell` a command line, both OpenAI's; those
 * of kind `server` run at the provider, so the scripted model never calls them.
 */
export interface OfferedTool {
  name: string
  kind: 'function' | 'custom' | 'local_shell' | 'server'
  /** The provider's own type name, such as `web_search_20250305`. */
  type?: string
  /** The group that the tool was offered in, which a call must name (OpenAI Responses). */
  namespace?: string
  schema?: Json
}

export interface ToolResult {
  id: string
  text: string
  isError: boolean
}

export interface Turn {
  role: 'user' | 'assistant'
  texts: string[]
  results: ToolResult[]
}

/** What every wire API says in its own way: the part of a request that decides the answer. */
export interface Conversation {
  model: string
  stream: boolean
  turns: Turn[]
  tools: OfferedTool[]
  stopSequences: string[]
  /** The schema of a structured answer, when one is asked for. */
  jsonSchema?: Json
  /** `hidden`: the client wants the signature without the text (`thinking.display: "omitted"`). */
  thinking: 'shown' | 'hidden' | 'off'
  /** The model thinks before each turn, whatever the script says. */
  alwaysThinks?: boolean
  /** Whether a stream ends with usage; OpenAI Chat sends it only on request. */
  usageInStream: boolean
  /** Whether the request asks for a verdict on its tool calls (Claude Code's `safeguards`). */
  asksVerdict: boolean
}

/** Joins the text parts of a content value that may be a string, a list of parts, or absent. */
export function textOf(content: Json): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return content === null || content === undefined ? '' : JSON.stringify(content)
  return content.map((part) => (typeof part === 'string' ? part : (part?.text ?? ''))).join('\n')
}
