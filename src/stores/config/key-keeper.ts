import { forgetfulMemory, openKeyMemory, writeKeyMemory, type KeyMemory } from './key-memory.ts'

/** The memory of virtual keys over the life of a gateway: opened by the first configuration that has some. */
export class KeyKeeper {
  readonly #appDir: string
  readonly #report: (problem: string) => void
  #current: KeyMemory | undefined
  #isForgetful = false

  /** `report`: is told once when the app dir takes no memory, as a read-only one. */
  constructor(appDir: string, report: (problem: string) => void) {
    this.#appDir = appDir
    this.#report = report
  }

  /** What is remembered now. Throws as `openKeyMemory` does for a damaged one. */
  readonly open = async (): Promise<KeyMemory> => {
    this.#current ??= await this.#read()
    return this.#current
  }

  /** What counts from now on. Throws where the disk refuses; then nothing has changed. */
  async keep(memory: KeyMemory): Promise<void> {
    // A configuration without virtual keys brings one of its own.
    const next = memory.hash === this.#current?.hash ? memory : this.#emptied()
    if (next === this.#current || next === undefined) return
    if (!this.#isForgetful) await writeKeyMemory(this.#appDir, next)
    this.#current = next
  }

  #emptied(): KeyMemory | undefined {
    return this.#current && this.#current.keys.size > 0
      ? { ...this.#current, keys: new Map() }
      : this.#current
  }

  async #read(): Promise<KeyMemory> {
    try {
      return await openKeyMemory(this.#appDir)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error
      this.#isForgetful = true
      this.#report(
        `Nothing of virtual keys can be remembered (${message}): those without a value get another one at each start, and replaced values stop at once.`,
      )
      return forgetfulMemory()
    }
  }
}
