/** What can be in such a list. A class whose objects come by the thousand declares its place, and begins with −1. */
export interface ShortStay {
  /** Where it stands in its list; kept by the list. */
  placeInList?: number
}

/**
 * Things that come and go quickly, each in one such list at most. Not a `Set`: whenever one outgrows its table, V8
 * leaves the former table with its members and a reference to the next one, so that as soon as one table has grown old,
 * all that follow, and every request in them, live until the next full collection.
 */
export class ShortStays<Each extends object> {
  readonly #members: (Each & ShortStay)[] = []

  get size(): number {
    return this.#members.length
  }

  /** Does nothing for what is in the list. */
  add(each: Each): void {
    const member: Each & ShortStay = each
    const { placeInList: place = -1 } = member
    // To look for an element before the first one would be slow.
    if (place >= 0 && this.#members[place] === each) return
    member.placeInList = this.#members.length
    this.#members.push(member)
  }

  /** Does nothing for what is not in the list. */
  delete(each: Each): void {
    const { placeInList: place = -1 }: ShortStay = each
    if (place < 0 || this.#members[place] !== each) return
    const last = this.#members.pop()
    if (last === undefined || last === each) return
    this.#members[place] = last
    last.placeInList = place
  }

  /** The members that are in the list now, in no order. */
  list(): readonly Each[] {
    return [...this.#members]
  }
}
