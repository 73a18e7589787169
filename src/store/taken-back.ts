import { createBoundedMap } from '../bounded-map.ts'

/**
 * What was taken back here, or by others who said so: under which names, and when, in monotonic milliseconds. The store
 * may not have taken it in, and it may be about what nothing is known of here; what is found there must not undo it.
 */
export interface TakenBack {
  note(name: string, atMs: number): void
  /** When one of these last was; null: none ever was. */
  last(...names: readonly (string | undefined)[]): number | null
}

/** Of the rest it is only known that it was before the last one that had to go: that counts for all names. */
const MOST_NAMES = 10_000

/** Starts with nothing. */
export function createTakenBack(max: number = MOST_NAMES): TakenBack {
  let leastMs: number | null = null
  const names = createBoundedMap<{ readonly atMs: number }>({
    max,
    onEviction: ({ atMs }) => void (leastMs = atMs),
  })
  return {
    note: (name, atMs) =>
      void names.set(name, { atMs: Math.max(atMs, names.peek(name)?.atMs ?? -Infinity) }),
    last(...wanted) {
      const known = wanted.map((name) => names.peek(name ?? '')?.atMs ?? leastMs)
      return known.reduce(
        (one, other) => (other === null || (one ?? -Infinity) > other ? one : other),
        null,
      )
    },
  }
}
