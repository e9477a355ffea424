/** Adds the elements at the end. Not `list.push(...more)`: a hundred thousand arguments overflow the stack. */
export function append<Element>(list: Element[], more: Iterable<Element>): void {
  for (const element of more) list.push(element)
}

/**
 * One list behind the other, both of them given away: the first grows, or where it is empty, the second is the whole.
 * V8 makes room for 17 elements in an empty list that grows, and most messages hold a single block.
 */
export function joined<Element>(list: Element[], more: Element[]): Element[] {
  if (more.length === 0) return list
  if (list.length === 0) return more
  append(list, more)
  return list
}

/** `flatMap` for lists that are made anew for each element: they are {@link joined}. */
export function gather<From, To>(list: readonly From[], each: (element: From) => To[]): To[] {
  let all: To[] = []
  for (const element of list) all = joined(all, each(element))
  return all
}
