import type { Configuration } from '../config/configuration.ts'
import { resolve } from '../config/environment.ts'
import type { EnvironmentText } from '../config/fields.ts'
import { fields } from '../config/raw.ts'
import type { Environment } from '../config/registry.ts'
import type { Built } from './build.ts'
import type { ObjectKind, RunningSettings, SettingsObject, StoredObject } from './port.ts'
import { placeOfApi } from './reconcile.ts'

/** What the API made and what does not fit with the file. It waits until one of them is changed. */
export interface Waiting {
  readonly row: StoredObject
  readonly problem: string
}

/** The settings that run, and where each object of them came from. */
export class Running implements RunningSettings {
  readonly configuration: Configuration
  readonly setupToken: string | undefined
  readonly fixed: string | undefined
  readonly #built: Built
  readonly #waiting: readonly Waiting[]
  readonly #lists = new Map<ObjectKind, readonly SettingsObject[]>()

  constructor(built: Built, waiting: readonly Waiting[], environment: Environment) {
    const root = fields(built.ingredients.value)
    this.configuration = built.configuration
    this.#built = built
    this.#waiting = waiting
    const token = resolve(root['setup_token'] as EnvironmentText | undefined, environment).value
    this.setupToken = token || environment['BIFROST_SETUP_TOKEN']?.trim() || undefined
    this.fixed =
      fields(root['config_store'])['enabled'] === false
        ? 'config_store.enabled is false: only the file changes the settings'
        : undefined
  }

  list(kind: ObjectKind): readonly SettingsObject[] {
    let list = this.#lists.get(kind)
    if (list === undefined) {
      const counting = this.#built.reconciled.objects.get(kind) ?? []
      list = [...counting, ...this.#ofAccounts(kind, counting), ...this.#ofWaiting(kind)]
      this.#lists.set(kind, list)
    }
    return list
  }

  find(kind: ObjectKind, id: string): SettingsObject | undefined {
    return this.list(kind).find((object) => object.id === id)
  }

  /** Virtual keys that the short form of the file made. */
  #ofAccounts(kind: ObjectKind, known: readonly SettingsObject[]): SettingsObject[] {
    if (kind !== 'virtual_keys') return []
    const ids = new Set(known.map(({ id }) => id))
    const made = [...this.configuration.governance.virtualKeys.values()].filter(({ id }) => !ids.has(id))
    return made.map(({ id, name, origin }) => ({
      kind,
      id,
      body: { id, name },
      ...origin,
      fileDiffers: false,
      createdAtMs: undefined,
      updatedAtMs: undefined,
      problem: undefined,
    }))
  }

  #ofWaiting(kind: ObjectKind): SettingsObject[] {
    return this.#waiting.flatMap(({ row, problem }) => {
      const { id, body, createdAtMs, updatedAtMs } = row
      if (row.kind !== kind || body === null) return []
      const place = placeOfApi(kind, id)
      return { kind, id, body, source: 'api', place, fileDiffers: false, createdAtMs, updatedAtMs, problem }
    })
  }
}
