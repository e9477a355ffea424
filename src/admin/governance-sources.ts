import type { SettingsStore } from '../stores/config-store/port.ts'
import type { Ledger } from '../stores/ledger/port.ts'

/** What the routes of governance read and change. */
export interface GovernanceSources {
  readonly settings: SettingsStore
  readonly ledger: Pick<Ledger, 'balance' | 'clear'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}
