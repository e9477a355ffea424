/**
 * A gateway of which only the admin side is real: settings of file and API, login, and the own routes, on a free port.
 * Inference answers with the virtual key that it was asked with. `node admin-gateway-program.ts <app dir> [host]`; a
 * message with a number puts the clock forward by so many milliseconds, `reload` has the file read.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAdmin, ownRoutes } from '../../src/admin/routes.ts'
import { MOUNTS } from '../../src/http/mounts.ts'
import { Router } from '../../src/http/router.ts'
import { startServer } from '../../src/http/server.ts'
import { toGatewayError } from '../../src/message/error.ts'
import { authenticate } from '../../src/pipeline/authenticate.ts'
import type { Call } from '../../src/pipeline/call.ts'
import { newResilience } from '../../src/pipeline/resilience.ts'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../../src/providers/index.ts'
import { KeyKeeper } from '../../src/stores/config/key-keeper.ts'
import { loadConfiguration } from '../../src/stores/config/load.ts'
import { ManagedSettings } from '../../src/stores/config-store/managed-settings.ts'
import { openConfigStore } from '../../src/stores/config-store/sqlite.ts'
import { openMemoryLedger } from '../../src/stores/ledger/memory.ts'
import { openMemoryLogStore } from '../../src/stores/logs/memory.ts'
import type { AdminGatewayAnswer, AdminGatewayOrder } from './admin-gateway.ts'

const [appDir = '', host = '127.0.0.1'] = process.argv.slice(2)
let aheadMs = 0
const now = () => Date.now() + aheadMs
const report = (message: string, error?: unknown) => console.error(message, error ?? '')

const common = {
  registry: { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES },
  environment: process.env,
  appDir,
}
const keys = new KeyKeeper(appDir, report)
const store = openConfigStore(join(appDir, 'config.db'))
const ledger = openMemoryLedger(now)
const { settings, loaded } = await ManagedSettings.open(
  await loadConfiguration({ ...common, version: 1, openMemory: keys.open }),
  {
    ...common,
    store,
    keys,
    report,
    now,
    mayRun: () => undefined,
    onChange: ({ governance }, notices) => {
      ledger.configure([...governance.budgets.values(), ...governance.rateLimits.values()])
      for (const { message } of notices) report(message)
    },
  },
)
for (const { message } of loaded.notices) report(message)

const logs = openMemoryLogStore(0)
const admin = createAdmin({ settings, store, ledger, now })
const server = await startServer({
  host,
  port: 0,
  router: new Router(
    MOUNTS,
    ownRoutes(
      {
        logs: logs.reader,
        shedContents: () => 0,
        lostRows: () => 0,
        decodeAnswer: () => ({ content: [], finish: undefined, error: undefined }),
        configuration: () => settings.running.configuration,
        ledger,
        resilience: newResilience(() => performance.now()),
      },
      admin,
    ),
  ),
  guards: () => settings.running.configuration.client,
  admit: admin.admit,
  handle: async (call) => answerCall(call),
  report,
})
tell({ port: server.port })

/** Whose the call is, or why it is nobody's. */
function answerCall(call: Call): void {
  try {
    const { virtualKey } = authenticate(call, settings.running.configuration)
    call.reply.send(200, {}, JSON.stringify({ virtual_key: virtualKey?.id ?? null }))
  } catch (error) {
    const { status, message } = toGatewayError(error)
    call.reply.send(status, {}, JSON.stringify({ message }))
  }
}

process.on('message', (order: AdminGatewayOrder) => {
  if (order.type === 'advance') {
    aheadMs += order.ms
    return tell({ done: true })
  }
  if (order.type === 'spend') return tell(spend(order))
  const file = join(appDir, 'config.json')
  settings.reload(readFileSync(file, 'utf8'), file).then(
    ({ notices }) => tell({ notices: notices.map(({ message }) => message) }),
    (error: unknown) => tell({ refused: (error as Error).message }),
  )
})

/** Charges a virtual key as one attempt; with `holds`, only reserves. */
function spend({ virtualKey, nanodollars, tokens, holds }: Extract<AdminGatewayOrder, { type: 'spend' }>) {
  const { governance } = settings.running.configuration
  const limits = governance.limitsFor(governance.virtualKeys.get(virtualKey), 'openai', ['gpt-5'])
  const reserved = ledger.reserve('call', limits, { nanodollars, tokens })
  if (reserved instanceof Promise || reserved.outcome !== 'reserved') return { refused: 'blocked' }
  if (!holds) reserved.reservation.settle({ nanodollars, tokens, requests: 1 })
  return { done: true } as const
}

function tell(answer: AdminGatewayAnswer): void {
  process.send!(answer)
}
