import { build, type Built, type BuildOptions, type Ingredients } from './build.ts'
import { SettingsRefused } from './port.ts'
import type { SettingsProblem, StoredObject } from './port.ts'
import { keyOf } from './rows.ts'

/** What the API made and what does not fit with the file, with the reason; by {@link keyOf}. */
export type Aside = ReadonlyMap<string, string>

/**
 * Builds what can be built. What the API made and what does not fit with the file any more is left out: a gateway must
 * start, and who is left out is refused. Rejects where the file alone is wrong.
 */
export async function buildWhatFits(
  ingredients: Ingredients,
  options: BuildOptions,
): Promise<{ built: Built; aside: Aside }> {
  const aside = new Map<string, string>()
  for (;;) {
    const stored = ingredients.stored.filter((row) => !aside.has(keyOf(row)))
    try {
      return { built: await build({ ...ingredients, stored }, options), aside }
    } catch (error) {
      if (!(error instanceof SettingsRefused) || stored.length === 0) throw error
      for (const [key, problem] of misfits(stored, error)) aside.set(key, problem)
    }
  }
}

/** Those that are named; all, where it is the file's own objects that miss something. */
function misfits(
  stored: readonly StoredObject[],
  { problems, message }: SettingsRefused,
): [string, string][] {
  const isNamed = (row: StoredObject) => (problem: SettingsProblem) =>
    problem.kind === row.kind && problem.id === row.id
  const named = stored.flatMap((row): [string, string][] => {
    const problem = problems.find(isNamed(row))
    if (problem === undefined) return []
    return [[keyOf(row), `${problem.field}: found ${problem.found}, expected ${problem.expected}`]]
  })
  return named.length > 0 ? named : stored.map((row) => [keyOf(row), message])
}
