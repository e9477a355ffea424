import type { RuleFacts } from '../../src/rules/rule-variables.ts'

/** A call of Claude Code on a Saturday morning, of a virtual key in a team. */
export function facts(change: Partial<RuleFacts> = {}): RuleFacts {
  return {
    model: 'claude-opus-5-5',
    provider: '',
    requestType: 'responses',
    stream: true,
    headers: {
      'user-agent': 'claude-cli/2.1.329 (external, cli)',
      'x-team': 'blue',
      authorization: 'Bearer sk-bf-1',
    },
    params: { beta: 'true' },
    virtualKey: { id: 'vk1', name: 'laptop' },
    team: { id: 't1', name: 'research' },
    customer: { id: 'c1', name: 'ACME' },
    budgetUsed: 40,
    tokensUsed: 0,
    requestsUsed: 0,
    budgetRemaining: 60,
    sessionId: undefined,
    agentType: 'claude-code',
    requestClass: 'main',
    isSubagent: false,
    inputTokens: 20_000,
    hasImages: false,
    hasTools: true,
    thinking: true,
    complexityTier: '',
    nowMs: Date.parse('2026-11-21T08:30:00Z'),
    timeZone: 'Europe/Berlin',
    ...change,
  }
}
