import { GatewayError } from '../message/error.ts'
import type { QueueSettings } from '../stores/config/configuration.ts'
import type { Call } from './call.ts'
import { clientGone } from './relay.ts'

/** How long a call waits for its turn. Then its client does better to come again: agents do, and others' turns come. */
export const WAIT_MAX_MS = 30_000
/** When a client that was refused may come again. */
export const RETRY_AFTER_SECONDS = 2

/** Whose requests are counted: a provider, or one of its keys. */
export interface SlotOwner {
  /** Unique among providers and keys. */
  readonly id: string
  /** For the client. */
  readonly name: string
  readonly queue: QueueSettings
}

/** Gives a slot back; every call after the first does nothing. */
export type Release = () => void

/**
 * How many requests providers and their keys have at once. Who comes when all slots are taken waits, first come first
 * served, unless the client leaves, the time is up, or too many wait already. Owners without a bound are not counted.
 */
export class Slots {
  readonly #gates = new Map<string, Gate>()

  /** Requests that have a slot now. */
  inFlight(id: string): number {
    return this.#gates.get(id)?.inFlight ?? 0
  }

  waiting(id: string): number {
    return this.#gates.get(id)?.waiting.size ?? 0
  }

  hasRoom({ id, queue }: Pick<SlotOwner, 'id' | 'queue'>): boolean {
    return this.inFlight(id) < queue.concurrency
  }

  /**
   * A slot of the owner, at once where one is free. `drops`: refuses instead of waiting. Rejects with `queue_full`, and
   * with `client_closed` when the client leaves.
   */
  take(owner: SlotOwner, call: Call, drops: boolean): Release | Promise<Release> {
    if (call.reply.closed) throw clientGone()
    const gate = this.#gateOf(owner)
    if (gate.inFlight < owner.queue.concurrency) return this.#enter(owner.id, gate)
    const refused = this.refusal(owner, drops)
    if (refused !== undefined) throw refused
    return this.#wait(owner, gate, call)
  }

  /** Why a call would get no slot now, and no place to wait for one; undefined: it would. */
  refusal(owner: SlotOwner, drops: boolean): GatewayError | undefined {
    if (this.hasRoom(owner)) return undefined
    const limit = drops ? 0 : owner.queue.waiting
    return this.waiting(owner.id) >= limit ? queueFull(owner, drops) : undefined
  }

  #gateOf({ id, queue }: SlotOwner): Gate {
    let gate = this.#gates.get(id)
    if (gate === undefined) this.#gates.set(id, (gate = new Gate(queue.concurrency)))
    else if (gate.concurrency !== queue.concurrency) {
      gate.concurrency = queue.concurrency
      this.#admit(id, gate)
    }
    return gate
  }

  #enter(id: string, gate: Gate): Release {
    gate.inFlight++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      gate.inFlight--
      this.#admit(id, gate)
    }
  }

  #admit(id: string, gate: Gate): void {
    for (const waiter of gate.waiting) {
      if (gate.inFlight >= gate.concurrency) return
      gate.waiting.delete(waiter)
      waiter(this.#enter(id, gate))
    }
    if (gate.inFlight === 0 && this.#gates.get(id) === gate) this.#gates.delete(id)
  }

  #wait(owner: SlotOwner, gate: Gate, call: Call): Promise<Release> {
    return new Promise((resolve, reject) => {
      const turn: Waiter = (release) => {
        clearTimeout(timer)
        resolve(release)
      }
      const leave = (error: () => GatewayError): void => {
        if (!gate.waiting.delete(turn)) return
        clearTimeout(timer)
        reject(error())
      }
      const timer = setTimeout(() => leave(() => waitedTooLong(owner)), WAIT_MAX_MS).unref()
      gate.waiting.add(turn)
      call.reply.onGone(() => leave(clientGone))
    })
  }
}

/** Under which the slots of a key are counted; those of a provider are, under its id. */
export function keySlots(provider: string, key: string): string {
  return `${provider}\u0000${key}`
}

type Waiter = (release: Release) => void

class Gate {
  concurrency: number
  inFlight = 0
  /** In the order in which they came. */
  readonly waiting = new Set<Waiter>()

  constructor(concurrency: number) {
    this.concurrency = concurrency
  }
}

function queueFull({ name, queue }: SlotOwner, drops: boolean): GatewayError {
  const why = drops ? 'none waits (drop_excess_requests)' : `${queue.waiting} wait`
  const message = `request dropped: queue is full: ${name} has ${queue.concurrency} requests at once, and ${why}.`
  return new GatewayError('queue_full', message, { retryAfterSeconds: RETRY_AFTER_SECONDS })
}

function waitedTooLong({ name, queue }: SlotOwner): GatewayError {
  const seconds = WAIT_MAX_MS / 1000
  const message = `request dropped: ${name} has ${queue.concurrency} requests at once, and none ended within ${seconds} s.`
  return new GatewayError('queue_full', message, { retryAfterSeconds: RETRY_AFTER_SECONDS })
}
