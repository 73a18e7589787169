import type { Clock } from '../clock.ts'

/** How many recent answers the estimate rests on. */
const SAMPLES = 8

/** An answer that tells Onezone's time: it computes `ttl` as `validUntil` minus its own clock, in whole seconds. */
export interface TimeSample {
  /** The token's smallest time caveat, unix seconds. */
  readonly validUntil: number
  /** Onezone's `ttl` for the token, seconds. */
  readonly ttlSeconds: number
  /** Monotonic milliseconds between which Onezone looked at its clock. */
  readonly askedAtMs: number
  readonly answeredAtMs: number
}

/**
 * What time it is at Onezone, which is who judges time caveats. It moves with monotonic time, so that a jump of this
 * machine's wall clock neither revives a token nor ends one, and is corrected by what answers tell.
 */
export interface OnezoneTime {
  /** Milliseconds since 1970. */
  now(): number
  /** How far Onezone's clock is ahead of what this machine's was at the start, in milliseconds. */
  readonly offsetMs: number
  observe(sample: TimeSample): void
}

/** Starts from this machine's wall clock and believes it until an answer contradicts it. */
export function createOnezoneTime(clock: Clock): OnezoneTime {
  const epochMs = clock.now() - clock.monotonic()
  const bounds: { least: number; most: number }[] = []
  let offsetMs = 0

  return {
    now: () => clock.monotonic() + epochMs + offsetMs,
    get offsetMs() {
      return offsetMs
    },
    observe({ validUntil, ttlSeconds, askedAtMs, answeredAtMs }) {
      const sawMs = (validUntil - ttlSeconds) * 1000
      if (!Number.isSafeInteger(sawMs)) return
      // It was somewhere in that second, at some moment between question and answer.
      const bound = {
        least: sawMs - (answeredAtMs + epochMs),
        most: sawMs + 999 - (askedAtMs + epochMs),
      }
      bounds.push(bound)
      if (bounds.length > SAMPLES) bounds.shift()
      let least = Math.max(...bounds.map((each) => each.least))
      let most = Math.min(...bounds.map((each) => each.most))
      if (least > most) {
        // Onezone's clock was set: what older answers said of it is void.
        bounds.splice(0, bounds.length, bound)
        least = bound.least
        most = bound.most
      }
      offsetMs = Math.min(Math.max(0, least), most)
    },
  }
}
