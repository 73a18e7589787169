const PLACE = Symbol('place')

interface Member {
  [PLACE]?: number
}

/**
 * Things that come and go quickly, each in one such list at most. Not a `Set`: whenever one outgrows its table, V8
 * leaves the former table with its members and a reference to the next one, so that as soon as one table has grown old,
 * all that follow, and every request in them, live until the next full collection.
 */
export class ShortStays<Each extends object> {
  readonly #members: (Each & Member)[] = []

  get size(): number {
    return this.#members.length
  }

  /** Does nothing for what is in the list. */
  add(each: Each): void {
    const member: Each & Member = each
    if (this.#members[member[PLACE] ?? -1] === each) return
    member[PLACE] = this.#members.length
    this.#members.push(member)
  }

  /** Does nothing for what is not in the list. */
  delete(each: Each): void {
    const { [PLACE]: place = -1 }: Member = each
    if (this.#members[place] !== each) return
    const last = this.#members.pop()
    if (last === undefined || last === each) return
    this.#members[place] = last
    last[PLACE] = place
  }

  /** The members that are in the list now, in no order. */
  list(): readonly Each[] {
    return [...this.#members]
  }
}
