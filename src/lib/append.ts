/** Adds the elements at the end. Not `list.push(...more)`: a hundred thousand arguments overflow the stack. */
export function append<Element>(list: Element[], more: Iterable<Element>): void {
  for (const element of more) list.push(element)
}
