/** What is stored and must be read again: sealed with a key that is not in the database. */
import { chmodSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configuredKey, openSecretBox } from '../../../src/stores/config-store/encryption-key.ts'
import type { KeySource } from '../../../src/stores/config-store/encryption-key.ts'
import { SecretBox } from '../../../src/stores/config-store/secret-box.ts'
import { openConfigStore } from '../../../src/stores/config-store/sqlite.ts'
import { openManaged } from '../../support/managed-settings.ts'
import type { Managed } from '../../support/managed-settings.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const box = (byte = 1) => new SecretBox(new Uint8Array(32).fill(byte))

describe('a sealed text', () => {
  it('opens with the same key for the same purpose, and with nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (text, purpose, other) => {
        const sealed = box().seal(text, purpose)
        expect(box().open(sealed, purpose)).toBe(text)
        expect(box(2).open(sealed, purpose)).toBeUndefined()
        if (other !== purpose) expect(box().open(sealed, other)).toBeUndefined()
        expect(box().seal(text, purpose)).not.toBe(sealed)
      }),
    )
  })

  it('F5 that was changed anywhere does not open', () => {
    const sealed = box().seal('a secret', 'x')
    for (let at = 0; at < sealed.length; at++)
      for (const character of ['A', '_', '.']) {
        const changed = sealed.slice(0, at) + character + sealed.slice(at + 1)
        // The last character of base64 has bits that mean nothing.
        if (
          changed === sealed ||
          Buffer.from(changed.slice(3), 'base64url').equals(Buffer.from(sealed.slice(3), 'base64url'))
        )
          continue
        expect(box().open(changed, 'x')).toBeUndefined()
      }
    for (const text of ['', 'v1', 'v1.', 'v1.AAAA', 'v2.AAAA']) expect(box().open(text, 'x')).toBeUndefined()
  })

  it('I21 needs a key', () => {
    expect(() => new SecretBox(new Uint8Array())).toThrow('the key has 0 bytes, expected 32')
  })
})

describe('the key', () => {
  const source = (given: Partial<KeySource> = {}): KeySource => ({
    configured: undefined,
    appDir: temporaryDirectory(),
    salt: () => new Uint8Array(16),
    isNew: true,
    ...given,
  })

  it('is made once, in a file for its owner alone', async () => {
    const given = source()
    const sealed = (await openSecretBox(given)).seal('x', 'y')
    const path = join(given.appDir, 'config.key')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    chmodSync(path, 0o644)
    expect((await openSecretBox(given)).open(sealed, 'y')).toBe('x')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    writeFileSync(path, 'damaged')
    await expect(openSecretBox(given)).rejects.toThrow(
      'config.key: found no key, expected 64 hexadecimal digits',
    )
  })

  it('that is configured is hardened, and another one in each installation', async () => {
    const configured = 'a text of the operator'
    const one = await openSecretBox(source({ configured }))
    const other = await openSecretBox(source({ configured, salt: () => new Uint8Array(16).fill(1) }))
    const sealed = one.seal('x', 'y')
    expect((await openSecretBox(source({ configured }))).open(sealed, 'y')).toBe('x')
    expect(other.open(sealed, 'y')).toBeUndefined()
    await expect(openSecretBox(source({ configured: 'short' }))).rejects.toThrow('expected at least 16')
  })

  it.each<[unknown, Record<string, string>, string | undefined]>([
    [{}, {}, undefined],
    [{ encryption_key: 'in the file' }, { BIFROST_ENCRYPTION_KEY: 'other' }, 'in the file'],
    [{ encryption_key: 'env.MY_KEY' }, { MY_KEY: 'of the environment' }, 'of the environment'],
    [{ encryption_key: '' }, { BIFROST_ENCRYPTION_KEY: 'other' }, 'other'],
    [{}, { BIFROST_ENCRYPTION_KEY: ' ' }, undefined],
    [undefined, { BIFROST_ENCRYPTION_KEY: 'other' }, 'other'],
  ])('of the file %j and the environment %j is %j', (file, environment, key) => {
    expect(configuredKey(file, environment)).toBe(key)
  })

  it('I12 that the environment does not have is refused', () => {
    expect(() => configuredKey({ encryption_key: 'env.MY_KEY' }, {})).toThrow('the environment has no MY_KEY')
  })
})

describe('provider keys', () => {
  const SECRET = 'sk-canary-of-a-provider-key'
  const FILE = { providers: { openai: { keys: [{ id: 'k1', name: 'first', value: 'sk-of-the-file' }] } } }
  const key = (given: object = {}) => ({
    put: [
      {
        kind: 'provider_keys' as const,
        id: 'k2',
        body: { id: 'k2', name: 'second', provider: 'openai', value: SECRET, ...given },
      },
    ],
  })
  const values = ({ settings }: Managed, provider = 'openai') =>
    settings.running.configuration.providers.get(provider)?.keys.map(({ name, value }) => `${name}: ${value}`)
  const onDisk = (managed: Managed) =>
    readdirSync(managed.appDir)
      .filter((name) => name.startsWith('config.db'))
      .map((name) => readFileSync(join(managed.appDir, name), 'latin1'))
      .join()

  it('I10 of the API count beside those of the file, and are on the disk sealed', async () => {
    const managed = await openManaged({ file: FILE })
    await managed.settings.change(() => key())
    expect(values(managed)).toEqual(['first: sk-of-the-file', `second: ${SECRET}`])
    // What the file has in plain text is sealed, too, once the API has changed it.
    await managed.settings.change((running) => {
      const { body } = running.find('provider_keys', 'k1')!
      return { put: [{ kind: 'provider_keys', id: 'k1', body: { ...body, weight: 0.5 } }] }
    })
    expect(onDisk(managed)).not.toMatch(/canary|sk-of-the-file/)
    managed.close()
    expect(onDisk(managed)).not.toMatch(/canary|sk-of-the-file/)
    const again = await openManaged({ appDir: managed.appDir })
    expect(values(again)).toEqual(['first: sk-of-the-file', `second: ${SECRET}`])
  })

  it('without any in the file, those of the environment stay, by reference', async () => {
    const environment = { OPENAI_API_KEY: 'sk-of-the-environment' }
    const managed = await openManaged({ environment })
    await managed.settings.change(() => key({ provider: 'groq' }))
    expect(values(managed, 'groq')).toEqual([`second: ${SECRET}`])
    expect(values(managed)).toEqual(['OPENAI_API_KEY: sk-of-the-environment'])
    expect(onDisk(managed)).not.toContain('sk-of-the-environment')
  })

  it('that were deleted stay away, and nothing is sealed where nothing is secret', async () => {
    const managed = await openManaged({ file: FILE })
    await managed.settings.change(() => ({ remove: [{ kind: 'provider_keys', id: 'k1' }] }))
    expect(values(managed)).toEqual([])
    expect(readdirSync(managed.appDir)).not.toContain('config.key')
  })

  it.each<[string, (managed: Managed) => Record<string, string>, message: string]>([
    [
      'another key',
      () => ({ BIFROST_ENCRYPTION_KEY: 'another text of the operator' }),
      'config_store: provider_keys/k2 was sealed with another key.',
    ],
    [
      'a key file that is gone',
      ({ appDir }) => {
        unlinkSync(join(appDir, 'config.key'))
        return {}
      },
      'config.key is gone, and without it nobody can open what was sealed.',
    ],
  ])('I12 with %s the start is refused, and the database stays as it is', async (_what, change, message) => {
    const managed = await openManaged({ file: FILE })
    await managed.settings.change(() => key())
    managed.close()
    const stored = () => {
      const store = openConfigStore(join(managed.appDir, 'config.db'))
      const { objects } = store
      store.close()
      return objects
    }
    const before = stored()
    expect(before).toMatchObject([{ id: 'k2', body: { sealed: expect.stringMatching(/^v1\./) } }])
    const environment = change(managed)
    await expect(openManaged({ appDir: managed.appDir, environment })).rejects.toThrow(message)
    expect(readdirSync(managed.appDir).includes('config.key')).toBe(message.startsWith('config_store'))
    expect(stored()).toEqual(before)
  })
})
