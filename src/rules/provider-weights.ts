import { modelAt } from './candidate.ts'
import type { Candidate } from './candidate.ts'
import { chooseByWeight, percent, sharesOf } from './weighted.ts'
import type { Chance } from './weighted.ts'

/** What balancing needs to know of a provider that a virtual key may use. */
export interface BalancedGrant {
  readonly provider: string
  /** Share of the calls, in proportion to those of the others; undefined: only by name and as a fallback. */
  readonly weight: number | undefined
  /** The model that calls for any other become here; undefined: the one that was asked for. */
  readonly model: string | undefined
  readonly models: {
    /** All names that one model goes by. */
    allows(names: readonly string[]): boolean
    /** Names that are allowed one by one; undefined: all but the blocked. */
    readonly listed: readonly string[] | undefined
  }
}

export interface BalanceQuestion<Grant extends BalancedGrant> extends Chance {
  /** As asked for, without provider. */
  readonly model: string
  readonly grants: readonly Grant[]
  readonly candidates: ReadonlyMap<string, Candidate>
  /** heaviest-first: in order of weight, without a draw. Absent: a draw by weight. */
  readonly order?: 'weighted' | 'heaviest-first' | undefined
  /** Leaves out what cannot serve now: its budget is spent, its provider is down. */
  readonly isUsable?: (grant: Grant, model: string) => boolean
  /** Is told of each grant that the call does not go by. */
  readonly onLeftOut?: ((grant: Grant, why: LeftOut) => void) | undefined
}

/** Why a call does not go by a grant. */
export type LeftOut = 'no key is open' | 'does not serve the model' | 'model is not allowed' | 'limit used up'

/** One provider that serves the model. */
export interface BalancedRoute<Grant extends BalancedGrant> {
  readonly grant: Grant
  readonly provider: string
  /** What the provider calls it. */
  readonly model: string
  readonly reason: string
  /** Part of one; undefined: it takes no part in the draw. */
  readonly share: number | undefined
}

/**
 * Which of its providers a virtual key's call for a model goes to, without a provider in its name: the first of the
 * result, and the others in order of their weights if that fails. Empty where none of them serves the model. Pure.
 */
export function balance<Grant extends BalancedGrant>(
  question: BalanceQuestion<Grant>,
): BalancedRoute<Grant>[] {
  const serving = servingOf(question)
  // Of most models: the draw would be among one.
  if (serving.length === 1)
    return [routeBy(serving[0]!, serving[0]!.grant.weight === undefined ? undefined : 1)]
  const drawn = serving.filter(({ grant }) => grant.weight !== undefined)
  const shares = sharesOf(drawn.map(({ grant }) => grant.weight!))
  const inOrder = serving.toSorted((a, b) => (b.grant.weight ?? -1) - (a.grant.weight ?? -1))
  const first = question.order === 'heaviest-first' ? undefined : draw(drawn, question)
  const ordered = first === undefined ? inOrder : [first, ...inOrder.filter((one) => one !== first)]
  return ordered.map((one) => routeBy(one, shares[drawn.indexOf(one)]))
}

/** A grant by which the call can go. */
interface Serving<Grant> {
  readonly grant: Grant
  /** In the list of grants. */
  readonly index: number
  readonly model: string
}

function servingOf<Grant extends BalancedGrant>(question: BalanceQuestion<Grant>): Serving<Grant>[] {
  const { grants, isUsable, onLeftOut } = question
  const serving: Serving<Grant>[] = []
  for (let index = 0; index < grants.length; index++) {
    const grant = grants[index]!
    const served = modelOf(grant, question)
    if ('why' in served) onLeftOut?.(grant, served.why)
    else if (isUsable?.(grant, served.model) === false) onLeftOut?.(grant, 'limit used up')
    else serving.push({ grant, index, model: served.model })
  }
  return serving
}

function draw<Grant extends BalancedGrant>(
  drawn: readonly Serving<Grant>[],
  question: BalanceQuestion<Grant>,
): Serving<Grant> | undefined {
  const { grants } = question
  const describe = ({ grant, index }: Serving<Grant>) => ({ id: idOf(grants, index), weight: grant.weight! })
  return chooseByWeight(drawn, describe, question)
}

function routeBy<Grant extends BalancedGrant>(
  { grant, model }: Serving<Grant>,
  share: number | undefined,
): BalancedRoute<Grant> {
  const told = share === undefined ? 'without a share' : `with ${percent(share)}`
  return { grant, provider: grant.provider, model, share, reason: `the virtual key’s weights: ${told}` }
}

/** A provider can stand in the list several times, with other models. */
function idOf(grants: readonly BalancedGrant[], index: number): string {
  const { provider, model = '' } = grants[index]!
  const before = grants
    .slice(0, index)
    .filter((one) => one.provider === provider && one.model === grants[index]!.model)
  return `${provider} ${model} ${before.length}`
}

/** What the grant's provider would be asked for, or why it is not. */
function modelOf(
  { provider, model: fixed, models }: BalancedGrant,
  { model: asked, candidates }: Pick<BalanceQuestion<BalancedGrant>, 'model' | 'candidates'>,
): { readonly model: string } | { readonly why: LeftOut } {
  const candidate = candidates.get(provider)
  if (candidate?.usable !== true) return { why: 'no key is open' }
  const name = fixed ?? asked
  // What a list names, the operator knows to be there, and the catalogue need not.
  const isNamed = fixed !== undefined || (models.listed !== undefined && models.allows([name]))
  const model = modelAt(candidate, name) ?? (isNamed ? name : undefined)
  if (model === undefined) return { why: 'does not serve the model' }
  return models.allows([name, model]) ? { model } : { why: 'model is not allowed' }
}
