/** Who comes in a turn of the event loop that takes longer, in milliseconds, is looked for in the next. */
const SHORT_TURN_MS = 0.25

/** The first turn may be one that had looked before. */
const FEWEST_QUIET_TURNS = 2

/** For how long is waited for quiet, in milliseconds; then any two turns in which nobody comes are enough. */
const PATIENCE_MS = 250

/** For how long is waited where there are no such, in milliseconds. */
const LONGEST_MS = 500

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
    const isPatient = nowMs - startedAtMs < PATIENCE_MS
    const isQuiet = come() === before && (nowMs - turnedAtMs <= SHORT_TURN_MS || !isPatient)
    quietTurns = isQuiet ? quietTurns + 1 : 0
    if (!isQuiet) lastAtMs = nowMs
    const wasQuiet = nowMs - lastAtMs >= quietMs || !isPatient
    if (quietTurns >= FEWEST_QUIET_TURNS && wasQuiet) return
  }
}
