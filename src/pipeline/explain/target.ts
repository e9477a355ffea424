import { GatewayError } from '../../message/error.ts'
import type { Warning } from '../../message/request.ts'
import { softWarning } from '../../rules/budgets.ts'
import { blocksOf, holdFor } from '../../rules/limits.ts'
import type { Account, Balance, Demand } from '../../rules/limits.ts'
import type { Configuration, ProviderKey } from '../../stores/config/configuration.ts'
import type { Ledger } from '../../stores/ledger/port.ts'
import type { LogWriter } from '../../stores/logs/port.ts'
import { leftOut } from '../attempt-once.ts'
import type { Caller } from '../authenticate.ts'
import type { Call } from '../call.ts'
import { changedFields } from './body.ts'
import type { FieldChange } from './body.ts'
import { explainCost } from './cost.ts'
import type { ExplainedCost } from './cost.ts'
import { explainKeys } from './keys.ts'
import type { ExplainedKey } from './keys.ts'
import { warnedBody } from '../native.ts'
import type { ItineraryOptions } from '../itinerary.ts'
import { KeyRing } from '../key-ring.ts'
import type { OperationTarget } from '../operations/plan.ts'
import type { AskedOperation } from '../operations/request.ts'
import type { Target } from '../plan.ts'
import type { UpstreamBody } from '../prepared-attempt.ts'
import type { InboundRequest } from '../read-request.ts'
import { CallRecord } from '../record.ts'
import type { Resilience } from '../resilience.ts'
import { demandOf, refused } from '../reserve.ts'
import { prepareOperation } from '../operations/send.ts'
import { prepareAttempt } from '../send.ts'
import type { SlotOwner } from '../slots.ts'
import { slotOwners } from '../take-slots.ts'

/** What an explanation looks at besides the configuration. */
export interface ExplainSources {
  readonly ledger: Pick<Ledger, 'balance'>
  readonly resilience: Resilience
}

/** A target of a plan; `operation`: the same with what is asked of it, where that is no answer. */
export interface Explainable {
  readonly target: Target
  readonly operation: { readonly asked: AskedOperation; readonly target: OperationTarget } | undefined
}

export interface ExplainGround extends ExplainSources {
  readonly call: Call
  readonly request: InboundRequest
  readonly caller: Caller
  readonly configuration: Configuration
  readonly question: ItineraryOptions
}

/** One target of a plan, as an attempt would find it now. */
export interface ExplainedTarget {
  readonly target: Target
  readonly keys: readonly ExplainedKey[]
  /** With which an attempt begins; undefined: there is none. */
  readonly key: ProviderKey | undefined
  /** Undefined: it cannot be made. */
  readonly body: ExplainedBody | undefined
  /** The most that it may use. Undefined without a key: prices may differ from key to key. */
  readonly demand: Demand | undefined
  readonly accounts: readonly ExplainedAccount[]
  /** Bounds of what the provider and the key have at once. */
  readonly slots: readonly ExplainedSlots[]
  /** For the client, where a budget is near its end. */
  readonly budgetWarning: string | undefined
  readonly cost: ExplainedCost | undefined
  /** Why no request would be sent there. */
  readonly refusal: GatewayError | undefined
}

export interface ExplainedBody {
  readonly bytes: number
  /** The client's bytes, all of them. */
  readonly isUntouched: boolean
  /** Of a native body, its fields that are other ones there. */
  readonly changes: readonly FieldChange[]
  readonly dropped: readonly Warning[]
}

/** A budget or rate limit that binds the attempt. */
export interface ExplainedAccount {
  readonly account: Account
  readonly balance: Balance
  /** What would be held of it; undefined: nothing, see `blocks`, or nobody can say without a key. */
  readonly hold: number | undefined
  /** It does not let the attempt through. */
  readonly blocks: boolean
}

export interface ExplainedSlots extends SlotOwner {
  readonly inFlight: number
  readonly waiting: number
}

export function explainTarget({ target, operation }: Explainable, ground: ExplainGround): ExplainedTarget {
  const { call, request, ledger, question, resilience } = ground
  const record = recordOf(ground, operation?.asked)
  const balanceOf = (account: Account) => ledger.balance(account)
  const { budgets, rateLimits } = target.limits
  const ring = new KeyRing(target, question)
  const chosen = outcomeOf(() => ring.first())
  const key = chosen.result
  const demand = key && demandOf({ call, request, target, key }, record.costContext)
  const blocks = demand === undefined ? [] : blocksOf(target.limits, demand, balanceOf)
  const made = outcomeOf(() => bodyOf({ target, operation }, ground, record))
  return {
    target,
    keys: explainKeys(target, ring, question),
    key,
    body: made.result,
    demand,
    accounts: [...budgets, ...rateLimits].map((account) => {
      const balance = balanceOf(account)
      const hold = demand && holdFor(account, balance, demand)
      return { account, balance, hold, blocks: demand !== undefined && hold === undefined }
    }),
    slots: key === undefined ? [] : explainSlots(target, key, resilience),
    budgetWarning: softWarning(budgets, balanceOf),
    cost: key && explainCost({ call, request, target, key }, record.costContext),
    refusal:
      chosen.error ??
      (key && refusalAt(target, key, ring, ground)) ??
      (blocks.length > 0 ? refused(blocks) : made.error),
  }
}

function explainSlots({ provider }: Target, key: ProviderKey, { slots }: Resilience): ExplainedSlots[] {
  return slotOwners(provider, key).map((owner) => {
    return { ...owner, inFlight: slots.inFlight(owner.id), waiting: slots.waiting(owner.id) }
  })
}

/** Why the target does not take the call now, whatever it may cost; in the order in which an attempt asks. */
function refusalAt(
  target: Target,
  key: ProviderKey,
  ring: KeyRing,
  { configuration, resilience, question }: ExplainGround,
): GatewayError | undefined {
  const { dropExcessRequests: drops } = configuration.client
  for (const owner of slotOwners(target.provider, key)) {
    const full = resilience.slots.refusal(owner, drops)
    if (full !== undefined) return full
  }
  return ring.rank(key) === 'barred' ? leftOut(target, question.on.random) : undefined
}

/** A record that writes nothing down: what prepares an attempt tells it what is left out. */
function recordOf(
  { call, configuration, caller, request }: ExplainGround,
  asked?: AskedOperation,
): CallRecord {
  const record = new CallRecord(call, configuration, NO_LOG)
  record.caller(caller)
  record.request(request)
  if (asked !== undefined) record.operation(asked.operation)
  return record
}

const NO_LOG: LogWriter = {
  record: () => undefined,
  keepRequest: () => false,
  keepResponse: () => undefined,
  shedContents: 0,
  lostRows: 0,
  flush: () => Promise.resolve(),
}

function bodyOf(
  { target, operation }: Explainable,
  { call, request }: ExplainGround,
  record: CallRecord,
): ExplainedBody {
  const { body, onSent } = prepared({ target, operation }, call, request, record)
  const isUntouched = body === request.body
  const changes = isUntouched || target.mode === 'translated' ? [] : changedFields(request, body)
  const explained = { bytes: body.length, isUntouched, changes, dropped: [...record.routing().warnings] }
  onSent()
  return explained
}

function prepared(
  { target, operation }: Explainable,
  call: Call,
  request: InboundRequest,
  record: CallRecord,
): UpstreamBody {
  if (operation !== undefined)
    return prepareOperation(call, operation.asked, operation.target, record).upstreamBody
  if (call.operation === 'count-tokens') return warnedBody(call, request, target, record)
  return prepareAttempt(call, request, target, record)
}

/** What comes of it, or why the client is refused. */
function outcomeOf<Result>(work: () => Result): { result?: Result; error?: GatewayError } {
  try {
    return { result: work() }
  } catch (error) {
    if (error instanceof GatewayError) return { error }
    throw error
  }
}
