/**
 * Values that can never change again. They can be shared between requests, and what was once made of them stays
 * true.
 */

/** The value, frozen all the way down. For trees: JSON and what is built of it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}

/**
 * `compute`, which for an argument out of {@link deepFreeze} works once and then gives the same, frozen result for
 * as long as the argument is in use. Any other argument is computed anew each time. Errors are not remembered, and
 * they alone may depend on `more`.
 */
export function onceForFrozen<Argument extends object, Result extends object, More extends unknown[] = []>(
  compute: (argument: Argument, ...more: More) => Result,
): (argument: Argument, ...more: More) => Result {
  const known = new WeakMap<Argument, Result>()
  return (argument, ...more) => {
    if (!Object.isFrozen(argument)) return compute(argument, ...more)
    let result = known.get(argument)
    if (result === undefined) known.set(argument, (result = deepFreeze(compute(argument, ...more))))
    return result
  }
}
