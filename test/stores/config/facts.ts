import type { RuleFacts } from '../../../src/rules/rule-variables.ts'

/** What rules know of a plain call by nobody in particular. */
export function facts(rest: Partial<RuleFacts> = {}): RuleFacts {
  return {
    model: 'claude-opus-5-5',
    provider: '',
    requestType: 'responses',
    stream: true,
    headers: {},
    params: {},
    virtualKey: undefined,
    team: undefined,
    customer: undefined,
    budgetUsed: 0,
    tokensUsed: 0,
    requestsUsed: 0,
    budgetRemaining: Infinity,
    sessionId: undefined,
    agentType: '',
    requestClass: 'main',
    isSubagent: false,
    inputTokens: 10,
    hasImages: false,
    hasTools: false,
    thinking: false,
    complexityTier: '',
    nowMs: Date.UTC(2026, 10, 21),
    timeZone: 'UTC',
    ...rest,
  }
}

export const QUESTION = { sessionId: undefined, random: () => 0.5 }
