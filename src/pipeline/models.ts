import { list, lookup } from '../models/catalogue.ts'
import { GatewayError } from '../message/error.ts'
import type { ForeignPrefix, ListedModel } from '../protocols/protocol.ts'
import { route } from '../rules/routing.ts'
import type { Configuration } from '../stores/config/configuration.ts'
import type { Caller } from './authenticate.ts'
import type { Call } from './call.ts'
import { candidates } from './plan.ts'
import { jsonHeaders } from './reply-whole.ts'

/**
 * The models that a caller can use, from configuration and catalogue alone: no upstream is asked, so that an
 * agent's start (Claude Code waits 3 s) never hangs on a provider.
 */
export function listModels(call: Call, caller: Caller, configuration: Configuration): void {
  const { foreignPrefix, encodeList } = call.protocol.models
  const body = encodeList(modelsFor(caller, configuration, foreignPrefix), call.query)
  call.reply.send(200, jsonHeaders(call), JSON.stringify(body))
}

/** One model, if it leads anywhere. Throws `model_not_found`. */
export function getModel(call: Call, caller: Caller, configuration: Configuration): void {
  const id = call.pathModel
  if (id === undefined || id === '')
    throw new GatewayError('model_not_found', 'model: Field required', { field: 'model' })
  const { provider, model } = route(id, candidates(configuration, caller))
  const body = call.protocol.models.encode({ id, provider, model, facts: lookup(provider, model) })
  call.reply.send(200, jsonHeaders(call), JSON.stringify(body))
}

/** Each model once, aliases of a provider before its other models. */
function modelsFor(
  caller: Caller,
  configuration: Configuration,
  foreignPrefix: ForeignPrefix | undefined,
): ListedModel[] {
  const models = new Map<string, ListedModel>()
  const add = (provider: string, name: string, model: string) => {
    const id = toldId(provider, name, foreignPrefix)
    if (!models.has(id)) models.set(id, { id, provider, model, facts: lookup(provider, model) })
  }
  for (const { id: provider, usable, keys } of candidates(configuration, caller).values()) {
    if (!usable) continue
    for (const key of keys) for (const [alias, model] of key.aliases) add(provider, alias, model)
    const open = keys.length === 0 || keys.some((key) => key.models === undefined)
    if (open) for (const model of offered(provider)) add(provider, model, model)
    for (const key of keys) for (const model of key.models ?? []) add(provider, model, model)
  }
  return [...models.values()]
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
