import type { CloudCredentials } from '../providers/authorization.ts'
import type { Configuration } from '../stores/config/configuration.ts'
import type { Ledger } from '../stores/ledger/port.ts'
import type { LogWriter } from '../stores/logs/port.ts'
import type { Egress } from '../wire/egress.ts'
import type { IdleWatch } from './idle-watch.ts'
import type { Resilience } from './resilience.ts'

/** What the pipeline reaches outside itself through. Built once, in `main.ts`. */
export interface Dependencies {
  /** The configuration in force now; a call asks once and keeps the answer. */
  readonly configuration: () => Configuration
  readonly egress: Egress
  /** Tokens of clouds. */
  readonly credentials: CloudCredentials
  readonly logs: LogWriter
  /** What is used of budgets and rate limits. */
  readonly ledger: Ledger
  readonly idleWatch: IdleWatch
  /** How providers do, as the calls before have found it. */
  readonly resilience: Resilience
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** For what went wrong inside the gateway itself; never gets bodies or secrets. */
  readonly report: (message: string, error?: unknown) => void
}
