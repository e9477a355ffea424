import type { TextMap, Variable } from '../lib/cel/scope.ts'
import { WEEKDAYS, wallClockAt } from '../lib/time-zone.ts'
import { claudeTier, helperTier } from '../models/names.ts'
import { AGENT_TYPES } from './agent-type.ts'

/** A team, a customer or a virtual key, as a rule sees it. */
export interface RuleOwner {
  readonly id: string
  readonly name: string
}

/**
 * What routing rules can know of a call. Each is asked for when a rule mentions it, and once for a call, so that what
 * costs something belongs into a getter.
 */
export interface RuleFacts {
  /** As asked for, without the provider in front of it and without Claude Code's `[1m]`. */
  readonly model: string
  /** The provider that the request names; empty: none. */
  readonly provider: string
  readonly requestType: string
  readonly stream: boolean
  /** Lower-case names. */
  readonly headers: TextMap
  /** Of the query, with lower-case names. */
  readonly params: TextMap
  readonly virtualKey: RuleOwner | undefined
  readonly team: RuleOwner | undefined
  /** Of the team, else of the virtual key. */
  readonly customer: RuleOwner | undefined
  /** Percent, 0 to 100: of all budgets that bind the call, the fullest. */
  readonly budgetUsed: number
  readonly tokensUsed: number
  readonly requestsUsed: number
  /** Dollars, of the budget with the least left; infinite where none binds the call. */
  readonly budgetRemaining: number
  readonly sessionId: string | undefined
  readonly agentType: string
  readonly requestClass: string
  readonly isSubagent: boolean
  /** Estimated. */
  readonly inputTokens: number
  readonly hasImages: boolean
  readonly hasTools: boolean
  readonly thinking: boolean
  /** `SIMPLE`, `MEDIUM` or `COMPLEX`; empty: nobody classified it. */
  readonly complexityTier: string
  readonly nowMs: number
  /** IANA name. */
  readonly timeZone: string
}

export interface RuleVariable extends Variable<RuleFacts> {
  readonly meaning: string
  readonly example: string
}

/** Everything that a rule can ask. The documentation is made from it. */
export const RULE_VARIABLES: readonly RuleVariable[] = [
  {
    name: 'model',
    type: 'string',
    meaning: 'The model that was asked for, without provider and `[1m]`.',
    example: 'model.startsWith("claude-opus")',
    read: ({ model }) => model,
  },
  {
    name: 'provider',
    type: 'string',
    meaning: 'The provider in front of it (`openai/gpt-5`); empty where the request names none.',
    example: 'provider == ""',
    read: ({ provider }) => provider,
  },
  {
    name: 'tier',
    type: 'string',
    values: ['', 'opus', 'sonnet', 'haiku'],
    meaning: 'Class of the model: Claude’s own, `haiku` for the small helpers of other makers, else empty.',
    example: 'tier == "haiku"',
    read: ({ model }) => claudeTier(model) ?? helperTier(model) ?? '',
  },
  {
    name: 'request_type',
    type: 'string',
    meaning: 'What is asked: `chat_completion`, `responses` (also for Claude’s API), `embedding`, `rerank` …',
    example: 'request_type == "embedding"',
    read: ({ requestType }) => requestType,
  },
  {
    name: 'stream',
    type: 'bool',
    meaning: 'The answer is to be streamed.',
    example: 'stream',
    read: ({ stream }) => stream,
  },
  {
    name: 'headers',
    type: 'map',
    meaning: 'Headers of the request, by name in any case.',
    example: '"x-team" in headers && headers["x-team"] == "research"',
    read: ({ headers }) => headers,
  },
  {
    name: 'params',
    type: 'map',
    meaning: 'Parameters in the address (`?beta=true`), by name in any case.',
    example: 'params["beta"] == "true"',
    read: ({ params }) => params,
  },
  {
    name: 'virtual_key_id',
    type: 'string',
    meaning: 'Id of the virtual key; empty without one.',
    example: 'virtual_key_id == "vk-42"',
    read: ({ virtualKey }) => virtualKey?.id ?? '',
  },
  {
    name: 'virtual_key_name',
    type: 'string',
    meaning: 'Its name.',
    example: 'virtual_key_name.startsWith("ci-")',
    read: ({ virtualKey }) => virtualKey?.name ?? '',
  },
  {
    name: 'team_id',
    type: 'string',
    meaning: 'Id of the team of the virtual key, or empty.',
    example: 'team_id in ["t1", "t2"]',
    read: ({ team }) => team?.id ?? '',
  },
  {
    name: 'team_name',
    type: 'string',
    meaning: 'Its name.',
    example: 'team_name == "research"',
    read: ({ team }) => team?.name ?? '',
  },
  {
    name: 'customer_id',
    type: 'string',
    meaning: 'Id of the customer of the team or the virtual key, or empty.',
    example: 'customer_id == "c1"',
    read: ({ customer }) => customer?.id ?? '',
  },
  {
    name: 'customer_name',
    type: 'string',
    meaning: 'Its name.',
    example: 'customer_name != ""',
    read: ({ customer }) => customer?.name ?? '',
  },
  {
    name: 'budget_used',
    type: 'double',
    meaning: 'Percent used of the fullest budget that binds the call; 0 without one.',
    example: 'budget_used > 85',
    read: ({ budgetUsed }) => budgetUsed,
  },
  {
    name: 'budget_remaining',
    type: 'double',
    meaning: 'Dollars left in the budget that has the least left; without a budget larger than any number.',
    example: 'budget_remaining < 2.50',
    read: ({ budgetRemaining }) => budgetRemaining,
  },
  {
    name: 'tokens_used',
    type: 'double',
    meaning: 'Percent used of the fullest token limit.',
    example: 'tokens_used >= 90',
    read: ({ tokensUsed }) => tokensUsed,
  },
  {
    name: 'request',
    type: 'double',
    meaning: 'Percent used of the fullest request limit.',
    example: 'request >= 90',
    read: ({ requestsUsed }) => requestsUsed,
  },
  {
    name: 'session_id',
    type: 'string',
    meaning: 'The agent’s conversation, or empty.',
    example: 'session_id == ""',
    read: ({ sessionId }) => sessionId ?? '',
  },
  {
    name: 'agent_type',
    type: 'string',
    values: AGENT_TYPES,
    meaning: 'The agent that makes the call; empty for any other program.',
    example: 'agent_type == "claude-code"',
    read: ({ agentType }) => agentType,
  },
  {
    name: 'request_class',
    type: 'string',
    meaning:
      'What the agent makes the call for: `main`, `subagent`, `title`, `compaction`, `web-search`, `classifier`, `probe`, or what it says itself.',
    example: 'request_class in ["title", "classifier"]',
    read: ({ requestClass }) => requestClass,
  },
  {
    name: 'is_subagent',
    type: 'bool',
    meaning: 'A subagent makes the call.',
    example: 'is_subagent && tier == "opus"',
    read: ({ isSubagent }) => isSubagent,
  },
  {
    name: 'input_tokens',
    type: 'int',
    meaning: 'Tokens of the request, estimated.',
    example: 'input_tokens > 150000',
    read: ({ inputTokens }) => inputTokens,
  },
  {
    name: 'has_images',
    type: 'bool',
    meaning: 'There are pictures in it.',
    example: 'has_images',
    read: ({ hasImages }) => hasImages,
  },
  {
    name: 'has_tools',
    type: 'bool',
    meaning: 'It offers tools to the model.',
    example: '!has_tools',
    read: ({ hasTools }) => hasTools,
  },
  {
    name: 'thinking',
    type: 'bool',
    meaning: 'It asks the model to think.',
    example: 'thinking && input_tokens < 20000',
    read: ({ thinking }) => thinking,
  },
  {
    name: 'hour',
    type: 'int',
    meaning: 'Hour of the day, 0 to 23, in the time zone of the settings.',
    example: 'hour >= 8 && hour < 18',
    read: ({ nowMs, timeZone }) => wallClockAt(nowMs, timeZone).hour,
  },
  {
    name: 'weekday',
    type: 'string',
    values: WEEKDAYS,
    meaning: 'Day of the week, in the same time zone.',
    example: 'weekday in ["saturday", "sunday"]',
    read: ({ nowMs, timeZone }) => wallClockAt(nowMs, timeZone).weekday,
  },
  {
    name: 'complexity_tier',
    type: 'string',
    values: ['', 'SIMPLE', 'MEDIUM', 'COMPLEX'],
    meaning: 'How hard the task is, where something classifies it; empty where nothing does.',
    example: 'complexity_tier == "SIMPLE"',
    read: ({ complexityTier }) => complexityTier,
  },
]
