import { randomUUID } from 'node:crypto'
import { compileGrants, type GrantContext } from './compile-grants.ts'
import { resolve } from './environment.ts'
import type { Customer, PresentedKey, Team, VirtualKey } from './governance.ts'
import type { KeyMemory, RememberedKey, Rotation } from './key-memory.ts'
import type { Environment } from './registry.ts'
import type { VirtualKeySettings } from './schema-governance.ts'

export interface VirtualKeyContext extends GrantContext {
  readonly environment: Environment
  readonly customers: ReadonlyMap<string, Customer>
  readonly teams: ReadonlyMap<string, Team>
  readonly memory: KeyMemory
  /** How long a replaced value still counts. */
  readonly graceMs: number
  readonly nowMs: number
}

/** A value that was made up for a key without one: to be shown once, for it is kept nowhere. */
export interface IssuedKey {
  readonly id: string
  readonly name: string
  readonly value: string
}

export interface CompiledKeys {
  readonly virtualKeys: ReadonlyMap<string, VirtualKey>
  /** By the digest of what callers send. */
  readonly presented: ReadonlyMap<string, PresentedKey>
  readonly issued: readonly IssuedKey[]
  /** What to remember from now on; the same object where nothing has changed. */
  readonly memory: KeyMemory
}

export function compileVirtualKeys(
  listed: readonly VirtualKeySettings[],
  context: VirtualKeyContext,
): CompiledKeys {
  const ring = new KeyRing(context)
  const virtualKeys = new Map<string, VirtualKey>()
  for (const [index, settings] of listed.entries()) {
    const key = compileKey(settings, `governance.virtual_keys[${index}]`, context)
    virtualKeys.set(key.id, key)
    ring.add(key, settings)
  }
  ring.addReplaced()
  return { virtualKeys, presented: ring.presented, issued: ring.issued, memory: ring.memory() }
}

function compileKey(settings: VirtualKeySettings, place: string, context: VirtualKeyContext): VirtualKey {
  const { id, name } = settings
  const team = settings.team_id ? context.teams.get(settings.team_id) : undefined
  const own = settings.customer_id ? context.customers.get(settings.customer_id) : undefined
  const expiresAtMs = settings.expires_at ? Date.parse(settings.expires_at) : undefined
  return {
    id,
    name,
    description: settings.description || undefined,
    active: settings.is_active ?? true,
    expiresAtMs,
    team,
    customer: team?.customer ?? own,
    grants: compileGrants(settings, place, context),
    allowsOtherProviders: settings.allow_all_providers ?? false,
    order: settings.balance === 'heaviest_first' ? 'heaviest-first' : 'weighted',
    limits: context.limits.compile(settings, { kind: 'virtual_key', id, name }, place),
    disableContentLogging: settings.disable_content_logging ?? undefined,
    origin: context.originOf(settings, place),
  }
}

/** In the headers of provider keys, only the prefix tells a virtual key from an agent's placeholder. */
const PREFIX = 'sk-bf-'

/** Turns values into digests, one key after another. */
class KeyRing {
  readonly presented = new Map<string, PresentedKey>()
  readonly issued: IssuedKey[] = []
  readonly #context: VirtualKeyContext
  readonly #remembered = new Map<string, RememberedKey>()
  readonly #replaced: { virtualKey: VirtualKey; previous: Rotation }[] = []

  constructor(context: VirtualKeyContext) {
    this.#context = context
  }

  add(virtualKey: VirtualKey, settings: VirtualKeySettings): void {
    const { environment, memory, notices } = this.#context
    const { id, name } = virtualKey
    const known = memory.keys.get(id)
    const { value, reference } = resolve(settings.value, environment)
    if (value === undefined) {
      this.#refuse(name, `the environment has no ${reference!.replace(/^env\./, '')}`)
      if (known !== undefined) this.#remembered.set(id, known)
      return
    }
    const remembered = value === '' ? (known ?? this.#issue(id, name)) : this.#track(known, value)
    this.#add(virtualKey, remembered)
    if (value !== '' && !value.toLowerCase().startsWith(PREFIX)) {
      const message = `The virtual key "${name}" does not begin with ${PREFIX}: callers can send it in x-bf-vk only.`
      notices.push({ kind: 'virtual-key', message })
    }
    this.#remembered.set(id, remembered)
  }

  #issue(id: string, name: string): RememberedKey {
    const value = PREFIX + randomUUID()
    this.issued.push({ id, name, value })
    return { digest: this.#context.memory.hash.of(value) }
  }

  /** A value of the file that differs from the remembered one is a rotation. */
  #track(known: RememberedKey | undefined, value: string): RememberedKey {
    const { memory, graceMs, nowMs } = this.#context
    const digest = memory.hash.of(value)
    if (known === undefined || known.digest === digest) return known ?? { digest }
    // The API has rotated it since the file was written: the file says nothing new.
    if (known.previous?.byApi === true && known.previous.digest === digest) return known
    return graceMs > 0 ? { digest, previous: { digest: known.digest, rotatedAtMs: nowMs } } : { digest }
  }

  #add(virtualKey: VirtualKey, { digest, previous }: RememberedKey): void {
    const twin = this.presented.get(digest)
    if (twin !== undefined)
      return this.#refuse(virtualKey.name, `it has the same value as "${twin.virtualKey.name}"`)
    this.presented.set(digest, { virtualKey, graceEndsAtMs: undefined })
    if (previous !== undefined) this.#replaced.push({ virtualKey, previous })
  }

  /** After all others: a value that counts belongs to whose it is now. */
  addReplaced(): void {
    const { graceMs, nowMs } = this.#context
    for (const { virtualKey, previous } of this.#replaced) {
      const graceEndsAtMs = previous.rotatedAtMs + graceMs
      if (graceEndsAtMs > nowMs && !this.presented.has(previous.digest))
        this.presented.set(previous.digest, { virtualKey, graceEndsAtMs })
    }
  }

  #refuse(name: string, reason: string): void {
    const message = `The virtual key "${name}" cannot be used: ${reason}.`
    this.#context.notices.push({ kind: 'virtual-key', message })
  }

  memory(): KeyMemory {
    const { memory } = this.#context
    const keys = this.#remembered
    const isSame =
      keys.size === memory.keys.size && [...keys].every(([id, entry]) => memory.keys.get(id) === entry)
    return isSame ? memory : { ...memory, keys }
  }
}
