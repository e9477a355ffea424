import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Of the form below, so that another one can follow. */
const VERSION = 'v1'

/** Seals texts, so that they can be opened only with the same key and for the same purpose. */
export class SecretBox {
  readonly #key: Uint8Array

  /** Throws for a key that is not 32 bytes: an empty one would be everybody's (I21). */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new Error(`the key has ${key.length} bytes, expected ${KEY_BYTES}`)
    this.#key = key
  }

  /** `purpose` is bound to the text: sealed for one object, it opens for no other. */
  seal(text: string, purpose: string): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce)
    cipher.setAAD(Buffer.from(purpose))
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `${VERSION}.${sealed.toString('base64url')}`
  }

  /** Undefined: it was sealed with another key or for another purpose, or has been changed. */
  open(sealed: string, purpose: string): string | undefined {
    const [version, encoded = ''] = sealed.split('.')
    const bytes = Buffer.from(encoded, 'base64url')
    if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
    const end = bytes.length - TAG_BYTES
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE_BYTES))
    decipher.setAAD(Buffer.from(purpose))
    decipher.setAuthTag(bytes.subarray(end))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]).toString(
        'utf8',
      )
    } catch {
      return undefined
    }
  }
}
