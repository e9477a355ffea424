import { hash } from 'node:crypto'
import { administratorProblem, parseScryptHash } from '../rules/administrator.ts'
import type { AdminSettings } from '../stores/config/configuration.ts'
import { hashPassword, isPassword, isSame } from './password.ts'

/** The one who may administer, as the settings that run say. */
export class Administrator {
  readonly settings: Pick<AdminSettings, 'username' | 'password'>
  readonly #salt: () => Uint8Array
  #hashed: Promise<string> | undefined

  /** `salt`: of the installation, so that sessions outlive a restart where the password is configured in plain text. */
  constructor(settings: Pick<AdminSettings, 'username' | 'password'>, salt: () => Uint8Array) {
    this.settings = settings
    this.#salt = salt
  }

  /** Takes as long for a wrong name as for a wrong password. Without a usable password, nobody is it (I21). */
  async proves(username: string, password: string): Promise<boolean> {
    const hashed = await this.#hash()
    if (hashed === undefined) return false
    const isRight = await isPassword(password, hashed)
    return isSame(username, this.settings.username!) && isRight
  }

  /** By which sessions know whose they are: another name or password is another one. Undefined: nobody's. */
  async credential(): Promise<string | undefined> {
    const hashed = await this.#hash()
    return hashed && hash('sha256', `${this.settings.username}\0${hashed}`, 'base64url')
  }

  async #hash(): Promise<string | undefined> {
    const { username, password } = this.settings
    if (administratorProblem(username, password)?.closed === true) return undefined
    if (parseScryptHash(password!) !== undefined) return password
    this.#hashed ??= hashPassword(password!, this.#salt())
    // Too many at once is no answer to keep.
    this.#hashed.catch(() => (this.#hashed = undefined))
    return this.#hashed
  }
}
