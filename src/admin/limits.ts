import type { OwnAnswer, OwnRequest } from '../http/router.ts'
import { GatewayError } from '../message/error.ts'
import type { Governance, Origin, Owner, RateLimit } from '../stores/config/governance.ts'
import type { RunningSettings } from '../stores/config-store/port.ts'
import { budgetView, rateLimitView } from './limit-views.ts'
import type { LimitContext } from './limit-views.ts'
import { cut } from './object-query.ts'
import { objectView } from './object-views.ts'
import type { GovernanceSources } from './governance-sources.ts'

type LimitKind = 'budgets' | 'rate_limits'

/** A limit that counts, wherever its settings stand. */
interface CountedLimit {
  readonly id: string
  readonly owner: Owner
  readonly origin: Origin
  readonly view: () => Record<string, unknown>
}

/**
 * Every budget or rate limit that there is: those of `governance.budgets` and `governance.rate_limits`, and those that
 * stand at their owners. Where each stands now, and where that leads.
 */
export function listLimits(kind: LimitKind, { query }: OwnRequest, sources: GovernanceSources): OwnAnswer {
  const { running } = sources.settings
  const context = contextOf(sources)
  const search = query.get('search')?.toLowerCase() ?? ''
  const counted = countedLimits(kind, running, context)
  const known = new Set(counted.map(({ id }) => id))
  const views = [
    ...counted
      .filter(({ id, owner }) => `${id}\n${owner.id}\n${owner.name}`.toLowerCase().includes(search))
      .map(({ view, origin }) => () => ({
        ...view(),
        origin: { source: origin.source, place: origin.place },
      })),
    // Nobody refers to them, so nothing is counted.
    ...running
      .list(kind)
      .filter(({ id }) => !known.has(id) && id.toLowerCase().includes(search))
      .map(
        (object) => () => objectView(object, { ...context, governance: running.configuration.governance }),
      ),
  ]
  const { items, totalCount, limit, offset } = cut(views, query, query.get('export') === 'true')
  const body = {
    [kind]: items.map((view) => view()),
    count: items.length,
    total_count: totalCount,
    limit,
    offset,
  }
  return { status: 200, body }
}

/** One that stands at its owner; undefined: there is none of that id. */
export function ownedLimit(
  kind: LimitKind,
  id: string,
  sources: GovernanceSources,
): Record<string, unknown> | undefined {
  const found = countedLimits(kind, sources.settings.running, contextOf(sources)).find(
    (each) => each.id === id,
  )
  return found && { ...found.view(), origin: { source: found.origin.source, place: found.origin.place } }
}

/** Throws `conflict` where the limit is part of its owner, which has to be changed instead. */
export function refuseOwned(kind: LimitKind, id: string, { settings }: GovernanceSources): void {
  const { governance } = settings.running.configuration
  const found = kind === 'budgets' ? governance.budgets.get(id) : groupsOf(governance).get(id)?.[0]
  if (found === undefined || settings.running.find(kind, id) !== undefined) return
  throw new GatewayError('conflict', `It is a part of ${found.origin.place}: change it there.`)
}

function countedLimits(kind: LimitKind, running: RunningSettings, context: LimitContext): CountedLimit[] {
  const { governance } = running.configuration
  if (kind === 'budgets')
    return [...governance.budgets.values()].map((budget) => ({
      ...budget,
      view: () => budgetView(budget, context),
    }))
  return [...groupsOf(governance)].map(([id, counters]) => {
    const { owner, origin } = counters[0]!
    return { id, owner, origin, view: () => rateLimitView(id, counters, context) }
  })
}

/** Tokens and requests of one rate limit are two counters. */
function groupsOf({ rateLimits }: Governance): Map<string, RateLimit[]> {
  return Map.groupBy(rateLimits.values(), ({ id }) => id.replace(/\/(?:tokens|requests)$/, ''))
}

function contextOf({ ledger, now }: GovernanceSources): LimitContext {
  return { ledger, nowMs: now() }
}
