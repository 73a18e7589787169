import type { Clock } from '../clock.ts'
import type { Reading } from './time-range.ts'
import { commonRange, consistent, isNear, largestGroup, nearestTo } from './time-range.ts'

/** When a reading of Onezone's clock was taken: somewhere between question and answer, in monotonic milliseconds. */
export interface ReadingTimes {
  readonly askedAtMs: number
  readonly answeredAtMs: number
}

/** An answer that tells Onezone's time: it computes `ttl` as `validUntil` minus its own clock, in whole seconds. */
export interface TimeSample extends ReadingTimes {
  /** The token's smallest time caveat, unix seconds. */
  readonly validUntil: number
  /** Onezone's `ttl` for the token, seconds. */
  readonly ttlSeconds: number
  /** Whose token it was. Whoever holds a token writes its caveats, so one holder's samples are one voice. */
  readonly holder: string
}

/** An answer that says what time it is where it was given. */
export interface DateReading extends ReadingTimes {
  /** `Date` of the answer: milliseconds since 1970, to the second. */
  readonly dateMs: number
}

/**
 * What time it is at Onezone, which is who judges time caveats. It moves with monotonic time, so that a jump of this
 * machine's wall clock neither revives a token nor ends one, and is corrected by what answers tell. It is an estimate:
 * it may be a reason to ask, and only {@link OnezoneTime.leastNow} one to refuse a token that was never asked about.
 */
export interface OnezoneTime {
  /** Milliseconds since 1970. */
  now(): number
  /** The least that it may be, by all that is known: for what nobody has asked Onezone about. Never after `now()`. */
  leastNow(): number
  /** How far Onezone's clock is ahead of what this machine's was at the start, in milliseconds. */
  readonly offsetMs: number
  /**
   * When the answer was there that told last that Onezone's clock had been set, be it before or after that, in
   * monotonic milliseconds: what answers a question that was sent until then may be from before. -Infinity: it never
   * was.
   */
  readonly setAtMs: number
  observe(sample: TimeSample): void
  observeDate(reading: DateReading): void
  /**
   * This machine has been suspended for so long, as it seems: its monotonic clock stood still, and Onezone's did not.
   */
  slept(ms: number): void
}

/** How many recent readings of each kind the estimate rests on. */
const READINGS = 8
/** So many holders must say the same for it to count without, or against, `Date`. */
const QUORUM = 3
/** And then they move the estimate by no more than this. */
const LARGEST_STEP_MS = 86_400_000
/** Servers round `Date` down to the second, and renew it once a second. */
const DATE_WIDTH_MS = 1_999
/** How far the clock behind `Date` may be from the one that tokens are judged by, for both to be Onezone's. */
const AGREEMENT_MS = 2_000

/**
 * Starts from this machine's wall clock and believes it until answers contradict it. The `Date` of Onezone's answers
 * moves the estimate, since no client writes it; samples make it exact where they agree with that. Where they do not,
 * as behind a proxy whose clock is wrong, it takes several holders of tokens that agree among themselves.
 */
export function createOnezoneTime(clock: Clock): OnezoneTime {
  const epochMs = clock.now() - clock.monotonic()
  let dates: Reading[] = []
  let samples = new Map<string, Reading>()
  let offsetMs = 0
  let setAtMs = -Infinity
  /** When the question was sent to the `Date` that counts since two contradicted each other, and both were there. */
  let contradicted = { askedAtMs: -Infinity, answeredAtMs: -Infinity }
  /** The last estimate that tokens and `Date`, or a quorum, agreed in, or the least that there was since. */
  let agreedMs = 0

  const rangeOf = (sawMs: number, widthMs: number, times: ReadingTimes): Reading => ({
    least: sawMs - (times.answeredAtMs + epochMs),
    most: sawMs + widthMs - (times.askedAtMs + epochMs),
    ...times,
  })

  function estimate(): void {
    const byDate = commonRange(dates)
    const voices = [...samples.values()]
    const near = voices.filter((each) => byDate !== null && isNear(byDate, each, AGREEMENT_MS))
    const against = largestGroup(
      voices.filter(
        (each) =>
          !near.includes(each) &&
          // Until both were there, either may have been true.
          each.askedAtMs >= contradicted.answeredAtMs &&
          Math.abs(each.least - offsetMs) <= LARGEST_STEP_MS,
      ),
    )
    const isOutvoted = against.length >= QUORUM && against.length > near.length
    const agreeing = consistent(isOutvoted ? against : near)
    // What tokens are judged by counts where it is not exactly the clock behind `Date`.
    const range =
      commonRange(isOutvoted ? agreeing : [...agreeing, ...dates]) ??
      commonRange(agreeing) ??
      byDate
    if (range === null) return
    const before = offsetMs
    offsetMs = nearestTo(0, range)
    // What was asked before the first of them was answered may be from before the clock was set.
    if (isOutvoted && Math.abs(offsetMs - before) > AGREEMENT_MS) {
      setAtMs = Math.max(setAtMs, Math.min(...against.map((each) => each.answeredAtMs)))
    }
    const isAgreed = agreeing.some((each) => each.askedAtMs >= contradicted.answeredAtMs)
    agreedMs = isAgreed ? offsetMs : Math.min(agreedMs, offsetMs)
  }

  function leastOffsetMs(): number {
    let least = Math.min(offsetMs, agreedMs)
    for (const { most } of samples.values()) least = Math.min(least, most)
    return least
  }

  return {
    now: () => clock.monotonic() + epochMs + offsetMs,
    leastNow: () => clock.monotonic() + epochMs + leastOffsetMs(),
    get offsetMs() {
      return offsetMs
    },
    get setAtMs() {
      return setAtMs
    },
    observe({ validUntil, ttlSeconds, holder, ...times }) {
      // Beyond these a number was rounded, here or on its way: the difference of two would be anything.
      if (!Number.isSafeInteger(validUntil) || !(ttlSeconds < Number.MAX_SAFE_INTEGER)) return
      const sawMs = (validUntil - ttlSeconds) * 1000
      if (sawMs < 0 || !Number.isSafeInteger(Math.ceil(sawMs))) return
      if (times.askedAtMs < contradicted.askedAtMs) return
      const known = samples.get(holder)
      if (known !== undefined && known.askedAtMs > times.askedAtMs) return
      samples.delete(holder)
      samples.set(holder, rangeOf(sawMs, 999, times))
      const oldest = samples.keys().next()
      if (samples.size > READINGS && oldest.done !== true) samples.delete(oldest.value)
      estimate()
    },
    observeDate({ dateMs, ...times }) {
      if (!Number.isSafeInteger(dateMs) || dateMs < 0) return
      const reading = rangeOf(dateMs, DATE_WIDTH_MS, times)
      const before = commonRange(dates)
      const told = [reading, ...dates]
      dates = consistent(told)
      if (dates.length < told.length) {
        // What was told before the clock was set says nothing of it any more.
        const askedAtMs = Math.max(contradicted.askedAtMs, dates.at(-1)?.askedAtMs ?? -Infinity)
        const answeredAtMs = Math.max(contradicted.answeredAtMs, times.answeredAtMs)
        contradicted = { askedAtMs, answeredAtMs }
        samples = new Map([...samples].filter(([, each]) => each.askedAtMs >= askedAtMs))
        const isSet = before !== null && !isNear(before, reading, AGREEMENT_MS)
        if (isSet) setAtMs = Math.max(setAtMs, times.answeredAtMs)
      }
      dates = dates.slice(0, READINGS)
      estimate()
    },
    slept(ms) {
      // Or the clock of this machine was set, and Onezone's is as far behind as even one holder's token told.
      agreedMs = leastOffsetMs()
      dates = []
      samples.clear()
      offsetMs += ms
    },
  }
}
