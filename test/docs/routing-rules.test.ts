import { describe, expect, it } from 'vitest'
import { ExpressionError } from '../../src/lib/cel/expression-error.ts'
import { RULE_LANGUAGE } from '../../src/rules/rule-expression.ts'
import { PAGES } from './pages.ts'
import type { Page } from './pages.ts'

interface Example {
  governance?: { routing_rules?: { cel_expression?: string }[] }
}

/** Expressions of `cel` blocks, parted by empty lines, and of rules in examples of `config.json`. */
function expressionsOf({ blocks }: Page): string[] {
  return blocks.flatMap(({ language, text }) => {
    if (language === 'cel') return text.split(/\n\n+/)
    if (language !== 'json') return []
    const rules = (JSON.parse(text) as Example).governance?.routing_rules ?? []
    return rules.map((rule) => rule.cel_expression ?? '')
  })
}

const expressions = PAGES.flatMap((page) => expressionsOf(page).map((text) => [page.path, text] as const))

describe('expressions of routing rules', () => {
  it.each(expressions)('of %s compile: %s', (_path, text) => {
    expect(() => RULE_LANGUAGE.compile(text)).not.toThrow()
  })

  it('there are some', () => expect(expressions.length).toBeGreaterThan(8))

  it('the error that the page shows is the one that there is', () => {
    const shown = PAGES.find(({ path }) => path === 'docs/routing-rules.md')!.blocks.find(
      ({ language }) => language === '',
    )
    const [message, excerpt] = shown!.text.trim().split('\n\n')
    try {
      RULE_LANGUAGE.compile('budget_use > 85')
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(ExpressionError)
      expect([(error as ExpressionError).message, (error as ExpressionError).excerpt]).toEqual([
        message,
        excerpt,
      ])
    }
  })
})
