import type { Admit, OwnAnswer, OwnRoute } from '../http/router.ts'
import type { ConfigStore } from '../stores/config-store/port.ts'
import { Admission } from './admission.ts'
import { explainRoutes } from './explain.ts'
import type { ExplainAnswerSources } from './explain.ts'
import { logRoutes } from './logs.ts'
import type { LogSources } from './logs.ts'
import { Logins } from './logins.ts'
import { objectRoutes } from './objects.ts'
import type { GovernanceSources } from './governance-sources.ts'
import { providerKeyRoutes } from './provider-keys.ts'
import { ruleOrderRoutes } from './rule-order.ts'
import { sessionRoutes } from './sessions.ts'
import { virtualKeyRoutes } from './virtual-keys.ts'

/** What the admin API changes and shows. */
export interface AdminSources extends GovernanceSources {
  readonly store: Pick<ConfigStore, 'sessions' | 'salt'>
}

/** The admin API: who is let in, and what there is. */
export interface Admin {
  readonly admit: Admit
  readonly routes: readonly OwnRoute[]
}

export function createAdmin(sources: AdminSources): Admin {
  const { settings, store, now } = sources
  const logins = new Logins({ settings, store, now })
  const admission = new Admission(logins, settings)
  return {
    admit: (request) => admission.admit(request),
    routes: [
      ...sessionRoutes({ settings, logins, admission, now }),
      ...ruleOrderRoutes(sources),
      ...virtualKeyRoutes(sources),
      ...objectRoutes(sources),
      ...providerKeyRoutes(sources),
    ],
  }
}

/** What is shown of what the gateway does. */
export type OwnSources = LogSources & ExplainAnswerSources

/** The routes of the gateway that belong to no protocol. */
export function ownRoutes(sources: OwnSources, admin?: Pick<Admin, 'routes'>): OwnRoute[] {
  return [
    {
      method: 'GET',
      path: '/health',
      access: 'anyone',
      handler: () => ({ status: 200, body: { status: 'ok' } }),
    },
    { method: 'GET', path: '/api/config/schema', handler: configSchema },
    ...logRoutes(sources),
    ...explainRoutes(sources),
    ...(admin?.routes ?? []),
  ]
}

/** The settings as JSON schema. Loaded when asked for: the validator takes longer to load than the gateway. */
async function configSchema(): Promise<OwnAnswer> {
  const { jsonSchema } = await import('../stores/config/json-schema.ts')
  return { status: 200, body: jsonSchema() }
}
