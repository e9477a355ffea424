import { describe, expect, it } from 'vitest'
import { LazyScope } from '../../src/lib/cel/scope.ts'
import { holds } from '../../src/lib/cel/program.ts'
import { agentType } from '../../src/rules/agent-type.ts'
import { RULE_LANGUAGE } from '../../src/rules/rule-expression.ts'
import { RULE_VARIABLES } from '../../src/rules/rule-variables.ts'
import type { RuleFacts } from '../../src/rules/rule-variables.ts'
import { facts } from './facts.ts'

function applies(expression: string, change: Partial<RuleFacts> = {}): boolean {
  return holds(RULE_LANGUAGE.compile(expression), new LazyScope(RULE_VARIABLES, facts(change)))
}

describe('what a rule can ask', () => {
  it.each<[expression: string, change: Partial<RuleFacts>]>([
    ['model == "claude-opus-5-5" && provider == ""', {}],
    ['provider == "openai" && model == "gpt-5"', { provider: 'openai', model: 'gpt-5' }],
    ['tier == "opus"', {}],
    ['tier == "haiku"', { model: 'gpt-5.4-nano' }],
    ['tier == ""', { model: 'gpt-5' }],
    ['request_type == "responses" && stream', {}],
    ['headers["X-Team"] == "blue" && params["beta"] == "true"', {}],
    ['virtual_key_id == "vk1" && virtual_key_name == "laptop"', {}],
    ['team_id == "t1" && team_name == "research" && customer_id == "c1" && customer_name == "ACME"', {}],
    [
      'virtual_key_id == "" && virtual_key_name == "" && team_id == "" && team_name == "" && customer_id == "" && customer_name == ""',
      { virtualKey: undefined, team: undefined, customer: undefined },
    ],
    ['budget_used > 85 && budget_used > 85.0 && budget_used == 85.5', { budgetUsed: 85.5 }],
    ['budget_remaining < 2.5', { budgetRemaining: 2 }],
    ['!(budget_remaining < 1000000000)', { budgetRemaining: Infinity }],
    ['tokens_used >= 90 && request < 90', { tokensUsed: 90, requestsUsed: 89.9 }],
    ['session_id == ""', {}],
    ['session_id == "s1"', { sessionId: 's1' }],
    ['agent_type == "claude-code" && request_class == "main" && !is_subagent', {}],
    [
      'input_tokens > 150000 && has_images && has_tools && thinking',
      { inputTokens: 150_001, hasImages: true },
    ],
    ['hour == 9 && weekday == "saturday"', {}],
    ['hour == 8 && weekday == "saturday"', { timeZone: 'UTC' }],
    ['complexity_tier == "SIMPLE"', { complexityTier: 'SIMPLE' }],
  ])('%s', (expression, change) => {
    expect(applies(expression, change)).toBe(true)
  })

  it.each(RULE_VARIABLES.map(({ name, example }) => [name, example]))(
    '%s has an example: %s',
    (name, example) => {
      const reads = RULE_LANGUAGE.compile(example).conditions.flatMap((condition) => [
        ...condition.reads.keys(),
      ])
      expect(reads.map((read) => read.replace(/\[.*/, ''))).toContain(name)
    },
  )

  it('costs nothing that it does not mention', () => {
    const asked: string[] = []
    const watched = new Proxy(facts(), {
      get: (all, name) => (asked.push(String(name)), Reflect.get(all, name)),
    })
    const program = RULE_LANGUAGE.compile(
      'budget_used > 10 && budget_used < 90 && tier == "haiku" && input_tokens > 1',
    )
    expect(holds(program, new LazyScope(RULE_VARIABLES, watched))).toBe(false)
    expect(asked).toEqual(['budgetUsed', 'model'])
  })

  it.each([
    ['tier == "Opus"', 'tier is never "Opus" (line 1, column 9); closest: "opus".'],
    ['weekday == "Monday"', 'weekday is never "Monday" (line 1, column 12); closest: "monday".'],
    ['agent_type == "claude_code"', 'closest: "claude-code".'],
    ['budget_use > 85', 'Unknown variable budget_use (line 1, column 1); closest: budget_used.'],
    ['budget_used', 'compare it, as in budget_used > 85.'],
  ])('%s is refused', (expression, message) => {
    expect(() => RULE_LANGUAGE.compile(expression)).toThrow(message)
  })
})

describe('which agent makes a call', () => {
  it.each([
    ['claude-cli/2.1.329 (external, sdk-cli)', 'claude-code'],
    ['claude-code/2.1.329', 'claude-code'],
    ['codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm-256color (codex_exec; 0.169.0)', 'codex'],
    ['codex_cli_rs/0.169.0', 'codex'],
    ['GeminiCLI-tui/0.61.0/gemini-2.5-pro (linux; x64; terminal)', 'gemini-cli'],
    ['opencode/1.18.33 ai-sdk/provider-utils/4.0.46 runtime/bun/1.3.14', 'opencode'],
    ['QwenCode/0.24.4 (linux; x64)', 'qwen-code'],
    ['OpenAI/JS 6.49.0', ''],
    ['my-claude-cli/1', ''],
    [undefined, ''],
  ])('%s is %s', (userAgent, expected) => {
    expect(agentType({ 'user-agent': userAgent })).toBe(expected)
  })

  it('knows Claude Code behind the SDK of a cloud', () => {
    const headers = { 'user-agent': 'aws-sdk-js/3.936.0', 'x-claude-code-session-id': 's' }
    expect(agentType(headers)).toBe('claude-code')
  })
})
