import { randomBytes, scrypt } from 'node:crypto'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resolve } from '../config/environment.ts'
import type { EnvironmentText } from '../config/fields.ts'
import { fields } from '../config/raw.ts'
import type { Environment } from '../config/registry.ts'
import { SecretBox } from './secret-box.ts'

/** Made where nobody configures a key: whoever has the app dir has the key, but not whoever has the database alone. */
const KEY_FILE = 'config.key'
const KEY_BYTES = 32
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
const MIN_LENGTH = 16

export interface KeySource {
  /** `encryption_key` of the file, else of the environment; undefined: the key file of the app dir. */
  readonly configured: string | undefined
  readonly appDir: string
  /** Of the installation: two of them with one text have two keys. */
  readonly salt: () => Uint8Array
  /** Nothing is sealed yet, so that a key may be made. */
  readonly isNew: boolean
}

/** The text that `encryption_key` of a file, or BIFROST_ENCRYPTION_KEY, stands for; empty ones are none. */
export function configuredKey(file: unknown, environment: Environment): string | undefined {
  const written = fields(file)['encryption_key'] as EnvironmentText | undefined
  if (written !== undefined && written !== '') {
    const { value, reference } = resolve(written, environment)
    // Another key than the operator means would seal what nobody can open later.
    if (value === undefined || value === '')
      throw new Error(`encryption_key: the environment has no ${(reference ?? '').replace(/^env\./, '')}`)
    return value
  }
  return environment['BIFROST_ENCRYPTION_KEY']?.trim() || undefined
}

/** Throws where the key is too short to be one, and where the key file is damaged or gone (I12). */
export async function openSecretBox({ configured, appDir, salt, isNew }: KeySource): Promise<SecretBox> {
  if (configured === undefined) return new SecretBox(await readKeyFile(join(appDir, KEY_FILE), isNew))
  if (configured.length < MIN_LENGTH)
    throw new Error(`encryption_key: found ${configured.length} characters, expected at least ${MIN_LENGTH}`)
  return new SecretBox(await derive(configured, salt()))
}

function derive(text: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolveKey, reject) => {
    scrypt(text, salt, KEY_BYTES, COST, (error, key) => (error === null ? resolveKey(key) : reject(error)))
  })
}

async function readKeyFile(path: string, mayMake: boolean): Promise<Uint8Array> {
  let text: string
  try {
    text = (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    if (!mayMake)
      throw new Error(
        `${path} is gone, and without it nobody can open what was sealed. Restore it from a backup`,
        {
          cause: error,
        },
      )
    const made = randomBytes(KEY_BYTES)
    await writeFile(path, `${made.toString('hex')}\n`, { flag: 'wx', mode: 0o600 })
    return made
  }
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new Error(`${path}: found no key, expected 64 hexadecimal digits. Restore it from a backup`)
  // Backups and copies lose what the first writing set.
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600)
  return Buffer.from(text, 'hex')
}
