import { randomUUID } from 'node:crypto'
import type { OwnAnswer, OwnRequest, OwnRoute } from '../http/router.ts'
import { windowAt } from '../rules/windows.ts'
import type { Budget } from '../stores/config/governance.ts'
import { fields, items } from '../stores/config/raw.ts'
import type { Fields } from '../stores/config/raw.ts'
import type { Body, RunningSettings, SettingsObject } from '../stores/config-store/port.ts'
import { flagIn, optionalTextIn, readObject, wrong } from './json-body.ts'
import { inOrder } from './limit-views.ts'
import { OBJECT_NAMES } from './object-kinds.ts'
import { answer, changing } from './objects.ts'
import type { GovernanceSources } from './governance-sources.ts'
import { budgetsOf } from './owner-limits.ts'
import { notFound } from './refusals.ts'
import { takeValue } from './virtual-key-values.ts'

const NAMES = OBJECT_NAMES.find(({ kind }) => kind === 'virtual_keys')!
const KEY = `${NAMES.path}/{vk_id}`
const OVERRIDE = `${KEY}/budgets/{budget_id}/override`

/** What can be done with virtual keys beside changing them. */
export function virtualKeyRoutes(sources: GovernanceSources): OwnRoute[] {
  return [
    { method: 'POST', path: `${KEY}/rotate`, handler: (request) => rotate(request, sources) },
    { method: 'PUT', path: OVERRIDE, handler: (request) => setOverride(request, sources) },
    { method: 'DELETE', path: OVERRIDE, handler: (request) => removeOverride(request, sources) },
  ]
}

/**
 * Gives a key another value and shows it, once. The one before counts for the grace of `client.vk_rotation_cooldown`, or
 * with `revoke_previous` not at all.
 */
async function rotate(request: OwnRequest, sources: GovernanceSources): Promise<OwnAnswer> {
  const id = request.parameters['vk_id']!
  const given = await readObject(request)
  const value = takeValue(given).value ?? `sk-bf-${randomUUID()}`
  const revokesPrevious = flagIn(given, 'revoke_previous')
  return changing(NAMES, id, sources, async (settings) => {
    const changed = await settings.change((running) => {
      const { body } = virtualKey(running, id)
      const { value: written, ...rest } = body
      const change = { value: { id, value, revokesPrevious } }
      // A value that stands in the file is known for the older one; what says where it is would go on to count.
      const isElsewhere = written !== undefined && takeValue({ value: written }).rest['value'] === written
      return isElsewhere ? { ...change, put: [{ kind: 'virtual_keys', id, body: rest }] } : change
    })
    return answer(NAMES, id, 'rotated', changed, sources, [], value)
  })
}

/** More dollars for a budget, for so many of its windows, until a moment, or until they are taken away. */
async function setOverride(request: OwnRequest, sources: GovernanceSources): Promise<OwnAnswer> {
  const given = await readObject(request)
  const { additional_limit: extra } = given
  if (typeof extra !== 'number' || !(extra > 0) || !Number.isFinite(extra))
    throw wrong('additional_limit', 'something else', 'dollars: a number above 0')
  return changingBudget(request, sources, 'overridden', (budget) => {
    const until = untilOf(given, budget, sources)
    return { additional_limit: extra, ...(until !== undefined && { until }) }
  })
}

function removeOverride(request: OwnRequest, sources: GovernanceSources): Promise<OwnAnswer> {
  return changingBudget(request, sources, 'updated', () => undefined)
}

/** The most windows that an override is for: more are a limit that should be changed. */
const CYCLES_MAX = 120

function untilOf(given: Fields, budget: Budget, { ledger, now }: GovernanceSources): string | undefined {
  const { cycles } = given
  const until = optionalTextIn(given, 'until')
  if (until !== undefined) {
    const untilMs = Date.parse(until)
    if (!(untilMs > now()))
      throw wrong('until', 'something else', 'a moment to come, such as "2027-01-31T00:00:00Z"')
    return new Date(untilMs).toISOString()
  }
  if (cycles === undefined || cycles === null) return undefined
  if (typeof cycles !== 'number' || !Number.isInteger(cycles) || cycles < 1 || cycles > CYCLES_MAX)
    throw wrong('cycles', 'something else', `a whole number from 1 to ${CYCLES_MAX}`)
  const { rule } = budget.period
  let { startMs, endMs } = ledger.balance(budget)
  for (let cycle = 1; cycle < cycles; cycle++) ({ startMs, endMs } = windowAt(rule, endMs, startMs))
  return new Date(endMs).toISOString()
}

function changingBudget(
  { parameters }: OwnRequest,
  sources: GovernanceSources,
  verb: string,
  override: (budget: Budget) => Body | undefined,
): Promise<OwnAnswer> {
  const [id, budgetId] = [parameters['vk_id']!, parameters['budget_id']!]
  return changing(NAMES, id, sources, async (settings) => {
    const changed = await settings.change((running) => {
      const object = virtualKey(running, id)
      const budget = budgetsOf(object, running.configuration.governance).find((each) => each.id === budgetId)
      if (budget === undefined) throw notFound('budget of this virtual key', budgetId)
      return { put: [withOverride(object, running, budget, override(budget))] }
    })
    return answer(NAMES, id, verb, changed, sources)
  })
}

/** The object that has the budget, with the override in it: the key, or the budget itself where it stands alone. */
function withOverride(
  { id, body }: SettingsObject,
  running: RunningSettings,
  budget: Budget,
  override: Body | undefined,
) {
  const named = running.find('budgets', budget.id)
  if (named !== undefined)
    return { kind: 'budgets', id: budget.id, body: overridden(named.body, override) } as const
  const { governance } = running.configuration
  const key = governance.virtualKeys.get(id)!
  // With its id written down, it stays the same budget when others are added.
  const change = (owner: Fields, budgets: readonly Budget[]): Fields => {
    const at = budgets.findIndex((each) => each.id === budget.id)
    const settings = inOrder(owner, 'budget')[at]
    if (settings === undefined) return owner
    const changed = overridden({ ...settings, id: budget.id }, override)
    if (owner['budget'] !== undefined && owner['budget'] !== null && fields(owner['budget']) === settings)
      return { ...owner, budget: changed }
    return { ...owner, budgets: items(owner['budgets']).map((each) => (each === settings ? changed : each)) }
  }
  const ofKey = change(body, key.limits.budgets)
  const list = body['providers'] === undefined ? 'provider_configs' : 'providers'
  const grants = items(body[list]).map((grant, at) =>
    change(fields(grant), key.grants?.[at]?.limits.budgets ?? []),
  )
  const changed = body[list] === undefined ? ofKey : { ...ofKey, [list]: grants }
  return { kind: 'virtual_keys', id, body: changed } as const
}

function overridden({ override: _before, ...rest }: Fields, override: Body | undefined): Body {
  return override === undefined ? rest : { ...rest, override }
}

function virtualKey(running: RunningSettings, id: string): SettingsObject {
  const object = running.find('virtual_keys', id)
  if (object === undefined || object.problem !== undefined) throw notFound('virtual key', id)
  return object
}
