import { list, lookup } from '../models/catalogue.ts'
import { candidates } from './plan.ts'
import { GatewayError } from '../message/error.ts'
import { route } from '../rules/routing.ts'
import type { ForeignPrefix } from '../protocols/protocol.ts'
import type { Configuration } from '../stores/config/configuration.ts'
import type { Caller } from './authenticate.ts'
import type { Call } from './call.ts'
import { jsonHeaders } from './reply-whole.ts'

/**
 * The models that a caller can use, from configuration and catalogue alone: no upstream is asked, so that an
 * agent's start (Claude Code waits 3 s) never hangs on a provider.
 */
export function listModels(call: Call, caller: Caller, configuration: Configuration): void {
  const body = call.protocol.models.encodeList(
    modelIds(caller, configuration, call.protocol.models.foreignPrefix),
    call.query,
  )
  call.reply.send(200, jsonHeaders(call), JSON.stringify(body))
}

/** One model, if it leads anywhere. Throws `model_not_found`. */
export function getModel(call: Call, caller: Caller, configuration: Configuration): void {
  const id = call.pathModel
  if (id === undefined || id === '')
    throw new GatewayError('model_not_found', 'model: Field required', { field: 'model' })
  route(id, candidates(configuration, caller))
  call.reply.send(200, jsonHeaders(call), JSON.stringify(call.protocol.models.encode(id)))
}

function modelIds(
  caller: Caller,
  configuration: Configuration,
  foreignPrefix: ForeignPrefix | undefined,
): string[] {
  const ids = new Set<string>()
  for (const candidate of candidates(configuration, caller).values()) {
    if (!candidate.usable) continue
    const name = (model: string) => toldId(candidate.id, model, foreignPrefix)
    for (const key of candidate.keys) for (const alias of key.aliases.keys()) ids.add(name(alias))
    const listed = candidate.keys.flatMap((key) => [...(key.models ?? [])])
    const open = candidate.keys.length === 0 || candidate.keys.some((key) => key.models === undefined)
    for (const model of open ? [...offered(candidate.id), ...listed] : listed) ids.add(name(model))
  }
  return [...ids]
}

function toldId(provider: string, model: string, foreignPrefix: ForeignPrefix | undefined): string {
  const id = `${provider}/${model}`
  if (foreignPrefix === undefined) return id
  if (provider !== foreignPrefix.native) return foreignPrefix.prefix + id
  return foreignPrefix.shown.test(model) ? model : foreignPrefix.prefix + model
}

/** What an agent can work with: models that call tools and are not on their way out. */
function offered(provider: string): string[] {
  return list(provider).filter((model) => {
    const facts = lookup(provider, model)
    return facts?.tools === true && facts.deprecated !== true
  })
}
