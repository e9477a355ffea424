import { tierModel } from '../../src/models/tiers.ts'
import { PROVIDERS } from '../../src/providers/index.ts'

/** The models that stand in for Claude's classes, of the providers that the gateway reaches. */
export function tierTable(): string {
  const rows = [...PROVIDERS.keys()].flatMap((provider) => {
    const models = (['opus', 'sonnet', 'haiku'] as const).map((tier) => tierModel(provider, tier))
    return models.includes(undefined)
      ? []
      : [`| ${provider} | ${models.map((model) => `\`${model}\``).join(' | ')} |`]
  })
  return ['| provider | Opus | Sonnet | Haiku |', '|---|---|---|---|', ...rows].join('\n')
}
