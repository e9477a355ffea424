import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RoutingRule, RulePlace, RuleTarget } from '../../src/rules/routing-rule.ts'
import { compileRoutingRules } from '../../src/rules/routing-rules.ts'
import type { RuleDecision } from '../../src/rules/routing-rules.ts'
import type { RuleFacts } from '../../src/rules/rule-variables.ts'
import { distance, seeded } from '../support/chance.ts'
import { facts } from './facts.ts'

function place(provider?: string, model?: string, keyId?: string): RulePlace {
  return { provider, model, keyId }
}

function target(weight: number, provider?: string, model?: string, keyId?: string): RuleTarget {
  return { ...place(provider, model, keyId), weight }
}

function rule(name: string, change: Partial<RoutingRule> = {}): RoutingRule {
  return {
    id: name,
    name,
    enabled: true,
    expression: '',
    targets: [target(1, 'groq', name)],
    fallbacks: undefined,
    scope: 'global',
    scopeId: undefined,
    priority: 0,
    ...change,
  }
}

const chance = (sessionId?: string, random = seeded(1)) => ({ sessionId, random })

async function decide(
  rules: RoutingRule[],
  change: Partial<RuleFacts> = {},
): Promise<RuleDecision | undefined> {
  const compiled = await compileRoutingRules(rules)
  expect(compiled.problems).toEqual([])
  const decision = compiled.rules.decide(facts(change), chance())
  expect(compiled.rules.explain(facts(change), chance()).decision).toEqual(decision)
  return decision
}

describe('which rule decides', () => {
  const everywhere = [
    rule('global'),
    rule('customer', { scope: 'customer', scopeId: 'c1' }),
    rule('team', { scope: 'team', scopeId: 't1' }),
    rule('key', { scope: 'virtual_key', scopeId: 'vk1' }),
  ]
  it.each<[what: string, rules: RoutingRule[], change: Partial<RuleFacts>, expected: string | undefined]>([
    ['no rule', [], {}, undefined],
    ['the narrowest scope first', everywhere, {}, 'key'],
    ['then the team’s', everywhere, { virtualKey: { id: 'vk2', name: '' } }, 'team'],
    ['then the customer’s', everywhere, { virtualKey: { id: 'vk2', name: '' }, team: undefined }, 'customer'],
    [
      'without a virtual key the global',
      everywhere,
      { virtualKey: undefined, team: undefined, customer: undefined },
      'global',
    ],
    [
      'not those of another owner',
      everywhere.slice(1),
      { virtualKey: { id: 't1', name: '' }, team: { id: 'c1', name: '' }, customer: undefined },
      undefined,
    ],
    ['the lower number', [rule('late', { priority: 5 }), rule('early', { priority: -1 })], {}, 'early'],
    ['of equal numbers the first', [rule('a'), rule('b')], {}, 'a'],
    [
      'a narrow scope beats a low number',
      [rule('global', { priority: -9 }), rule('key', { scope: 'virtual_key', scopeId: 'vk1', priority: 9 })],
      {},
      'key',
    ],
    [
      'the first that applies',
      [
        rule('no', { expression: 'tier == "haiku"' }),
        rule('yes', { expression: 'tier == "opus"' }),
        rule('also'),
      ],
      {},
      'yes',
    ],
    [
      'a narrow scope that does not apply',
      [rule('key', { scope: 'virtual_key', scopeId: 'vk1', expression: 'false' }), rule('global')],
      {},
      'global',
    ],
    ['not what is switched off', [rule('off', { enabled: false }), rule('on')], {}, 'on'],
    [
      'a header that is not there is no match',
      [rule('x', { expression: 'headers["x-none"] == "a"' }), rule('y')],
      {},
      'y',
    ],
  ])('%s', async (_, rules, change, expected) => {
    expect((await decide(rules, change))?.rule.name).toBe(expected)
  })
})

describe('where it leads', () => {
  it.each<
    [
      what: string,
      rule: Partial<RoutingRule>,
      change: Partial<RuleFacts>,
      routes: [string | undefined, string, string | undefined, boolean][],
    ]
  >([
    [
      'to another place',
      { targets: [target(1, 'vertex', 'claude-sonnet-4-6')] },
      {},
      [['vertex', 'claude-sonnet-4-6', undefined, false]],
    ],
    [
      'to another provider with the model that was asked for',
      { targets: [target(1, 'vertex')] },
      {},
      [['vertex', 'claude-opus-5-5', undefined, true]],
    ],
    [
      'to another model of the provider that was asked for',
      { targets: [target(1, undefined, 'gpt-5')] },
      { provider: 'azure' },
      [['azure', 'gpt-5', undefined, false]],
    ],
    [
      'to another model, wherever it is',
      { targets: [target(1, undefined, 'gpt-5')] },
      {},
      [[undefined, 'gpt-5', undefined, false]],
    ],
    [
      'nowhere else, with one key only',
      { targets: [target(1, undefined, undefined, 'key-7')] },
      { provider: 'azure' },
      [['azure', 'claude-opus-5-5', 'key-7', true]],
    ],
    [
      'with fallbacks, each with its own key',
      {
        targets: [target(1, 'groq', 'a')],
        fallbacks: [place('openai', 'b'), place('azure', undefined, 'key-8')],
      },
      {},
      [
        ['groq', 'a', undefined, false],
        ['openai', 'b', undefined, false],
        ['azure', 'claude-opus-5-5', 'key-8', true],
      ],
    ],
  ])('%s', async (_, change, asked, routes) => {
    const decision = await decide([rule('r', change)], asked)
    expect(decision!.routes.map((one) => [one.provider, one.model, one.keyId, one.isOwnModel])).toEqual(
      routes,
    )
    expect(decision!.replacesFallbacks).toBe(routes.length > 1)
    expect(decision!.routes[0].reason).toBe('rule "r"')
    for (const { reason } of decision!.routes.slice(1)) expect(reason).toBe('fallback of rule "r"')
  })
})

describe('the other targets', () => {
  const others = async (targets: RuleTarget[]) => {
    const { rules } = await compileRoutingRules([rule('r', { targets })])
    const decision = rules.decide(
      facts(),
      chance(undefined, () => 0),
    )
    return decision!.otherTargets.map(({ model, keyId }) => [model, keyId].filter(Boolean).join(' '))
  }

  it.each([
    ['of one alone: none', [target(1, 'groq', 'a')], []],
    ['of weight 0 get nothing', [target(1, 'groq', 'a'), target(0, 'groq', 'b')], []],
    [
      'come heaviest first',
      [target(97, 'groq', 'a'), target(1, 'groq', 'b'), target(2, 'groq', 'c')],
      ['c', 'b'],
    ],
    ['all of weight 0 are equal', [target(0, 'groq', 'a'), target(0, 'groq', 'b')], ['b']],
    [
      'may differ by their key alone',
      [target(1, 'groq', 'a', 'k1'), target(0.5, 'groq', 'a', 'k2')],
      ['a k2'],
    ],
  ])('%s', async (_, targets, expected) => {
    expect(await others(targets)).toEqual(expected)
  })
})

describe('weights of targets', () => {
  const split = [target(70, 'a'), target(30, 'b'), target(0, 'never')]
  async function counts(targets: RuleTarget[], session: (index: number) => string | undefined) {
    const { rules } = await compileRoutingRules([rule('split', { targets })])
    const random = seeded(7)
    const found: Record<string, number> = {}
    for (let index = 0; index < 10_000; index++) {
      const { provider } = rules.decide(facts(), chance(session(index), random))!.routes[0]
      found[provider!] = (found[provider!] ?? 0) + 1
    }
    return found
  }

  it.each<[what: string, targets: RuleTarget[], shares: Record<string, number>]>([
    ['70 to 30, and never what weighs 0', split, { a: 7, b: 3 }],
    ['of any sum', [target(0.002, 'a'), target(0.006, 'b')], { a: 1, b: 3 }],
    ['all 0: alike', [target(0, 'a'), target(0, 'b'), target(0, 'c')], { a: 1, b: 1, c: 1 }],
    ['the same place twice', [target(1, 'a'), target(1, 'a'), target(2, 'b')], { a: 1, b: 1 }],
  ])('%s (chi-square, fixed seed)', async (_, targets, shares) => {
    expect(distance(await counts(targets, () => undefined), shares)).toBeLessThan(1)
    expect(distance(await counts(targets, (index) => `session-${index}`), shares)).toBeLessThan(1)
  })

  it('keeps a session with its target, also when another rule or target comes', async () => {
    const { rules } = await compileRoutingRules([rule('split', { targets: split })])
    const more = await compileRoutingRules([rule('other', { targets: [...split, target(40, 'c')] })])
    const moved: string[] = []
    for (let index = 0; index < 500; index++) {
      const session = chance(`session-${index}`, () => 0.5)
      const first = rules.decide(facts(), session)!.routes[0]
      expect(rules.decide(facts({ model: 'gpt-5' }), session)!.routes[0].provider).toBe(first.provider)
      const later = more.rules.decide(facts(), session)!.routes[0].provider!
      if (later !== first.provider) moved.push(later)
    }
    expect(new Set(moved)).toEqual(new Set(['c']))
  })

  it.each<[what: string, usable: string[], expected: string[]]>([
    ['only what can serve is drawn', ['b'], ['b']],
    ['of what weighs 0 the last that can', ['never'], ['never']],
    ['all, where none can', [], ['a', 'b']],
  ])('%s', async (_, usable, expected) => {
    const { rules } = await compileRoutingRules([rule('split', { targets: split })])
    const random = seeded(3)
    const seen = new Set<string>()
    for (let index = 0; index < 200; index++) {
      const question = {
        ...chance(undefined, random),
        isUsable: ({ provider }: { provider?: string | undefined }) => usable.includes(provider!),
      }
      seen.add(rules.decide(facts(), question)!.routes[0].provider!)
    }
    expect([...seen].toSorted()).toEqual(expected)
  })

  it('says the share, and how it was chosen', async () => {
    const { rules } = await compileRoutingRules([
      rule('split', { targets: [target(1, 'a'), target(2, 'b')] }),
    ])
    const reason = (session?: string) =>
      rules.decide(
        facts(),
        chance(session, () => 0.1),
      )!.routes[0].reason
    expect(reason()).toBe('rule "split", drawn with 66.67 %')
    expect(reason('s')).toMatch(/^rule "split", by session with (33\.33|66\.67) %$/)
  })
})

describe('H6 rules that are refused', () => {
  it.each<[what: string, change: Partial<RoutingRule>, field: string, message: string]>([
    [
      'a slip',
      { expression: 'stream &&\n modle == "x"' },
      'expression',
      'Unknown variable modle (line 2, column 2); closest: model.',
    ],
    ['no bool', { expression: 'budget_used' }, 'expression', 'The expression gives double'],
    ['also of a rule that is off', { enabled: false, expression: 'x' }, 'expression', 'Unknown variable x'],
    ['no target', { targets: [] }, 'targets', 'A rule needs at least one target.'],
    ['a weight below 0', { targets: [target(-1, 'a')] }, 'targets', 'The weight of a target is 0 or above.'],
    [
      'a weight that is no number',
      { targets: [target(NaN, 'a')] },
      'targets',
      'The weight of a target is 0 or above.',
    ],
    [
      'an endless weight',
      { targets: [target(Infinity, 'a')] },
      'targets',
      'The weight of a target is 0 or above.',
    ],
    [
      'no owner',
      { scope: 'virtual_key' },
      'scopeId',
      'A rule of scope virtual_key names which virtual key by its id.',
    ],
    [
      'an empty owner',
      { scope: 'team', scopeId: '' },
      'scopeId',
      'A rule of scope team names which team by its id.',
    ],
  ])('%s', async (_, change, field, message) => {
    const { rules, problems } = await compileRoutingRules([
      rule('good', { priority: 1 }),
      rule('bad', change),
    ])
    expect(problems).toMatchObject([{ index: 1, field }])
    expect(problems[0]!.message).toContain(message)
    expect(rules.decide(facts(), chance())!.rule.name).toBe('good')
  })

  it('shows the place in the expression', async () => {
    const { problems } = await compileRoutingRules([rule('bad', { expression: 'stream && modle == "x"' })])
    expect(problems[0]!.excerpt).toBe('stream && modle == "x"\n          ^')
  })
})

describe('why', () => {
  it('tells every rule that was asked, up to the one that applies', async () => {
    const { rules } = await compileRoutingRules([
      rule('off', { enabled: false, expression: 'model == "x"' }),
      rule('split', { expression: '(tier == "haiku" && stream) && headers["x-none"] == "a"' }),
      rule('secret', { expression: 'headers["authorization"].contains("1") && has_images' }),
      rule('team', {
        expression: 'headers["x-team"] == "blue" && budget_used > 30',
        scope: 'team',
        scopeId: 't1',
        priority: 9,
      }),
      rule('always'),
    ])
    expect(rules.explain(facts({ budgetUsed: 5 }), chance()).tried).toEqual([
      {
        id: 'team',
        name: 'team',
        scope: 'team',
        scopeId: 't1',
        outcome: 'does not apply',
        conditions: [
          { text: 'headers["x-team"] == "blue"', outcome: 'holds', values: { 'headers["x-team"]': 'blue' } },
          { text: 'budget_used > 30', outcome: 'does not hold', values: { budget_used: 5 } },
        ],
      },
      { id: 'off', name: 'off', scope: 'global', scopeId: undefined, outcome: 'disabled', conditions: [] },
      {
        id: 'split',
        name: 'split',
        scope: 'global',
        scopeId: undefined,
        outcome: 'does not apply',
        conditions: [
          { text: 'tier == "haiku"', outcome: 'does not hold', values: { tier: 'opus' } },
          { text: 'stream', outcome: 'holds', values: { stream: true } },
          { text: 'headers["x-none"] == "a"', outcome: 'failed', values: { 'headers["x-none"]': null } },
        ],
      },
      {
        id: 'secret',
        name: 'secret',
        scope: 'global',
        scopeId: undefined,
        outcome: 'does not apply',
        conditions: [
          {
            text: 'headers["authorization"].contains("1")',
            outcome: 'holds',
            values: { 'headers["authorization"]': '***' },
          },
          { text: 'has_images', outcome: 'does not hold', values: { has_images: false } },
        ],
      },
      {
        id: 'always',
        name: 'always',
        scope: 'global',
        scopeId: undefined,
        outcome: 'applies',
        conditions: [],
      },
    ])
  })
})

describe('many rules', () => {
  const texts = fc.constantFrom('a', 'ab', 'abc', 'b', '')
  const conditions = fc.oneof(
    fc
      .tuple(fc.constantFrom('model', 'virtual_key_name', 'headers["x"]'), texts)
      .map(([name, text]) => `${name} == "${text}"`),
    fc
      .tuple(fc.constantFrom('model', 'headers["x"]'), texts)
      .map(([name, text]) => `${name}.startsWith("${text}")`),
    fc
      .tuple(fc.constantFrom('model', 'headers["x"]'), texts, texts)
      .map(([name, a, b]) => `${name} in ["${a}", "${b}"]`),
    fc.tuple(texts, texts).map(([a, b]) => `(model == "${a}" || "${b}" == model)`),
    fc.tuple(texts, texts).map(([a, b]) => `(model == "${a}" || headers["x"] == "${b}")`),
    texts.map((text) => `!(model == "${text}")`),
    texts.map((text) => `(stream ? model == "${text}" : true)`),
    fc.constantFrom('stream', 'budget_used > 50', 'model.contains("b")'),
  )
  const expressions = fc.array(conditions, { minLength: 1, maxLength: 3 }).map((all) => all.join(' && '))
  const calls = fc.record({
    model: texts,
    stream: fc.boolean(),
    budgetUsed: fc.constantFrom(0, 100),
    headers: fc.record({ x: texts }, { requiredKeys: [] }),
    virtualKey: fc.record({ id: fc.constant('vk1'), name: texts }),
  })

  it('the index finds the rule that asking all of them finds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(expressions, { maxLength: 40 }),
        fc.array(calls, { minLength: 1, maxLength: 5 }),
        async (all, asked) => {
          const { rules } = await compileRoutingRules(
            all.map((expression, index) => rule(`${index}`, { expression, priority: index % 3 })),
          )
          for (const call of asked) {
            const found = rules.explain(facts(call), chance()).decision
            expect(rules.decide(facts(call), chance())).toEqual(found)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('asks only those that can apply', async () => {
    const list = Array.from({ length: 1_000 }, (_, index) =>
      rule(`${index}`, {
        expression: `input_tokens > 1000000 && ${index % 2 === 0 ? `model == "m-${index}"` : `model.startsWith("m-${index}-")`}`,
      }),
    )
    const { rules } = await compileRoutingRules(list)
    let asked = 0
    const counted = (model: string) => ({
      ...facts({ model }),
      get inputTokens() {
        return (asked++, 2_000_000)
      },
    })
    expect(rules.decide(counted('other'), chance())).toBeUndefined()
    expect(asked).toBe(0)
    expect(rules.decide(counted('m-501-x'), chance())!.rule.name).toBe('501')
    expect(rules.decide(counted('m-500'), chance())!.rule.name).toBe('500')
    expect(asked).toBe(2)
  })
})
