import type { Account, Balance, Block, Demand, Limits, Unit } from '../../rules/limits.ts'

/**
 * What has been used of budgets and rate limits, and what is held for attempts under way. Each attempt reserves its
 * worst case before it is sent and settles with the truth, or releases. Nothing here throws.
 */
export interface Ledger {
  /**
   * Holds the worst case of an attempt in every account that binds it, or in none. Takes microseconds, whatever the
   * number of accounts there are; a ledger that several gateways share answers later.
   *
   * `call` names the call in {@link Interrupted}; it may be the client's own word, for nothing is found by it.
   */
  reserve(call: string, limits: Limits, demand: Demand): Reserved | Promise<Reserved>
  /** Where an account stands now; of a ledger that several gateways share, some moments ago. */
  balance(account: Account): Balance
  /** The windows of an account that have ended, the newest first; those shorter than a day are not kept. */
  history(account: Account): readonly Balance[] | Promise<readonly Balance[]>
  /**
   * Tells every account of a changed configuration. What was used stays: an account whose windows change takes it into
   * the one that it is in then. Until this is called, accounts keep the windows that they have.
   */
  configure(accounts: Iterable<Account>): void
  /** Sets what was used in the window of now to nothing (`reset_budget_usage`). */
  clear(account: Account): void
  /** Amounts since the start that were none (negative, no number, too large) and were bent to the nearest one. */
  readonly bentAmounts: number
  /** Waits until everything is in the database; as long as that is out of reach. */
  flush(): Promise<void>
  /** Reservations that are open then are treated by the next start as those of a crash. Nothing may be called afterwards. */
  close(): Promise<void>
}

export type Reserved =
  | { readonly outcome: 'reserved'; readonly reservation: Reservation }
  /** Every account that does not let the attempt through; `refusal` of `rules/limits.ts` says it. */
  | { readonly outcome: 'blocked'; readonly blocks: readonly Block[] }
  /** `disk`: it does not take what would have to be remembered. `authority`: what several gateways share is out of reach. */
  | { readonly outcome: 'unavailable'; readonly because: 'disk' | 'authority' }

/** What is held for one attempt. The first of `settle` and `release` counts, and nothing after it does anything. */
export interface Reservation {
  /** Made by the ledger, unique for ever, and never from anything that a client says: a repeated one would not be charged. */
  readonly attempt: string
  /**
   * What the attempt is charged with if the gateway dies now; before the first call nothing is. Each call replaces the
   * one before. Durable against that death when it returns, so it runs ahead of what the client gets.
   */
  owe(known: Amounts): void
  /** Charges the truth to the windows in which it was reserved. Durable against a crash of the process when it returns. */
  settle(truth: Amounts): void
  /** Nothing was used. */
  release(): void
  /** The row of its call is in the log: what was settled is told no more in {@link Interrupted}. */
  logged(): void
}

/** What an attempt used. */
export interface Amounts {
  /** null: nobody knows; it is counted in {@link Balance.unpriced}. */
  readonly nanodollars: number | null
  readonly tokens: number
  readonly requests: number
}

/**
 * An attempt that was under way when the gateway before this one died, or one that was settled and of whose call the
 * log may have no row.
 */
export interface Interrupted {
  readonly attempt: string
  readonly call: string
  /** When it was reserved, in milliseconds since 1970. */
  readonly atMs: number
  /** What it is charged with: the truth, else the last that it owed; undefined: nothing. */
  readonly charged: Amounts | undefined
}

/** The window of an account as a driver keeps it. */
export interface StoredWindow {
  readonly number: number
  readonly unit: Unit
  readonly account: string
  /** As {@link ruleText} tells it. */
  readonly rule: string
  readonly startMs: number
  readonly endMs: number
  readonly used: number
  readonly interrupted: number
  readonly unpriced: number
}
