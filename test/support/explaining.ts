import { explained } from '../../src/admin/explain.ts'
import type { ExplanationView } from '../../src/admin/explain-view.ts'
import { newResilience } from '../../src/pipeline/resilience.ts'
import type { Resilience } from '../../src/pipeline/resilience.ts'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../../src/providers/index.ts'
import type { Configuration } from '../../src/stores/config/configuration.ts'
import { compileText } from '../../src/stores/config/load.ts'
import { openMemoryLedger } from '../../src/stores/ledger/memory.ts'
import type { Ledger } from '../../src/stores/ledger/port.ts'
import type { LogEntry } from '../../src/stores/logs/port.ts'

export interface Explainer {
  /** Asks as `POST /api/explain` does; text is sent as it is. */
  readonly ask: (request: object | string) => Promise<ExplanationView>
  readonly configuration: Configuration
  readonly ledger: Ledger
  readonly resilience: Resilience
  /** So many ms go by for `resilience`. */
  readonly pass: (ms: number) => void
}

const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }

/** Explanations for these settings, with nothing spent, and these calls in the log. */
export async function explainer(settings: object, entries: readonly LogEntry[] = []): Promise<Explainer> {
  const options = { registry, environment: {}, appDir: '/nowhere', version: 1 }
  const { configuration } = await compileText(JSON.stringify(settings), 'config.json', options)
  const ledger = openMemoryLedger()
  const { budgets, rateLimits } = configuration.governance
  ledger.configure([...budgets.values(), ...rateLimits.values()])
  let nowMs = 0
  const resilience = newResilience(() => nowMs)
  const sources = {
    configuration: () => configuration,
    ledger,
    resilience,
    logs: { get: async (id: string) => entries.find(({ row }) => row.id === id) },
  }
  const ask = (request: object | string) => {
    const text = typeof request === 'string' ? request : JSON.stringify(request)
    return explained(Buffer.from(text), sources)
  }
  return { ask, configuration, ledger, resilience, pass: (ms) => void (nowMs += ms) }
}
