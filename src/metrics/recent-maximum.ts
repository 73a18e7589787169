/** The greatest of what was observed of late. */
export interface RecentMaximum {
  /** Of the span that is under way; whoever observes something greater writes it here, which costs one comparison. */
  current: number
  /** The greatest of the last one to two spans; 0 where there was nothing. */
  read(nowMs: number): number
}

/** Makes a recent maximum. Time passes for it only where it is read. */
export function createRecentMaximum(spanMs: number): RecentMaximum {
  let previous = 0
  let begunAtMs = -Infinity
  return {
    current: 0,
    read(nowMs) {
      const greatest = Math.max(this.current, previous)
      if (nowMs - begunAtMs >= spanMs) {
        previous = this.current
        this.current = 0
        begunAtMs = nowMs
      }
      return greatest
    },
  }
}
