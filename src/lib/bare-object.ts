function Bare(): void {}
Bare.prototype = Object.freeze(Object.create(null))

/**
 * An object that inherits nothing, for names that others choose. What `Object.create(null)` gives is a hash table, and
 * takes three times the memory.
 */
export const BareObject = Bare as unknown as new () => Record<string, unknown>
