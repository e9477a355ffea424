import { randomUUID } from 'node:crypto'
import type { OwnAnswer, OwnRequest, OwnRoute } from '../http/router.ts'
import { GatewayError } from '../message/error.ts'
import { SettingsRefused } from '../stores/config-store/port.ts'
import type {
  Change,
  Changed,
  ListedKind,
  RunningSettings,
  SettingsObject,
  SettingsStore,
} from '../stores/config-store/port.ts'
import type { GovernanceSources } from './governance-sources.ts'
import { flagIn, readObject, wrong } from './json-body.ts'
import { listLimits, ownedLimit, refuseOwned } from './limits.ts'
import type { Fields } from './json-body.ts'
import { changedBody, chosenId, newBody } from './object-bodies.ts'
import type { ObjectNames } from './object-kinds.ts'
import { OBJECT_NAMES } from './object-kinds.ts'
import { checkNames } from './object-names.ts'
import { page } from './object-query.ts'
import { objectView } from './object-views.ts'
import { budgetsOf } from './owner-limits.ts'
import { notFound, refusalAnswer } from './refusals.ts'
import { takeValue, valueChange } from './virtual-key-values.ts'
import type { GivenValue } from './virtual-key-values.ts'

/** List, read, create, change and delete what `governance` of the settings has, in the shapes of Bifrost's API. */
export function objectRoutes(sources: GovernanceSources): OwnRoute[] {
  return OBJECT_NAMES.flatMap((names) =>
    [names.path, ...names.aliases].flatMap((path) => routesAt(path, names, sources)),
  )
}

function routesAt(path: string, names: ObjectNames, sources: GovernanceSources): OwnRoute[] {
  const one = `${path}/{${names.parameter}}`
  const idOf = ({ parameters }: OwnRequest) => parameters[names.parameter]!
  return [
    { method: 'GET', path, handler: (request) => list(names, request, sources) },
    { method: 'POST', path, handler: (request) => create(names, request, sources) },
    { method: 'GET', path: one, handler: (request) => read(names, idOf(request), sources) },
    { method: 'PUT', path: one, handler: (request) => update(names, idOf(request), request, sources) },
    { method: 'DELETE', path: one, handler: (request) => remove(names, idOf(request), sources) },
  ]
}

function list({ kind, many }: ObjectNames, request: OwnRequest, sources: GovernanceSources): OwnAnswer {
  if (isLimit(kind)) return listLimits(kind, request, sources)
  const { running } = sources.settings
  const { items, totalCount, limit, offset } = page(kind, running.list(kind), request.query)
  const views = items.map((object) => viewOf(object, running, sources))
  return {
    status: 200,
    body: { [many]: views, count: views.length, total_count: totalCount, limit, offset },
  }
}

function read({ kind, one }: ObjectNames, id: string, sources: GovernanceSources): OwnAnswer {
  const { running } = sources.settings
  const object = running.find(kind, id)
  if (object !== undefined) return { status: 200, body: { [one]: viewOf(object, running, sources) } }
  const owned = isLimit(kind) ? ownedLimit(kind, id, sources) : undefined
  if (owned === undefined) throw notFound(one, id)
  return { status: 200, body: { [one]: owned } }
}

/** Of a virtual key, the answer has its value; nobody sees it again. */
async function create(
  names: ObjectNames,
  request: OwnRequest,
  sources: GovernanceSources,
): Promise<OwnAnswer> {
  const { kind } = names
  const { value, rest: given } = ofVirtualKey(kind, await readObject(request))
  const id = chosenId(kind, given) ?? idOfNew(kind)
  const body = newBody(kind, given, id)
  const unserved = await checkNames(kind, body)
  return changing(names, id, sources, async (settings) => {
    const changed = await settings.change((running) => {
      checkNew(names, id, running)
      return { put: [{ kind, id, body }], ...valueChange(id, value, true) }
    })
    const issued = value ?? changed.issued.find((each) => each.id === id)?.value
    return answer(names, id, 'created', changed, sources, unserved, issued)
  })
}

async function update(
  names: ObjectNames,
  id: string,
  request: OwnRequest,
  sources: GovernanceSources,
): Promise<OwnAnswer> {
  const { kind, one } = names
  const { value, rest: given } = ofVirtualKey(kind, await readObject(request))
  const resets = flagIn(given, 'reset_budget_usage')
  if (isLimit(kind)) refuseOwned(kind, id, sources)
  const bodyFrom = (running: RunningSettings) => {
    const object = running.find(kind, id) ?? (kind === 'providers' ? newProvider(id, running) : undefined)
    if (object === undefined) throw notFound(one, id)
    // Whoever has an object's id has it for good: logs and counters name it.
    const field = kind === 'providers' ? 'name' : 'id'
    return changedBody(kind, object.body, { ...given, [field]: object.body[field] ?? object.id })
  }
  const unserved = await checkNames(kind, bodyFrom(sources.settings.running))
  return changing(names, id, sources, async (settings) => {
    const changed = await settings.change((running) => ({
      put: [{ kind, id, body: bodyFrom(running) }],
      ...valueChange(id, value, false),
    }))
    if (resets) clearBudgets(changed.running.find(kind, id)!, changed.running, sources)
    return answer(names, id, 'updated', changed, sources, unserved, undefined)
  })
}

async function remove(names: ObjectNames, id: string, sources: GovernanceSources): Promise<OwnAnswer> {
  const { kind, one } = names
  if (isLimit(kind)) refuseOwned(kind, id, sources)
  return changing(names, id, sources, async (settings) => {
    await settings.change((running): Change => {
      const object = running.find(kind, id)
      if (object === undefined) throw notFound(one, id)
      if (object.place.startsWith('accounts')) throw new SettingsRefused([], ofAccount(object))
      return { remove: [{ kind, id }] }
    })
    return { status: 200, body: { message: said(one, 'deleted') } }
  })
}

/** Runs a change, and says why it was refused. */
export async function changing(
  { kind }: Pick<ObjectNames, 'kind'>,
  id: string,
  { settings }: GovernanceSources,
  change: (settings: SettingsStore) => Promise<OwnAnswer>,
): Promise<OwnAnswer> {
  try {
    return await change(settings)
  } catch (error) {
    return refusalAnswer(error, { kind, id })
  }
}

/** An object after a change. */
export function answer(
  { kind, one }: ObjectNames,
  id: string,
  verb: string,
  { running }: Changed,
  sources: GovernanceSources,
  unserved: readonly string[] = [],
  value?: string,
): OwnAnswer {
  const view = viewOf(running.find(kind, id)!, running, sources)
  return {
    status: 200,
    body: {
      message: said(one, verb),
      [one]: value === undefined ? view : { ...view, value },
      ...(unserved.length > 0 && { warnings: unserved.map((name) => `${name}: accepted and not served`) }),
    },
  }
}

function viewOf(object: SettingsObject, running: RunningSettings, { ledger, now }: GovernanceSources) {
  const { governance } = running.configuration
  return objectView(object, { governance, ledger, nowMs: now() })
}

function said(one: string, verb: string): string {
  const name = one.replaceAll('_', ' ')
  return `${name[0]!.toUpperCase()}${name.slice(1)} ${verb} successfully`
}

function checkNew({ kind, one }: ObjectNames, id: string, running: RunningSettings): void {
  const shown = JSON.stringify(id)
  if (running.find(kind, id) !== undefined)
    throw new GatewayError('conflict', `There is a ${one.replaceAll('_', ' ')} ${shown} already.`)
  if (kind === 'providers' && newProvider(id, running) === undefined)
    throw wrong('name', shown, 'the name of a provider that is configured')
}

/** Limits for a provider that has none yet; undefined: nobody could reach it, and so they would bind nobody. */
function newProvider(
  id: string,
  { configuration }: RunningSettings,
): Pick<SettingsObject, 'id' | 'body'> | undefined {
  return configuration.providers.has(id) ? { id, body: { name: id } } : undefined
}

function isLimit(kind: ListedKind): kind is 'budgets' | 'rate_limits' {
  return kind === 'budgets' || kind === 'rate_limits'
}

function ofVirtualKey(kind: ListedKind, given: Fields): GivenValue {
  return kind === 'virtual_keys' ? takeValue(given) : { value: undefined, rest: given }
}

function idOfNew(kind: ListedKind): string {
  if (kind !== 'providers') return randomUUID()
  throw wrong('name', 'nothing', 'the name of a provider')
}

function ofAccount({ place }: SettingsObject): string {
  return `It is made of ${place} of the configuration file: change it there.`
}

/** What was used of an object's budgets is nothing from now on; their windows stay. */
function clearBudgets(object: SettingsObject, running: RunningSettings, { ledger }: GovernanceSources): void {
  for (const budget of budgetsOf(object, running.configuration.governance)) ledger.clear(budget)
}
