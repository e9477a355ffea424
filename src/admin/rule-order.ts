import type { OwnAnswer, OwnRequest, OwnRoute } from '../http/router.ts'
import { items } from '../stores/config/raw.ts'
import type { SettingsObject } from '../stores/config-store/port.ts'
import { optionalTextIn, readObject, wrong } from './json-body.ts'
import { OBJECT_NAMES } from './object-kinds.ts'
import { changing } from './objects.ts'
import type { GovernanceSources } from './governance-sources.ts'

const NAMES = OBJECT_NAMES.find(({ kind }) => kind === 'routing_rules')!

/** Puts the rules of one scope into an order. */
export function ruleOrderRoutes(sources: GovernanceSources): OwnRoute[] {
  return [NAMES.path, ...NAMES.aliases].map((path) => ({
    method: 'PUT',
    path: `${path}/order`,
    handler: (request) => order(request, sources),
  }))
}

/** All rules of the scope, by their ids, the first that is asked in front. Their priorities become 0, 1, 2 … */
async function order(request: OwnRequest, sources: GovernanceSources): Promise<OwnAnswer> {
  const given = await readObject(request)
  const scope = optionalTextIn(given, 'scope') ?? 'global'
  const scopeId = optionalTextIn(given, 'scope_id')
  const ids = items(given['ids'])
  return changing(NAMES, '', sources, async (settings) => {
    await settings.change((running) => {
      const rules = running.list('routing_rules').filter((rule) => isOf(rule, scope, scopeId))
      const byId = new Map(rules.map((rule) => [rule.id, rule]))
      if (
        byId.size !== ids.length ||
        new Set(ids).size !== ids.length ||
        !ids.every((id) => byId.has(String(id)))
      )
        throw wrong(
          'ids',
          `${ids.length} ids`,
          `each of the ${byId.size} rules of the scope once: ${[...byId.keys()].join(', ')}`,
        )
      const put = ids.map((id, priority) => {
        const { body } = byId.get(String(id))!
        return { kind: 'routing_rules', id: String(id), body: { ...body, priority } } as const
      })
      return { put: put.filter(({ id, body }) => body.priority !== (byId.get(id)!.body['priority'] ?? 0)) }
    })
    return { status: 200, body: { message: 'Rules ordered successfully', ids } }
  })
}

function isOf({ body }: SettingsObject, scope: string, scopeId: string | undefined): boolean {
  if ((body['scope'] ?? 'global') !== scope) return false
  return scope === 'global' || (body['scope_id'] ?? undefined) === scopeId
}
