import { randomUUID } from 'node:crypto'
import type { OwnAnswer, OwnRequest, OwnRoute } from '../http/router.ts'
import { GatewayError } from '../message/error.ts'
import type { RunningSettings, SettingsObject } from '../stores/config-store/port.ts'
import type { GovernanceSources } from './governance-sources.ts'
import { readObject } from './json-body.ts'
import type { Fields } from './json-body.ts'
import { moment } from './limit-views.ts'
import { cut } from './object-query.ts'
import { masked, unmasked } from './provider-key-secrets.ts'
import { notFound, refusalAnswer } from './refusals.ts'

const KEYS = '/api/providers/{provider}/keys'
const KEY = `${KEYS}/{key_id}`

/** The keys of providers: secrets are taken, and never shown. */
export function providerKeyRoutes(sources: Pick<GovernanceSources, 'settings'>): OwnRoute[] {
  return [
    { method: 'GET', path: KEYS, handler: (request) => list(request, sources) },
    { method: 'POST', path: KEYS, handler: (request) => create(request, sources) },
    { method: 'GET', path: KEY, handler: (request) => read(request, sources) },
    { method: 'PUT', path: KEY, handler: (request) => update(request, sources) },
    { method: 'DELETE', path: KEY, handler: (request) => remove(request, sources) },
  ]
}

type Sources = Pick<GovernanceSources, 'settings'>

function list({ parameters, query }: OwnRequest, { settings }: Sources): OwnAnswer {
  const provider = parameters['provider']!.toLowerCase()
  const own = settings.running.list('provider_keys').filter(({ body }) => body['provider'] === provider)
  const { items, totalCount, limit, offset } = cut(own, query)
  return {
    status: 200,
    body: { keys: items.map(view), count: items.length, total_count: totalCount, limit, offset },
  }
}

function read({ parameters }: OwnRequest, { settings }: Sources): OwnAnswer {
  return { status: 200, body: { key: view(found(parameters, settings.running)) } }
}

async function create(request: OwnRequest, sources: Sources): Promise<OwnAnswer> {
  const provider = request.parameters['provider']!.toLowerCase()
  const given = withoutReadOnly(await readObject(request))
  const id = typeof given['id'] === 'string' && given['id'] !== '' ? given['id'] : randomUUID()
  const body = { ...unmasked(given, {}), id, provider }
  return changing(id, sources, 'created', (running) => {
    if (running.find('provider_keys', id) !== undefined)
      throw new GatewayError('conflict', `There is a provider key ${JSON.stringify(id)} already.`)
    return { put: [{ kind: 'provider_keys', id, body }] }
  })
}

async function update(request: OwnRequest, sources: Sources): Promise<OwnAnswer> {
  const id = request.parameters['key_id']!
  const given = withoutReadOnly(await readObject(request))
  return changing(id, sources, 'updated', (running) => {
    const { body: before } = found(request.parameters, running)
    const changed = { ...before, ...unmasked(given, before), id, provider: before['provider'] }
    const body = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== null))
    return { put: [{ kind: 'provider_keys', id, body }] }
  })
}

async function remove({ parameters }: OwnRequest, { settings }: Sources): Promise<OwnAnswer> {
  const id = parameters['key_id']!
  try {
    await settings.change((running) => ({ remove: [found(parameters, running)] }))
    return { status: 200, body: { message: 'Key deleted successfully' } }
  } catch (error) {
    return refusalAnswer(error, { kind: 'provider_keys', id })
  }
}

async function changing(
  id: string,
  { settings }: Sources,
  verb: string,
  edit: Parameters<Sources['settings']['change']>[0],
): Promise<OwnAnswer> {
  try {
    const { running } = await settings.change(edit)
    return {
      status: 200,
      body: { message: `Key ${verb} successfully`, key: view(running.find('provider_keys', id)!) },
    }
  } catch (error) {
    return refusalAnswer(error, { kind: 'provider_keys', id })
  }
}

function found(parameters: OwnRequest['parameters'], running: RunningSettings): SettingsObject {
  const id = parameters['key_id']!
  const object = running.find('provider_keys', id)
  if (object?.body['provider'] !== parameters['provider']!.toLowerCase()) throw notFound('provider key', id)
  return object
}

function view(object: SettingsObject): Record<string, unknown> {
  const { id, body, source, place, fileDiffers, problem, createdAtMs, updatedAtMs } = object
  return {
    ...masked(body),
    id,
    created_at: createdAtMs === undefined ? null : moment(createdAtMs),
    updated_at: updatedAtMs === undefined ? null : moment(updatedAtMs),
    origin: { source, place, file_differs: fileDiffers, ...(problem !== undefined && { problem }) },
  }
}

function withoutReadOnly(given: Fields): Fields {
  const { created_at: _created, updated_at: _updated, origin: _origin, status: _status, ...rest } = given
  return rest
}
