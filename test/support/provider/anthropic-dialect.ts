import { type Json, listOf } from './json.ts'
import type { Headers } from './protocol.ts'

/** How a host takes the body of the Messages API. */
export interface ClaudeDialect {
  /** What it takes at the top level; anything else is `x: Extra inputs are not permitted`. */
  fields: string
  /** Fields inside `output_config` that it refuses. */
  withoutOutput?: string[]
  /** Values of `anthropic_version`. Absent: the version stands in a header. */
  versions?: string[]
  /** The betas that are asked for. */
  betas: (body: Json, headers: Headers) => string[]
  /** Betas that it knows, by the beginning of their names. Absent: it knows all. */
  knownBetas?: string[]
  unknownBeta: (names: string[]) => string
  /** Tools of the provider's own that it runs. */
  hostedTools: RegExp
}

const SHARED =
  'messages system tools tool_choice metadata max_tokens thinking context_management output_config ' +
  'stop_sequences temperature top_p top_k'

const CLOUD_BETAS = [
  'compact-',
  'computer-use-',
  'context-1m-',
  'context-management-',
  'effort-',
  'fine-grained-tool-streaming-',
  'interleaved-thinking-',
  'output-128k-',
  'thinking-token-count-',
  'token-efficient-tools-',
  'tool-search-tool-',
]

const namesOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)

const unexpected = (names: string[]) =>
  `Unexpected value(s) ${names.map((name) => `\`${name}\``).join(', ')} for the \`anthropic-beta\` header. Please consult our documentation at platform.claude.com/docs or try again without the header.`

/** Anthropic's own service. */
export const ANTHROPIC_DIALECT: ClaudeDialect = {
  fields: `${SHARED} model stream output_format safeguards service_tier container mcp_servers speed inference_geo fallbacks diagnostics cache_control`,
  betas: (_body, headers) => namesOf(headers['anthropic-beta']),
  unknownBeta: unexpected,
  hostedTools: /^/,
}

/** Google's Vertex: the model is in the path, the stream in both. The dated version is what newer SDKs send. */
export const VERTEX_DIALECT: ClaudeDialect = {
  fields: `${SHARED} stream anthropic_version anthropic_beta`,
  withoutOutput: ['format'],
  versions: ['vertex-2023-10-16', '2026-10-21'],
  betas: (body, headers) => [...namesOf(headers['anthropic-beta']), ...listOf(body.anthropic_beta)],
  knownBetas: [...CLOUD_BETAS, 'claude-code-', 'web-search-'],
  unknownBeta: unexpected,
  hostedTools: /^(bash|computer|memory|text_editor|tool_search_tool|web_search)_/,
}

/**
 * Amazon's Bedrock: model and stream are in the path, betas in the body, where a header means nothing. In auto mode
 * Claude Code asks it for a verdict, too, and for the betas of that.
 */
export const BEDROCK_DIALECT: ClaudeDialect = {
  fields: `${SHARED} anthropic_version anthropic_beta safeguards`,
  versions: ['bedrock-2023-05-31', '2026-10-21'],
  betas: (body) => listOf(body.anthropic_beta),
  knownBetas: [...CLOUD_BETAS, 'afk-mode-', 'dangerous-tool-use-', 'structured-outputs-', 'tool-examples-'],
  unknownBeta: () => 'invalid beta flag',
  hostedTools: /^(bash|computer|memory|text_editor|tool_search_tool)_/,
}
