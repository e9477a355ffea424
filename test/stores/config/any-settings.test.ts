import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { jsonSchema } from '../../../src/stores/config/json-schema.ts'
import { ConfigurationError } from '../../../src/stores/config/problem.ts'
import { load } from './support.ts'

/** The part of a JSON schema from which settings are made. */
interface Part {
  type?: string
  enum?: readonly string[]
  anyOf?: readonly Part[]
  properties?: Readonly<Record<string, Part>>
  required?: readonly string[]
  items?: Part
  additionalProperties?: Part
}

/** Few, so that settings refer to each other as often as not. */
const TEXTS = fc.constantFrom(
  '', 'a', 'b', '*', 'openai', 'groq', 'OpenAI', 'openai/gpt-5', 'regex:a|b', 'regex:(', 'env.A', '${A}', 'sk-bf-1', '1h', '1M',
  '1Q', 'monthly', '2027-01-01', 'UTC', 'Europe/Berlin', 'true', 'model == "a"', 'budget_used > 85', '1.5', '__proto__', 'constructor',
) // prettier-ignore
const NUMBERS = fc.constantFrom(0, 0.1, 1, 5, 80, 100, 101, -1, 1e12, 0.0000000001)
const JUNK = fc.constantFrom<unknown>(null, true, '', 'a', 0, -1, [], {}, [null], [[]], { a: 1 })

/** Settings that mostly are as the schema wants them. */
function settingsOf(part: Part): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 40, arbitrary: rightOf(part) }, { weight: 1, arbitrary: JUNK })
}

function rightOf(part: Part): fc.Arbitrary<unknown> {
  if (part.anyOf !== undefined) return fc.oneof(...part.anyOf.map(settingsOf))
  if (part.enum !== undefined) return fc.constantFrom(...part.enum)
  if (part.type === 'string') return TEXTS
  if (part.type === 'number' || part.type === 'integer') return NUMBERS
  if (part.type === 'boolean') return fc.boolean()
  if (part.type === 'null') return fc.constant(null)
  if (part.type === 'array') return fc.array(settingsOf(part.items ?? {}), { maxLength: 2 })
  if (part.properties !== undefined) return objectOf(part.properties, part.required ?? [])
  if (part.additionalProperties !== undefined)
    return fc.dictionary(
      fc.constantFrom('openai', 'groq', 'vllm', 'a'),
      settingsOf(part.additionalProperties),
      { maxKeys: 2 },
    )
  return JUNK
}

/** Few properties at a time: with all of them, everything would be refused for something. */
function objectOf(
  properties: Readonly<Record<string, Part>>,
  required: readonly string[],
): fc.Arbitrary<unknown> {
  const names = Object.keys(properties)
  const values = new Map<string, fc.Arbitrary<unknown>>()
  const valueOf = (name: string) => {
    if (!values.has(name)) values.set(name, settingsOf(properties[name]!))
    return values.get(name)!
  }
  return fc.subarray(names, { maxLength: Math.min(4, names.length) }).chain((some) => {
    const chosen = [...new Set([...required, ...some])]
    return fc.record(Object.fromEntries(chosen.map((name) => [name, valueOf(name)])))
  })
}

const { properties = {} } = jsonSchema() as Part
const { governance, accounts, budgets, client, providers } = properties
const SETTINGS = objectOf({ governance, accounts, budgets, client, providers } as Record<string, Part>, [
  'governance',
])

/** What a file comes to: where it is refused and for what, or what it compiles to. */
async function outcomeOf(text: string, file: string): Promise<string[]> {
  try {
    const { configuration } = await load(text, { environment: { A: 'sk-bf-2' } }, file)
    const { governance: compiled } = configuration
    for (const key of [undefined, ...compiled.virtualKeys.values()]) {
      const { budgets: bound, rateLimits } = compiled.limitsFor(key, 'openai', ['gpt-5'])
      for (const each of bound) expect(Number.isSafeInteger(each.limitNanodollars)).toBe(true)
      for (const each of [...bound, ...rateLimits]) expect(each.origin.place).not.toBe('')
      expect(new Set(bound.map(({ id }) => id)).size).toBe(bound.length)
      if (key !== undefined) compiled.grantFor(key, 'openai', ['gpt-5'])
    }
    return ['compiled', ...compiled.budgets.keys(), ...compiled.virtualKeys.keys()]
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    for (const { line, column, expected } of error.problems) {
      expect([line > 0, column > 0, expected !== '']).toEqual([true, true, true])
    }
    expect(error.problems).not.toEqual([])
    return error.problems
      .map(({ path, found, expected }) => `${path.join('.')} ${found} ${expected}`)
      .toSorted()
  }
}

it('H6 any settings compile, or are refused with places; in YAML as in JSON', async () => {
  const seen = { compiled: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(SETTINGS, async (settings) => {
      const outcome = await outcomeOf(JSON.stringify(settings, undefined, 1), 'config.json')
      seen[outcome[0] === 'compiled' ? 'compiled' : 'refused']++
      expect(await outcomeOf(stringify(settings), 'config.yaml')).toEqual(outcome)
    }),
    { numRuns: 1000 },
  )
  // Were nearly all of one kind, the other would not be tested.
  expect(Math.min(seen.compiled, seen.refused)).toBeGreaterThan(50)
}, 60_000)
