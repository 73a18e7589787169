/** A value of a label. */
export type Label = string | number

/** Told of one combination of labels and how often it was counted. */
export type TallyVisitor<Third extends Label> = (
  first: string,
  second: string,
  third: Third,
  count: number,
) => void

/**
 * Counts by three labels, in a tenth of the time of a prom-client counter, which makes a text of them every time. What
 * was counted is handed over when somebody looks.
 */
export class Tally<Third extends Label = Label> {
  readonly #counts = new Map<string, Map<string, Map<Third, number>>>()

  add(first: string, second: string, third: Third): void {
    const counts = this.#countsOf(first, second)
    counts.set(third, (counts.get(third) ?? 0) + 1)
  }

  /** Lets a combination be handed over as 0 before it is counted. */
  begin(first: string, second: string, third: Third): void {
    const counts = this.#countsOf(first, second)
    counts.set(third, counts.get(third) ?? 0)
  }

  /** Hands over what was counted since the last time. */
  drain(visit: TallyVisitor<Third>): void {
    for (const [first, seconds] of this.#counts) {
      for (const [second, thirds] of seconds) {
        for (const [third, count] of thirds) visit(first, second, third, count)
      }
    }
    this.#counts.clear()
  }

  #countsOf(first: string, second: string): Map<Third, number> {
    let seconds = this.#counts.get(first)
    if (seconds === undefined) this.#counts.set(first, (seconds = new Map()))
    let thirds = seconds.get(second)
    if (thirds === undefined) seconds.set(second, (thirds = new Map()))
    return thirds
  }
}
