/** Who comes in a turn of the event loop that takes longer, in milliseconds, is looked for in the next. */
const SHORT_TURN_MS = 0.25

/** For how long is waited where no quiet comes, in milliseconds. */
const LONGEST_MS = 500

/** The first turn may be one that had looked before. */
const FEWEST_QUIET_TURNS = 2

/**
 * Waits for a moment at which a listening socket can be closed. The event loop accepts one connection a turn, and when
 * the socket is closed the system breaks those that wait for that, with what was sent on them. So nobody must have come
 * for a while, and the last look must have been just now: a turn that does much else lets many come behind it.
 *
 * @param come How many have come so far. To serve them meanwhile would only bring more.
 * @param quietMs For how long nobody must have come, in milliseconds; 0: for two turns.
 */
export async function untilNoMore(come: () => number, quietMs: number): Promise<void> {
  const startedAtMs = performance.now()
  let nowMs = startedAtMs
  let lastAtMs = startedAtMs
  let quietTurns = 0
  while (nowMs - startedAtMs < LONGEST_MS) {
    const [turnedAtMs, before] = [nowMs, come()]
    // Not a timer: it would come before the look, and not behind it.
    await new Promise((resolve) => setImmediate(resolve))
    nowMs = performance.now()
    quietTurns += 1
    if (come() > before || nowMs - turnedAtMs > SHORT_TURN_MS) [lastAtMs, quietTurns] = [nowMs, 0]
    if (quietTurns >= FEWEST_QUIET_TURNS && nowMs - lastAtMs >= quietMs) return
  }
}
