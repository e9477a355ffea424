import type { OwnAnswer, OwnRoute } from '../http/router.ts'
import { logRoutes } from './logs.ts'
import type { LogSources } from './logs.ts'

/** The routes of the gateway that belong to no protocol. */
export function ownRoutes(sources: LogSources): OwnRoute[] {
  return [
    {
      method: 'GET',
      path: '/health',
      access: 'anyone',
      handler: () => ({ status: 200, body: { status: 'ok' } }),
    },
    { method: 'GET', path: '/api/config/schema', handler: configSchema },
    ...logRoutes(sources),
  ]
}

/** The settings as JSON schema. Loaded when asked for: the validator takes longer to load than the gateway. */
async function configSchema(): Promise<OwnAnswer> {
  const { jsonSchema } = await import('../stores/config/json-schema.ts')
  return { status: 200, body: jsonSchema() }
}
