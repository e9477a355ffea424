import type { Dialect } from '../dialect.ts'
import { encodeAwsError } from '../shared/aws-error.ts'

/**
 * Claude's own body where others host Claude. Which betas and fields a host takes is nowhere documented in one
 * place: these are the ones that Claude Code itself sends there, and those of which users of other gateways report
 * that they work. Any other is a 400 (`invalid beta flag`, `Extra inputs are not permitted`).
 */

/** Betas that both hosts take; for the search of tools they know only the older name. */
const SHARED_BETAS: readonly (readonly [name: string, there: string])[] = [
  ...[
    'interleaved-thinking-2025-05-14',
    'thinking-token-count-2026-05-13',
    'thinking-binding-controls-2026-08-01',
    'thinking-display-updates-2026-08-18',
    'effort-2025-11-24',
    'compact-2026-01-12',
    'computer-use-2025-01-24',
    'computer-use-2025-11-24',
    'tool-search-tool-2025-10-19',
  ].map((name) => [name, name] as const),
  ['advanced-tool-use-2025-11-20', 'tool-search-tool-2025-10-19'],
]

const BETAS_WHERE: ReadonlyMap<string, readonly string[]> = new Map([
  ['tool-search-tool-2025-10-19', ['"defer_loading"', '"tool_reference"', '"tool_search_tool_']],
  ['mid-conversation-tool-changes-2026-07-01', ['"tool_addition"', '"tool_removal"']],
])

/** What only Anthropic's own service does; each belongs to a beta that neither host takes. */
const REFUSED: readonly string[] = [
  'context_management',
  'mcp_servers',
  'container',
  'service_tier',
  'speed',
  'inference_geo',
  'fallbacks',
  'diagnostics',
  'safeguards',
  'system[].cache_control.scope',
  'tools[].cache_control.scope',
  'messages[].content[].cache_control.scope',
  'messages[].output_config',
  'messages[].clear_at',
]

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html */
export const bedrockInvoke: Dialect = {
  id: 'bedrock-invoke',
  without: ['model', 'stream'],
  needs: { anthropic_version: '"bedrock-2023-05-31"' },
  betasField: 'anthropic_beta',
  betas: new Map([
    ...SHARED_BETAS,
    ['context-1m-2025-08-07', 'context-1m-2025-08-07'],
    ['fine-grained-tool-streaming-2025-05-14', 'fine-grained-tool-streaming-2025-05-14'],
    ['mid-conversation-tool-changes-2026-07-01', 'mid-conversation-tool-changes-2026-07-01'],
  ]),
  betasWhere: BETAS_WHERE,
  refuses: REFUSED,
  encodeError: encodeAwsError,
}

/** https://docs.claude.com/en/api/claude-on-vertex-ai; `stream` stays in the body. */
export const vertex: Dialect = {
  id: 'vertex-anthropic',
  without: ['model'],
  needs: { anthropic_version: '"vertex-2023-10-16"' },
  betas: new Map([
    ...SHARED_BETAS,
    ['claude-code-20250219', 'claude-code-20250219'],
    ['compact-2026-09-04', 'compact-2026-09-04'],
    ['web-search-2025-03-05', 'web-search-2025-03-05'],
  ]),
  betasWhere: BETAS_WHERE,
  refuses: [...REFUSED, 'output_config.format', 'output_format'],
}
