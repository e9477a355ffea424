import { oneOf, type LintQuestion, type Tell } from './finding.ts'
import { fields, place, textOf } from './raw.ts'
import { formatPath } from './problem.ts'

/** Prices of whom there is none: `scope_kind` of an override, with the ids that belong to it. */
export function lintPrices({ configuration, settings }: LintQuestion, tell: Tell): void {
  const { governance, providers } = configuration
  const known: Readonly<Record<string, ReadonlySet<string>>> = {
    provider_id: new Set(providers.keys()),
    provider_key_id: new Set([...providers.values()].flatMap(({ keys }) => keys.map(({ id }) => id))),
    virtual_key_id: new Set(governance.virtualKeys.keys()),
  }
  const listed = place(['governance', 'pricing_overrides'], settings.governance?.pricing_overrides)
  for (const { path, value } of listed) {
    const scope = textOf(fields(value)['scope_kind']) ?? 'global'
    for (const [field, ids] of Object.entries(known)) {
      const id = textOf(fields(value)[field])
      if (id === undefined || !scope.includes(field.slice(0, -'_id'.length))) continue
      const meant = field === 'provider_id' ? id.toLowerCase() : id
      if (!ids.has(meant))
        tell(formatPath([...path, field]), `prices of "${id}", which is not there`, oneOf(ids))
    }
  }
}
