import * as z from 'zod/mini'
import { notes } from './fields.ts'
import { settingsSchema } from './schema.ts'

/**
 * The settings as JSON schema (draft 2020-12), for editors and the dashboard. What this version accepts without
 * serving it is marked `x-served: false`. Built on demand: it takes some milliseconds and few ask for it.
 */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(settingsSchema, {
    metadata: notes,
    io: 'input',
    override: ({ jsonSchema: part }) => {
      const { service } = part
      delete part['service']
      if (service === 'accepted' || service === 'unenforced') part['x-served'] = false
      // Every number has some largest value; a limit that only says so helps nobody.
      if (Math.abs(part.maximum ?? 0) >= Number.MAX_SAFE_INTEGER) delete part.maximum
      if (Math.abs(part.minimum ?? 0) >= Number.MAX_SAFE_INTEGER) delete part.minimum
    },
  })
  return { ...schema, title: 'config.json of Signalbox' }
}
