import type { Window, WindowRule } from './windows.ts'

export type OwnerKind = 'customer' | 'team' | 'virtual_key' | 'virtual_key_provider' | 'provider' | 'model'

/** Whom a budget or a rate limit binds. */
export interface Owner {
  readonly kind: OwnerKind
  readonly id: string
  /** As messages call it. */
  readonly name: string
}

interface Counter {
  /** Of the counter: those of one id and unit count together. Stays as it is when other settings move. */
  readonly id: string
  readonly owner: Owner
  readonly period: {
    /** As written, for messages: `1h`, `monthly`. */
    readonly text: string
    readonly rule: WindowRule
  }
  /** What was used before this gateway counted, in a period that began then; no moment: that begins now. */
  readonly usedBefore: { readonly amount: number; readonly sinceMs: number | undefined } | undefined
}

export interface Budget extends Counter {
  readonly limitNanodollars: number
  /** From here on, answers carry a warning; equal to the limit: never. */
  readonly softLimitNanodollars: number
}

export interface RateLimit extends Counter {
  readonly counts: 'tokens' | 'requests'
  readonly limit: number
}

/** What is counted against a limit. */
export type Account = Budget | RateLimit

/** All that bind an attempt, from whichever level. */
export interface Limits {
  readonly budgets: readonly Budget[]
  readonly rateLimits: readonly RateLimit[]
}

export type Unit = 'nanodollars' | 'tokens' | 'requests'

export function unitOf(account: Account): Unit {
  return 'counts' in account ? account.counts : 'nanodollars'
}

export function limitOf(account: Account): number {
  return 'counts' in account ? account.limit : account.limitNanodollars
}

/** Where an account stands in its window, in its unit. */
export interface Balance extends Window {
  /** Settled, those of `interrupted` included. */
  readonly used: number
  /** Held for attempts under way. */
  readonly reserved: number
  /** Of `used`: charged for attempts that a crash of the gateway cut off, by what was known of them. */
  readonly interrupted: number
  /** Attempts in this window whose cost nobody knows; they are in `used` with nothing. */
  readonly unpriced: number
}

/**
 * What an attempt may use at most, as far as it can be said before it is sent. `unbounded`: more than can be said.
 * `unpriced`: it costs something, and nobody knows how much a unit of it does. `untold`: nor will its answer say.
 */
export interface Demand {
  readonly nanodollars: number | 'unbounded' | 'unpriced' | 'untold'
  readonly tokens: number | 'unbounded'
}

/**
 * What is held of an account while an attempt is under way; undefined: the account blocks it.
 *
 * What cannot be bounded holds all that is left, so that there is one such attempt at a time. A demand for more tokens
 * than a window has at all holds the whole window: agents ask for 32,000 tokens of answer and take 500, and a limit
 * below that would serve none of their calls. Money makes no such exception. What is free passes.
 */
export function holdFor(account: Account, balance: Balance, demand: Demand): number | undefined {
  const limit = limitOf(account)
  const left = limit - balance.used - balance.reserved
  const wanted = wantedOf(account, demand)
  if (wanted === 'unpriced' || wanted === 'untold') return undefined
  if (wanted === 'unbounded') return left > 0 ? left : undefined
  return wanted === 0 || wanted <= left ? wanted : undefined
}

/** What an attempt takes of an account, as {@link holdFor} asks for it. */
export function wantedOf(account: Account, demand: Demand): Demand['nanodollars'] {
  const unit = unitOf(account)
  if (unit === 'requests') return 1
  const wanted = demand[unit]
  return unit === 'tokens' && typeof wanted === 'number' ? Math.min(wanted, limitOf(account)) : wanted
}

/** An account that does not let an attempt through, as it stood then. */
export interface Block {
  readonly account: Account
  readonly balance: Balance
  readonly demand: Demand
}

/** Those of the limits that would not let an attempt through now. Nothing is held. */
export function blocksOf(
  { budgets, rateLimits }: Limits,
  demand: Demand,
  balanceOf: (account: Account) => Balance,
): Block[] {
  return [...budgets, ...rateLimits].flatMap((account) => {
    const balance = balanceOf(account)
    return holdFor(account, balance, demand) === undefined ? [{ account, balance, demand }] : []
  })
}

/** What a caller is told who is blocked. */
export interface Refusal {
  readonly kind: 'budget_exceeded' | 'token_limited' | 'request_limited' | 'governance_limited'
  readonly status: 402 | 429
  readonly message: string
  /** Whole seconds; undefined: asking again does not help. */
  readonly retryAfterSeconds: number | undefined
  readonly owner: Owner
  /** The accounts that block bind only this provider or this model: another one may serve the call. */
  readonly isOfTarget: boolean
}

/** How soon what calls in flight hold may be free again. Their answers take seconds to minutes. */
const HELD_RETRY_SECONDS = 2

/**
 * Whose limit is told when several block, and in which words. One that passes only when its window ends is told before
 * one that is merely held by calls in flight; among those the order is Bifrost's: provider, model, then all rate limits
 * from the key upwards, then all budgets. What is held is a 429 with a short wait even for money, because agents stop
 * for good at a 402, and of a worst case little is spent in the end. Figures are told of the caller's own accounts, and
 * not how much its team or customer has (A16).
 */
export function refusal(blocks: readonly Block[], nowMs: number): Refusal {
  const final = blocks.filter((block) => !isHeld(block))
  const [first] = (final.length > 0 ? final : blocks).toSorted((a, b) => rankOf(a) - rankOf(b))
  const { owner } = first!.account
  const isOfTarget = blocks.every(({ account }) => TARGET_KINDS.has(account.owner.kind))
  if (final.length === 0) {
    const message = heldMessage(first!)
    return {
      kind: 'governance_limited',
      status: 429,
      message,
      retryAfterSeconds: HELD_RETRY_SECONDS,
      owner,
      isOfTarget,
    }
  }
  if (unitOf(first!.account) === 'nanodollars') {
    const message = budgetMessage(first!)
    return { kind: 'budget_exceeded', status: 402, message, retryAfterSeconds: undefined, owner, isOfTarget }
  }
  const limits = final.filter(
    ({ account }) => isSame(account.owner, owner) && unitOf(account) !== 'nanodollars',
  )
  return { ...rateRefusal(limits, nowMs), status: 429, owner, isOfTarget }
}

function isSame(one: Owner, other: Owner): boolean {
  return one.kind === other.kind && one.id === other.id
}

const TARGET_KINDS: ReadonlySet<OwnerKind> = new Set(['provider', 'model', 'virtual_key_provider'])

/** It would pass if nothing were in flight. Requests in flight count as made: few are given back. */
function isHeld({ account, balance, demand }: Block): boolean {
  return unitOf(account) !== 'requests' && holdFor(account, { ...balance, reserved: 0 }, demand) !== undefined
}

const LEVELS: readonly OwnerKind[] = ['virtual_key_provider', 'virtual_key', 'team', 'customer']

function rankOf({ account }: Block): number {
  const { kind } = account.owner
  const isBudget = unitOf(account) === 'nanodollars'
  if (kind === 'provider') return isBudget ? 1 : 0
  if (kind === 'model') return isBudget ? 3 : 2
  return 4 + LEVELS.indexOf(kind) + (isBudget ? LEVELS.length : 0)
}

function rateRefusal(
  blocks: readonly Block[],
  nowMs: number,
): Pick<Refusal, 'kind' | 'message' | 'retryAfterSeconds'> {
  const units = new Set(blocks.map(({ account }) => unitOf(account)))
  const kind =
    units.size > 1 ? 'governance_limited' : units.has('tokens') ? 'token_limited' : 'request_limited'
  const violations = blocks.map(violation).join('; ')
  const { account } = blocks[0]!
  const message = `${globalPrefix(account, 'rate limit check failed')}rate limit violated for ${called(account)}: ${violations}`
  const endMs = Math.max(...blocks.map(({ balance }) => balance.endMs))
  return { kind, message, retryAfterSeconds: Math.max(1, Math.ceil((endMs - nowMs) / 1000)) }
}

function violation(block: Block): string {
  const { account, balance } = block
  const figures = isOwn(account) ? `${balance.used}/${limitOf(account)}, ${more(block)}` : ''
  const what = unitOf(account) === 'tokens' ? 'token' : 'request'
  return `${what} limit exceeded (${figures}resets every ${account.period.text})`
}

/** Where it is not used up, but too little is left. */
function more({ account, balance, demand }: Block): string {
  const wanted = wantedOf(account, demand)
  if (balance.used >= limitOf(account) || typeof wanted !== 'number') return ''
  return `${balance.reserved} reserved, ${wanted} wanted, `
}

function budgetMessage({ account, balance, demand }: Block): string {
  const prefix = globalPrefix(account, 'budget exceeded')
  const resets = `resets ${moment(balance.endMs)}`
  const { nanodollars } = demand
  if (nanodollars === 'unpriced')
    return `${prefix}the price of this model is unknown, so it cannot be held against the budget of ${called(account)}. An operator can say one in governance.pricing_overrides`
  if (nanodollars === 'untold')
    return `${prefix}what this costs is known when it has run, and not told here, so it cannot be held against the budget of ${called(account)}. Who has no budget may ask for it`
  const exceeded = `${prefix}${called(account)} budget exceeded`
  if (!isOwn(account)) return `${exceeded} (${resets})`
  const limit = limitOf(account)
  if (balance.used >= limit || nanodollars === 'unbounded')
    return `${exceeded}: ${dollars(balance.used)} >= ${dollars(limit)} dollars (${resets})`
  return `${exceeded}: this call may cost ${dollars(nanodollars)} dollars, and of ${dollars(limit)} only ${dollars(limit - balance.used)} are left; ask for a shorter answer (max_tokens), or wait (${resets})`
}

function heldMessage({ account, balance }: Block): string {
  const isBudget = unitOf(account) === 'nanodollars'
  const prefix = globalPrefix(account, isBudget ? 'budget check failed' : 'rate limit check failed')
  const what = isBudget ? 'budget' : 'token limit'
  const amount = (value: number) => (isBudget ? dollars(value) : String(value))
  const figures = `: ${amount(balance.used)} of ${amount(limitOf(account))}${isBudget ? ' dollars' : ''} used, ${amount(balance.reserved)} reserved`
  return `${prefix}what is left of the ${what} of ${called(account)} is reserved by calls in flight${isOwn(account) ? figures : ''}; try again in ${HELD_RETRY_SECONDS} s`
}

/** `Provider-level budget exceeded: `; below these two levels only the check is named. */
function globalPrefix({ owner: { kind } }: Account, what: string): string {
  if (kind === 'provider') return `Provider-level ${what}: `
  if (kind === 'model') return `Model-level ${what}: `
  return `${what[0]!.toUpperCase()}${what.slice(1)}: `
}

const LEVEL_WORDS: Readonly<Record<OwnerKind, string>> = {
  virtual_key: 'VK',
  virtual_key_provider: 'Provider',
  team: 'Team',
  customer: 'Customer',
  provider: 'Provider',
  model: 'Model',
}

function called({ owner: { kind, name } }: Account): string {
  return `${LEVEL_WORDS[kind]} ${name}`
}

/**
 * A limit that binds only this provider or this model is used up, so that another one may serve the call. What binds
 * the caller wherever it goes is no reason to choose another place.
 */
export function isUsedUpThere(
  { budgets, rateLimits }: Limits,
  balanceOf: (account: Account) => Balance,
): boolean {
  const isUsedUp = (account: Account) =>
    TARGET_KINDS.has(account.owner.kind) && balanceOf(account).used >= limitOf(account)
  return budgets.some(isUsedUp) || rateLimits.some(isUsedUp)
}

function isOwn({ owner: { kind } }: Account): boolean {
  return kind === 'virtual_key' || kind === 'virtual_key_provider'
}

/** Nano-dollars as dollars with four decimals. */
export function dollars(nanodollars: number): string {
  return (nanodollars / 1e9).toFixed(4)
}

/** `2026-12-01 00:00 UTC` */
export function moment(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
