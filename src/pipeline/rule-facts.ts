import { agentType } from '../rules/agent-type.ts'
import { stripContextSuffix } from '../models/names.ts'
import type { Pressure } from '../rules/budgets.ts'
import { isSubagent, requestClass } from '../rules/request-class.ts'
import { asksToThink, hasImages, hasTools } from '../rules/request-traits.ts'
import type { RuleFacts, RuleOwner } from '../rules/rule-variables.ts'
import type { VirtualKey } from '../stores/config/governance.ts'
import type { Call } from './call.ts'
import { BYTES_PER_TOKEN } from './estimate-usage.ts'
import type { InboundRequest } from './read-request.ts'
import { requestKind } from './request-kind.ts'
import { signsOf } from './request-signs.ts'

const NANODOLLARS_PER_DOLLAR = 1e9

/** The model of a request, with the provider that it names apart from it. */
export interface AskedModel {
  /** Without Claude Code's `[1m]`. */
  readonly model: string
  /** Empty: none is named. */
  readonly provider: string
}

export function askedModel(name: string, known: ReadonlyMap<string, unknown>): AskedModel {
  const model = stripContextSuffix(name)
  const slash = model.indexOf('/')
  const provider = slash > 0 ? model.slice(0, slash).toLowerCase() : ''
  if (!known.has(provider)) return { model, provider: '' }
  return { model: model.slice(slash + 1), provider }
}

export interface FactSources {
  readonly call: Call
  readonly request: InboundRequest
  readonly asked: AskedModel
  readonly virtualKey: VirtualKey | undefined
  readonly timeZone: string
  /** How near to their limits the accounts are that bind the call as it was asked for. */
  readonly pressure: () => Pressure
}

/** What rules ask of a call: each fact is read when it is asked for. */
export class CallFacts implements RuleFacts {
  readonly #sources: FactSources
  readonly #signs: ReturnType<typeof signsOf>
  #pressure: Pressure | undefined

  constructor(sources: FactSources) {
    this.#sources = sources
    this.#signs = signsOf(sources.call, sources.request)
  }

  get model(): string {
    return this.#sources.asked.model
  }

  get provider(): string {
    return this.#sources.asked.provider
  }

  get requestType(): string {
    return requestKind(this.#sources.call)
  }

  get stream(): boolean {
    return this.#sources.request.stream
  }

  get headers(): RuleFacts['headers'] {
    return this.#sources.call.headers
  }

  get params(): RuleFacts['params'] {
    const { query } = this.#sources.call
    return Object.fromEntries([...query].map(([name, value]) => [name.toLowerCase(), value]))
  }

  get virtualKey(): RuleOwner | undefined {
    return this.#sources.virtualKey
  }

  get team(): RuleOwner | undefined {
    return this.#sources.virtualKey?.team
  }

  get customer(): RuleOwner | undefined {
    return this.#sources.virtualKey?.customer
  }

  get budgetUsed(): number {
    return this.#pressureNow().budgetUsed
  }

  get tokensUsed(): number {
    return this.#pressureNow().tokensUsed
  }

  get requestsUsed(): number {
    return this.#pressureNow().requestsUsed
  }

  get budgetRemaining(): number {
    const { budgetRemainingNanodollars } = this.#pressureNow()
    return (budgetRemainingNanodollars ?? Infinity) / NANODOLLARS_PER_DOLLAR
  }

  get sessionId(): string | undefined {
    return this.#sources.request.sessionId
  }

  get agentType(): string {
    return agentType(this.#sources.call.headers)
  }

  get requestClass(): string {
    return requestClass(this.#signs)
  }

  get isSubagent(): boolean {
    return isSubagent(this.#signs)
  }

  get inputTokens(): number {
    return Math.ceil(this.#sources.request.bodyBytes / BYTES_PER_TOKEN)
  }

  get hasImages(): boolean {
    return hasImages(this.#signs)
  }

  get hasTools(): boolean {
    return hasTools(this.#signs)
  }

  get thinking(): boolean {
    return asksToThink(this.#signs)
  }

  readonly complexityTier = ''

  get nowMs(): number {
    return this.#sources.call.receivedAtMs
  }

  get timeZone(): string {
    return this.#sources.timeZone
  }

  #pressureNow(): Pressure {
    return (this.#pressure ??= this.#sources.pressure())
  }
}
