/** Where a member stands; kept by its {@link Roster} alone. */
export interface Enrolled {
  place: number
}

/**
 * A set, unordered, for members that come and go a thousand times a second. A `Set` would do, were it not for the
 * garbage collector: each table that a Set has outgrown refers to the next, so once one is old, all later ones are
 * promoted with the members they held, dead or not. That made every tenth of a second of load a pause of 40 ms.
 */
export class Roster<Member extends Enrolled> {
  readonly #members: Member[] = []

  get size(): number {
    return this.#members.length
  }

  /** A member is in one roster at most, and there once. */
  add(member: Member): void {
    member.place = this.#members.push(member) - 1
  }

  /** Nothing happens when it is not in. */
  delete(member: Member): void {
    const { place } = member
    if (this.#members[place] !== member) return
    const last = this.#members.pop()!
    if (last === member) return
    this.#members[place] = last
    last.place = place
  }

  /** Those that are in now; they may leave while the caller goes through them. */
  all(): Member[] {
    return this.#members.slice()
  }
}
