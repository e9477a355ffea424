import type { CallForm } from '../translation.ts'

/** The namespace of tools that have none: its name says nothing. */
const PLAIN_NAMESPACE = 'functions'

/**
 * Names of the client's tools in the hub, where every tool is a function and there are no namespaces, and the way
 * back. The same tools get the same names in every request: prompt caches compare from the front.
 */
export class CallForms {
  /** By the name in the hub. */
  readonly byName = new Map<string, CallForm>()
  readonly #names = new Map<string, string>()

  /** The hub's name for a tool that the request defines. */
  define(form: CallForm): string {
    const known = this.#names.get(keyOf(form.name, form.namespace))
    const name = known ?? this.#free(form)
    this.#names.set(keyOf(form.name, form.namespace), name)
    this.byName.set(name, form)
    return name
  }

  /** The hub's name for a tool that the conversation speaks of; it may be one that is no longer offered. */
  nameOf(name: string, namespace: string | undefined): string {
    return this.#names.get(keyOf(name, namespace)) ?? joined(name, namespace)
  }

  #free({ type, name, namespace }: CallForm): string {
    const wanted = joined(name, namespace)
    if (!this.byName.has(wanted)) return wanted
    const longer = `${namespace ?? type}__${name}`
    let free = longer
    for (let copy = 2; this.byName.has(free); copy++) free = `${longer}_${copy}`
    return free
  }
}

function joined(name: string, namespace: string | undefined): string {
  return namespace === undefined || namespace === PLAIN_NAMESPACE ? name : `${namespace}__${name}`
}

function keyOf(name: string, namespace: string | undefined): string {
  return `${namespace ?? ''}\n${name}`
}
