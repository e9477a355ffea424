import type { Configuration } from '../config/configuration.ts'
import type { IssuedKey } from '../config/compile-virtual-keys.ts'

/** Lists of the file's `governance` that can be changed over the API, and how its paths call them. */
export const LISTED_KINDS = {
  virtual_keys: 'virtual-keys',
  teams: 'teams',
  customers: 'customers',
  budgets: 'budgets',
  rate_limits: 'rate-limits',
  routing_rules: 'routing-rules',
  model_configs: 'model-configs',
  providers: 'providers',
} as const

export type ListedKind = keyof typeof LISTED_KINDS

/**
 * With the keys of providers, whose bodies have the provider's name in `provider`, and `auth_config`, which says who
 * administers, and of which there is one.
 */
export type ObjectKind = ListedKind | 'provider_keys' | 'auth_config'

/** Settings as JSON, in the form of the file. */
export type Body = Readonly<Record<string, unknown>>

/** What the API made of one object. Those of the file that it never touched are not stored. */
export interface StoredObject {
  readonly kind: ObjectKind
  readonly id: string
  /** null: an object of the file that was deleted. */
  readonly body: Body | null
  /** Of the file's version when the API first changed it; undefined: the file had none. */
  readonly fileHash: string | undefined
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

/** A login, by the digest of its token: the token itself is nowhere. */
export interface StoredSession {
  readonly digest: string
  readonly kind: 'administrator' | 'setup'
  /** Of the password or token that it was opened with; another one ends it. */
  readonly credential: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

/**
 * Where all of it is durable. Synchronous: changes are rare, and what was changed must be on the disk before it counts.
 * A store that nothing was written to leaves nothing on the disk. Throws what the disk says.
 */
export interface ConfigStore {
  readonly objects: readonly StoredObject[]
  /** All or nothing. */
  write(changes: {
    put?: readonly StoredObject[]
    forget?: readonly Pick<StoredObject, 'kind' | 'id'>[]
  }): void
  readonly sessions: SessionStore
  /** Random bytes of this installation, for hashing passwords that are configured in plain text. */
  salt(): Uint8Array
  close(): void
}

export interface SessionStore {
  /** Forgets those that are over, too. */
  add(session: StoredSession): void
  find(digest: string): StoredSession | undefined
  remove(digest: string): void
  removeAll(): void
}

/** The settings that run, of file and API together. */
export interface SettingsStore {
  readonly running: RunningSettings
  /**
   * Changes them, all or nothing: durable, and in force, when it resolves. One change after another, each of what the
   * one before left. Rejects with {@link SettingsRefused}, and with what `edit` throws; then nothing has changed.
   */
  change(edit: (running: RunningSettings) => Change): Promise<Changed>
}

export interface RunningSettings {
  readonly configuration: Configuration
  /** Those of a kind, in the order in which they count. */
  list(kind: ObjectKind): readonly SettingsObject[]
  find(kind: ObjectKind, id: string): SettingsObject | undefined
  /** Lets the first administrator be set up from elsewhere; undefined: nobody may. */
  readonly setupToken: string | undefined
  /** Why nothing can be changed; undefined: it can. */
  readonly fixed: string | undefined
}

/** An object of the settings that run. */
export interface SettingsObject {
  readonly kind: ObjectKind
  readonly id: string
  readonly body: Body
  readonly source: 'file' | 'api'
  /** `governance.teams[0]` of the file, `teams/eng` of the API. */
  readonly place: string
  /** The file has it, too, and says something else. */
  readonly fileDiffers: boolean
  /** Undefined for what only the file has. */
  readonly createdAtMs: number | undefined
  readonly updatedAtMs: number | undefined
  /** Why it does not count: it and the file do not fit. */
  readonly problem: string | undefined
}

export interface Change {
  readonly put?: readonly { readonly kind: ObjectKind; readonly id: string; readonly body: Body }[]
  readonly remove?: readonly { readonly kind: ObjectKind; readonly id: string }[]
  /**
   * A value for a virtual key. The one before counts until the grace of the settings is over, or not at all; of both,
   * only hashes are kept.
   */
  readonly value?: { readonly id: string; readonly value: string; readonly revokesPrevious: boolean }
}

export interface Changed {
  readonly running: RunningSettings
  /** Values that were made up for new virtual keys. Nobody can ask for them again. */
  readonly issued: readonly IssuedKey[]
}

/** One thing that keeps settings from being used. */
export interface SettingsProblem {
  readonly kind: ObjectKind | undefined
  /** Of the object at fault; undefined: it is no object's. */
  readonly id: string | undefined
  /** Within the object, else from the top: `targets[0].weight`. */
  readonly field: string
  readonly found: string
  readonly expected: string
}

/** The settings would not work; those that ran go on. */
export class SettingsRefused extends Error {
  readonly problems: readonly SettingsProblem[]

  constructor(problems: readonly SettingsProblem[], message?: string) {
    super(message ?? problems.map(describe).join('\n'))
    this.name = 'SettingsRefused'
    this.problems = problems
  }
}

function describe({ kind, id, field, found, expected }: SettingsProblem): string {
  const of = kind === undefined ? '' : ` of ${kind} ${JSON.stringify(id)}`
  return `${field}${of}: found ${found}, expected ${expected}`
}
