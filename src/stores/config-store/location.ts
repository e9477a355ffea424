import { join, resolve as resolvePath } from 'node:path'
import { CONFIG_STORE_FILE } from '../config/defaults.ts'
import { resolve } from '../config/environment.ts'
import type { EnvironmentText } from '../config/fields.ts'
import { parse, type Loaded } from '../config/load.ts'
import { fields } from '../config/raw.ts'
import type { Environment } from '../config/registry.ts'

/**
 * Where `config_store` of a file says that the database is: `config.db` of the app dir unless it says otherwise, and
 * undefined, in memory, where it is switched off.
 */
export async function configStorePath(
  { text, file }: Pick<Loaded, 'text' | 'file'>,
  environment: Environment,
  appDir: string,
): Promise<string | undefined> {
  const document = text === undefined ? undefined : await parse(text, file)
  const settings = document === undefined || Array.isArray(document) ? {} : fields(document.value)
  const store = fields(settings['config_store'])
  if (store['enabled'] === false) return undefined
  const path = fields(store['config'])['path'] as EnvironmentText | undefined
  const { value } = resolve(path, environment)
  return value === undefined || value === '' ? join(appDir, CONFIG_STORE_FILE) : resolvePath(appDir, value)
}
