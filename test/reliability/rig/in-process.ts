import { NO_CREDENTIALS } from '../../support/no-credentials.ts'
import { explainRoutes } from '../../../src/admin/explain.ts'
import { EDGE_LIMITS, type EdgeLimits } from '../../../src/http/limits.ts'
import { MOUNTS } from '../../../src/http/mounts.ts'
import { Router } from '../../../src/http/router.ts'
import { startServer } from '../../../src/http/server.ts'
import { handle } from '../../../src/pipeline/handle.ts'
import { IdleWatch } from '../../../src/pipeline/idle-watch.ts'
import type { Resilience } from '../../../src/pipeline/resilience.ts'
import { newResilience } from '../../../src/pipeline/resilience.ts'
import { CUSTOM_BASE_TYPES, PROVIDERS, customProvider } from '../../../src/providers/index.ts'
import { compileText } from '../../../src/stores/config/load.ts'
import { openMemoryLedger } from '../../../src/stores/ledger/memory.ts'
import type { Ledger } from '../../../src/stores/ledger/port.ts'
import type { CallRow } from '../../../src/stores/logs/port.ts'
import { Egress } from '../../../src/wire/egress.ts'

export interface InProcessGateway {
  url: string
  rows: CallRow[]
  ledger: Ledger
  /** The clock of everything that waits for streams: pings and the cut of silent ones come when it is swept. */
  idleWatch: IdleWatch
  /** What it has learned of how providers do. With a clock it begins to learn anew. */
  resilience(now?: () => number): Resilience
  close(): Promise<void>
}

/**
 * The gateway of `main.ts` inside the test, for what the program has no setting for: bounds that take minutes to
 * reach, and a clock that a test moves. Rows are kept in a list. `settings`: the configuration beside the providers.
 */
export async function startInProcess(
  providers: Record<string, unknown>,
  limits: Partial<EdgeLimits> = {},
  settings: Record<string, unknown> = {},
  random: () => number = Math.random,
): Promise<InProcessGateway> {
  const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }
  const options = { registry, environment: {}, appDir: '/nowhere', version: 1 }
  const { configuration } = await compileText(
    JSON.stringify({ ...settings, providers }),
    'config.json',
    options,
  )
  const rows: CallRow[] = []
  const egress = new Egress()
  await egress.warmUp()
  const idleWatch = new IdleWatch()
  let resilience = newResilience(() => performance.now())
  const logs = {
    record: (row: CallRow) => void rows.push(row),
    keepRequest: () => true,
    keepResponse: () => undefined,
    shedContents: 0,
    lostRows: 0,
    flush: () => Promise.resolve(),
  }
  const report = (message: string, error?: unknown) => {
    throw new Error(message, { cause: error })
  }
  const ledger = openMemoryLedger()
  const dependencies = {
    configuration: () => configuration,
    egress,
    logs,
    ledger,
    idleWatch,
    get resilience() {
      return resilience
    },
    credentials: NO_CREDENTIALS,
    random,
    report,
  }
  const explained = {
    configuration: () => configuration,
    ledger,
    logs: { get: async () => undefined },
    get resilience() {
      return resilience
    },
  }
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    router: new Router(MOUNTS, explainRoutes(explained)),
    guards: () => configuration.client,
    handle: (call) => handle(call, dependencies),
    report,
    limits: { ...EDGE_LIMITS, ...limits },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    rows,
    ledger,
    idleWatch,
    resilience(now) {
      if (now !== undefined) resilience = newResilience(now)
      return resilience
    },
    async close() {
      await server.close(0)
      await egress.close()
    },
  }
}
