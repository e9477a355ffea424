import { rmSync } from 'node:fs'

import { newAppDir, removeAppDir, startGateway } from '../../support/gateway.ts'
import type { Gateway } from '../../support/gateway.ts'
import { type Provider, startProvider } from '../../support/provider/server.ts'
import { allRows } from './log-rows.ts'
import { ledgerFile, readLedger } from './money.ts'

/** Where a budget stands, in nano-dollars. */
export interface Standing {
  limit: number
  used: number
  reserved: number
}

/** The program, and a provider that syncs what it bills to a file. Both are looked at from outside. */
export interface MoneyProgram {
  readonly gateway: Gateway
  readonly provider: Provider
  /** What the provider billed, by its file. */
  billed(): ReturnType<typeof readLedger>
  /** One request to the admin API. Throws when it is refused. */
  api(line: string, body?: object): Promise<unknown>
  budget(id: string): Promise<Standing>
  /** Sum of the costs of the calls that a query of the log finds, in nano-dollars. */
  loggedSum(query?: string): Promise<number>
  rows(): ReturnType<typeof allRows>
  close(): Promise<void>
}

/** `settings`: the contents of `config.json`, made for the provider's address. */
export async function startMoneyProgram(
  name: string,
  settings: (providerUrl: string) => object,
): Promise<MoneyProgram> {
  const ledgerPath = ledgerFile(name)
  const provider = await startProvider({ strict: false, ledgerPath })
  const appDir = await newAppDir()
  const gateway = await startGateway({ config: settings(provider.url), appDir })
  const api = async (line: string, body?: object) => {
    const [method = '', path = ''] = line.split(' ')
    const response = await fetch(`${gateway.url}/api/${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${line}: ${response.status} ${text}`)
    return JSON.parse(text) as unknown
  }
  return {
    gateway,
    provider,
    billed: () => readLedger(ledgerPath),
    api,
    async budget(id) {
      const { budget } = (await api(`GET governance/budgets/${id}`)) as { budget: { nanodollars: Standing } }
      return budget.nanodollars
    },
    async loggedSum(query = '') {
      const page = await api(`GET logs?limit=1&${query}`)
      return (page as { stats: { total_cost_nanodollars: number } }).stats.total_cost_nanodollars
    },
    rows: () => allRows(appDir),
    async close() {
      await gateway.close()
      await provider.close()
      await removeAppDir(appDir)
      rmSync(ledgerPath)
    },
  }
}
