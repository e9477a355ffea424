import type { ConfiguredProvider, ProviderKey } from '../stores/config/configuration.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import { keySlots } from './slots.ts'
import type { Release, SlotOwner } from './slots.ts'

/** Is there anything to wait for? Most providers and keys have as many requests at once as come. */
export function isLimited(provider: ConfiguredProvider, key: ProviderKey): boolean {
  return provider.queue !== undefined || key.queue !== undefined
}

/** Waits for a slot of the key and one of its provider, where they are bounded. Rejects as `Slots.take` does. */
export async function takeSlots(
  provider: ConfiguredProvider,
  key: ProviderKey,
  call: Call,
  { configuration, resilience }: Pick<Dependencies, 'configuration' | 'resilience'>,
): Promise<Release> {
  const { dropExcessRequests: drops } = configuration().client
  const held: Release[] = []
  const release = () => held.forEach((giveBack) => giveBack())
  try {
    for (const owner of slotOwners(provider, key)) held.push(await resilience.slots.take(owner, call, drops))
  } catch (error) {
    release()
    throw error
  }
  return release
}

/** The key first: who waits for it keeps no slot of the provider's from calls with other keys. */
export function slotOwners(provider: ConfiguredProvider, key: ProviderKey): SlotOwner[] {
  const ofKey = { id: keySlots(provider.id, key.id), name: `the key "${key.name}" of ${provider.id}` }
  const owners: SlotOwner[] = []
  if (key.queue !== undefined) owners.push({ ...ofKey, queue: key.queue })
  if (provider.queue !== undefined) owners.push({ id: provider.id, name: provider.id, queue: provider.queue })
  return owners
}
