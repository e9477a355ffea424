import type { Body, ConfigStore, StoredObject } from './port.ts'
import { keyOf } from './rows.ts'
import type { SecretBox } from './secret-box.ts'

/**
 * A store that keeps provider keys sealed. All else passes. The key is asked for when there is something to seal or to
 * open, so that an installation without such objects has none.
 */
export class SealedStore implements Pick<ConfigStore, 'objects' | 'write'> {
  readonly #store: Pick<ConfigStore, 'objects' | 'write'>
  readonly #openBox: (isNew: boolean) => Promise<SecretBox>
  #box: SecretBox | undefined
  #opened: readonly StoredObject[] | undefined

  /**
   * `openBox` is told whether nothing is sealed yet. Throws where something is sealed with another key: to go on without
   * it would lose it (I12).
   */
  static async open(
    store: Pick<ConfigStore, 'objects' | 'write'>,
    openBox: (isNew: boolean) => Promise<SecretBox>,
  ): Promise<SealedStore> {
    const sealed = new SealedStore(store, openBox)
    if (store.objects.some(isSealed)) await sealed.prepare()
    void sealed.objects
    return sealed
  }

  private constructor(
    store: Pick<ConfigStore, 'objects' | 'write'>,
    openBox: (isNew: boolean) => Promise<SecretBox>,
  ) {
    this.#store = store
    this.#openBox = openBox
  }

  /** Makes sure that there is a key, before something is written that has to be sealed. */
  async prepare(): Promise<void> {
    this.#box ??= await this.#openBox(!this.#store.objects.some(isSealed))
  }

  get objects(): readonly StoredObject[] {
    return (this.#opened ??= this.#store.objects.map((row) => this.#open(row)))
  }

  write({ put = [], forget = [] }: Parameters<ConfigStore['write']>[0]): void {
    this.#store.write({ put: put.map((row) => this.#seal(row)), forget })
    this.#opened = undefined
  }

  #seal(row: StoredObject): StoredObject {
    if (row.kind !== 'provider_keys' || row.body === null) return row
    return { ...row, body: { sealed: this.#box!.seal(JSON.stringify(row.body), keyOf(row)) } }
  }

  #open(row: StoredObject): StoredObject {
    if (!isSealed(row)) return row
    const text = this.#box!.open(String(row.body!['sealed']), keyOf(row))
    if (text === undefined)
      throw new Error(
        `config_store: ${keyOf(row)} was sealed with another key. Configure the encryption_key that it was sealed with, or restore config.key.`,
      )
    return { ...row, body: JSON.parse(text) as Body }
  }
}

function isSealed({ kind, body }: StoredObject): boolean {
  return kind === 'provider_keys' && body !== null
}
