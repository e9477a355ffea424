import { formatPath } from '../stores/config/problem.ts'
import type { Body, ListedKind } from '../stores/config-store/port.ts'
import { wrong } from './json-body.ts'

/**
 * Refuses an object with names that are no settings: a limit that is misspelt binds nobody (`invalid_request`). Returns
 * what is known and not served. What has other things wrong with it is left to the checks of the settings.
 */
export async function checkNames(kind: ListedKind, body: Body): Promise<readonly string[]> {
  // The validator takes longer to load than a start may.
  const { settingsSchema } = await import('../stores/config/schema.ts')
  const { survey } = await import('../stores/config/survey.ts')
  const value = { governance: { [kind]: [body] } }
  if (!settingsSchema.safeParse(value).success) return []
  const { unknown, unserved, paths } = survey(settingsSchema, value)
  // The place of the object itself has three parts.
  const within = (place: string) => formatPath(paths.get(place)!.slice(3))
  // Answers show it, and a route of its own sets it.
  const found = unknown.find(({ place }) => !place.endsWith('.override'))
  if (found !== undefined) {
    const expected = found.meant === undefined ? 'a setting, or nothing' : found.meant
    throw wrong(within(found.place), 'a name that is no setting', expected)
  }
  return unserved.map(within)
}
