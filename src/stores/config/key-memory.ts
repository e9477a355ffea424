import { existsSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { chmod, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../../lib/write-file.ts'
import { KeyHash } from './key-hash.ts'

/** What the installation remembers of its virtual keys: hashes, never values. */
export interface KeyMemory {
  readonly hash: KeyHash
  /** By the id of the virtual key. */
  readonly keys: ReadonlyMap<string, RememberedKey>
}

export interface RememberedKey {
  /** Of the value that counts; see {@link KeyHash}. */
  readonly digest: string
  /** The value before the last rotation. */
  readonly previous?: Rotation | undefined
}

export interface Rotation {
  readonly digest: string
  readonly rotatedAtMs: number
  /** Not the file: its older value is no news. */
  readonly byApi?: true | undefined
}

const SECRET_FILE = 'virtual-keys.secret'
const KEYS_FILE = 'virtual-keys.json'
const SECRET_BYTES = 32

/** For look-ups that outlive no process: commands that only read the settings, and tests. */
export function forgetfulMemory(): KeyMemory {
  return { hash: new KeyHash(randomBytes(SECRET_BYTES)), keys: new Map() }
}

/**
 * The memory of the app dir; its secret is made at the first start. Throws, saying which file and why: with a damaged
 * one every key would be unknown, and new values would be made up for those that people use.
 */
export async function openKeyMemory(appDir: string): Promise<KeyMemory> {
  const hash = new KeyHash(await readSecret(join(appDir, SECRET_FILE)))
  return { hash, keys: await readKeys(join(appDir, KEYS_FILE)) }
}

/** The same for commands that only read: where there is none, none is made. Throws as {@link openKeyMemory} does. */
export function readKeyMemory(appDir: string): Promise<KeyMemory> {
  return existsSync(join(appDir, SECRET_FILE)) ? openKeyMemory(appDir) : Promise.resolve(forgetfulMemory())
}

/** The memory after the API gave a key another value; `revokesPrevious`: the one before stops at once. */
export function rotate(
  memory: KeyMemory,
  rotation: { id: string; value: string; nowMs: number; revokesPrevious: boolean },
): KeyMemory {
  const before = memory.keys.get(rotation.id)
  // A revoked value is remembered, too: a file that still has it says nothing new.
  const rotatedAtMs = rotation.revokesPrevious ? 0 : rotation.nowMs
  const previous: Rotation | undefined = before && { digest: before.digest, rotatedAtMs, byApi: true }
  const entry = { digest: memory.hash.of(rotation.value), previous }
  return { ...memory, keys: new Map([...memory.keys, [rotation.id, entry]]) }
}

/** Writes what is remembered. Throws where the disk refuses. */
export async function writeKeyMemory(appDir: string, { keys }: KeyMemory): Promise<void> {
  const entries = [...keys].map(([id, { digest, previous }]) => {
    const rotation = previous && {
      previous_digest: previous.digest,
      rotated_at: new Date(previous.rotatedAtMs).toISOString(),
      ...(previous.byApi === true && { rotated_by: 'api' }),
    }
    return [id, { digest, ...rotation }] as const
  })
  const text = JSON.stringify({ version: 1, keys: Object.fromEntries(entries) }, undefined, 1)
  await writeFileAtomically(join(appDir, KEYS_FILE), `${text}\n`)
}

async function readSecret(path: string): Promise<Uint8Array> {
  const text = await readIfThere(path)
  if (text === undefined) {
    const made = randomBytes(SECRET_BYTES)
    await writeFileAtomically(path, `${made.toString('hex')}\n`)
    return made
  }
  if (!/^[0-9a-f]{64}$/.test(text.trim()))
    throw new Error(`${path}: found no secret, expected 64 hexadecimal digits. Restore it from a backup`)
  // Backups and copies lose what the first writing set.
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600)
  return Buffer.from(text.trim(), 'hex')
}

async function readKeys(path: string): Promise<ReadonlyMap<string, RememberedKey>> {
  const text = await readIfThere(path)
  const keys = text === undefined ? new Map<string, RememberedKey>() : parseKeys(text)
  if (keys === undefined)
    throw new Error(`${path}: found no memory of virtual keys. Restore it from a backup, or remove it`)
  return keys
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseKeys(text: string): Map<string, RememberedKey> | undefined {
  const keys = new Map<string, RememberedKey>()
  const entries = keysOf(text)
  if (entries === undefined) return undefined
  for (const [id, entry] of Object.entries(entries)) {
    const remembered = parseKey((entry ?? {}) as Record<string, unknown>)
    if (remembered === undefined) return undefined
    keys.set(id, remembered)
  }
  return keys
}

function parseKey(entry: Record<string, unknown>): RememberedKey | undefined {
  const { digest, previous_digest: before, rotated_at: at, rotated_by: by } = entry
  const rotatedAtMs = typeof at === 'string' ? Date.parse(at) : NaN
  if (!isDigest(digest)) return undefined
  if (before === undefined) return { digest }
  if (!isDigest(before) || Number.isNaN(rotatedAtMs)) return undefined
  return { digest, previous: { digest: before, rotatedAtMs, ...(by === 'api' && { byApi: true }) } }
}

/** What {@link KeyHash} makes. */
function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value)
}

function keysOf(text: string): object | undefined {
  try {
    const { version, keys } = JSON.parse(text) as Record<string, unknown>
    return version === 1 && typeof keys === 'object' && keys !== null ? keys : undefined
  } catch {
    return undefined
  }
}
