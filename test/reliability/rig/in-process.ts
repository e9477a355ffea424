import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
import type { CloudCredentials } from '../../../src/providers/authorization.ts'
import { CUSTOM_BASE_TYPES, PROVIDERS, customProvider } from '../../../src/providers/index.ts'
import type { Configuration } from '../../../src/stores/config/configuration.ts'
import { compileText } from '../../../src/stores/config/load.ts'
import { openMemoryLedger } from '../../../src/stores/ledger/memory.ts'
import type { Ledger } from '../../../src/stores/ledger/port.ts'
import { openLedger } from '../../../src/stores/ledger/sqlite.ts'
import type { CallRow } from '../../../src/stores/logs/port.ts'
import { Egress } from '../../../src/wire/egress.ts'

export interface InProcessOptions {
  /** The contents of `config.json` beside the providers. */
  settings?: Record<string, unknown>
  /** Where the ledger is: in memory unless told. */
  ledger?: 'disk'
  /** The ledger's clock. */
  now?: () => number
  random?: () => number
  /** Of clouds; none unless told. */
  credentials?: Partial<CloudCredentials>
  limits?: Partial<EdgeLimits>
}

export interface InProcessGateway {
  url: string
  rows: CallRow[]
  ledger: Ledger
  /** The clock of everything that waits for streams: pings and the cut of silent ones come when it is swept. */
  idleWatch: IdleWatch
  /** What it has learned of how providers do. With a clock it begins to learn anew. */
  resilience(now?: () => number): Resilience
  configuration(): Configuration
  /** Uses other settings from the next call on, as after a change of the file. */
  reload(settings: Record<string, unknown>): Promise<void>
  close(): Promise<void>
}

/**
 * The gateway of `main.ts` inside the test, for what the program has no setting for: bounds that take minutes to
 * reach, and clocks that a test moves. Rows are kept in a list.
 */
export async function startInProcess(
  providers: Record<string, unknown>,
  options: InProcessOptions = {},
): Promise<InProcessGateway> {
  const { settings, now = Date.now, random = Math.random } = options
  let configuration = await compiled({ ...settings, providers })
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
  const { ledger, forget } = ledgerOf(options.ledger, now, report)
  ledger.configure(accountsOf(configuration))
  const dependencies = {
    configuration: () => configuration,
    egress,
    logs,
    ledger,
    idleWatch,
    get resilience() {
      return resilience
    },
    credentials: { ...NO_CREDENTIALS, ...options.credentials },
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
    limits: { ...EDGE_LIMITS, ...options.limits },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    rows,
    ledger,
    idleWatch,
    resilience(clock) {
      if (clock !== undefined) resilience = newResilience(clock)
      return resilience
    },
    configuration: () => configuration,
    async reload(changed) {
      configuration = await compiled(changed)
      ledger.configure(accountsOf(configuration))
    },
    async close() {
      await server.close(0)
      await egress.close()
      await ledger.close()
      forget()
    },
  }
}

async function compiled(settings: Record<string, unknown>): Promise<Configuration> {
  const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }
  const options = { registry, environment: {}, appDir: '/nowhere', version: 1 }
  return (await compileText(JSON.stringify(settings), 'config.json', options)).configuration
}

function ledgerOf(
  where: InProcessOptions['ledger'],
  now: () => number,
  report: (message: string, error?: unknown) => void,
): { ledger: Ledger; forget: () => void } {
  if (where === undefined) return { ledger: openMemoryLedger(now), forget: () => undefined }
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-ledger-'))
  const { ledger } = openLedger({ path: join(directory, 'ledger.db'), report, now })
  return { ledger, forget: () => rmSync(directory, { recursive: true, force: true }) }
}

function accountsOf({ governance: { budgets, rateLimits } }: Configuration) {
  return [...budgets.values(), ...rateLimits.values()]
}
