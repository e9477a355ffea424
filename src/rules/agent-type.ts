/** Agents that are known by what they send; empty: any other program. */
export const AGENT_TYPES = ['', 'claude-code', 'codex', 'gemini-cli', 'opencode', 'qwen-code'] as const

export type AgentType = (typeof AGENT_TYPES)[number]

/** Beginnings of `user-agent` (Claude Code 2.1, Codex 0.169, Gemini CLI 0.61, OpenCode 1.18, Qwen Code 0.24). */
const USER_AGENTS: readonly (readonly [beginning: RegExp, agent: AgentType])[] = [
  [/^claude-(?:cli|code)\//i, 'claude-code'],
  [/^codex[_-]/i, 'codex'],
  [/^GeminiCLI/i, 'gemini-cli'],
  [/^opencode\//i, 'opencode'],
  [/^QwenCode\//i, 'qwen-code'],
]

/**
 * Which agent makes a call, by its headers, with lower-case names. In its Bedrock and Vertex modes Claude Code has the
 * user agent of the cloud's SDK, and is known by its session header. Qwen Code poses as Claude Code where it speaks to
 * Anthropic's API, and counts as it.
 */
export function agentType(headers: Readonly<Record<string, string | undefined>>): AgentType {
  if (headers['x-claude-code-session-id'] !== undefined) return 'claude-code'
  const userAgent = headers['user-agent'] ?? ''
  return USER_AGENTS.find(([beginning]) => beginning.test(userAgent))?.[1] ?? ''
}
