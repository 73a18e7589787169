/**
 * Arithmetic on what single answers tell of a clock: each says that it is ahead by at least so much and at most so
 * much.
 *
 * @module
 */

/** By how much a clock is ahead, in milliseconds, both included. */
export interface Range {
  readonly least: number
  readonly most: number
}

/** What one answer tells. */
export interface Reading extends Range {
  /** Monotonic milliseconds at which the question was sent. */
  readonly askedAtMs: number
  /** And at which the answer was there. */
  readonly answeredAtMs: number
}

/** What all of them allow; null: nothing, or there are none. */
export function commonRange(ranges: readonly Range[]): Range | null {
  if (ranges.length === 0) return null
  const least = Math.max(...ranges.map((each) => each.least))
  const most = Math.min(...ranges.map((each) => each.most))
  return least <= most ? { least, most } : null
}

/** Whether two of them allow the same, or values that are no further apart than so much. */
export function isNear(one: Range, other: Range, distanceMs: number): boolean {
  return one.least - distanceMs <= other.most && other.least - distanceMs <= one.most
}

/**
 * Those that are true together, the latest question first: of two that contradict each other the later question wins.
 */
export function consistent(readings: readonly Reading[]): Reading[] {
  const kept: Reading[] = []
  for (const reading of [...readings].sort((a, b) => b.askedAtMs - a.askedAtMs)) {
    if (commonRange([...kept, reading]) !== null) kept.push(reading)
  }
  return kept
}

/**
 * The most readings that allow what one of them allows; the one that was asked for last decides between two as large.
 */
export function largestGroup(readings: readonly Reading[]): Reading[] {
  const groups = [...readings]
    .sort((a, b) => b.askedAtMs - a.askedAtMs)
    .map((seed) => readings.filter((each) => isNear(seed, each, 0)))
  return groups.reduce((largest, group) => (group.length > largest.length ? group : largest), [])
}

/** The value in a range that is nearest to another. */
export function nearestTo(value: number, { least, most }: Range): number {
  return Math.min(Math.max(value, least), most)
}
