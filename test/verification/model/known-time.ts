import type { History } from './world.ts'
import { aheadMs } from './world.ts'

/** How well the gateway can know Onezone’s time. */
export interface KnownTime {
  /** An answer with a `Date` was delivered; Onezone had looked at its clock at that moment. */
  told(judgedAtMs: number, deliveredAtMs: number): void
  /** An answer told how long somebody’s token has: three must, since one alone may have made it up. */
  toldOf(holder: string, askedAtMs: number, judgedAtMs: number, deliveredAtMs: number): void
  /**
   * By how much Onezone’s time may be off what a process knows of it, which heard of it no later than that.
   *
   * @param hasOwnEnd Onezone has said of the very token that is meant when it ends. @default false
   */
  errorMs(atMs: number, heardByMs: number, hasOwnEnd?: boolean): number
  /** When two answers were there that told different times, whichever was judged first. */
  readonly contradictedAtMs: number
  /** Until when tokens may tell a clock that was set in two ways, a little off each, where no answer has a `Date`. */
  readonly doubtedUntilMs: number
  /** The clock behind `Date` is off what tokens are judged by. */
  dateIsOff(aheadMs: number): void
  /** The machine slept: its own reckoning is behind by so much. */
  slept(atMs: number, forMs: number): void
  /** Somebody set the wall clock, which looks as if the machine had slept. */
  stepped(atMs: number, byMs: number): void
}

/** So many holders must have told the time where no answer has a `Date`. */
const QUORUM = 3
/** For so long what they told counts beside what is told by others since. */
const DOUBTED_MS = 60_000

/** Answers may differ by so much, and nothing follows from it. */
const LARGEST_DIFFERENCE_MS = 2_000

/** A clock shows whole seconds, and an answer takes its time. */
const READING_ERROR_MS = 1_000 + 2_500

export function createKnownTime(history: History, tellsDate: boolean): KnownTime {
  let dateOffMs = 0
  const sleeps: { readonly atMs: number; readonly forMs: number }[] = []
  const steps: { readonly atMs: number; readonly byMs: number }[] = []
  /** When each holder’s token last told the time. */
  const voices = new Map<string, { readonly askedAtMs: number; readonly judgedAtMs: number }>()
  let contradictedAtMs = -Infinity
  const samples: { readonly judgedAtMs: number; readonly deliveredAtMs: number }[] = []

  /** How far ahead Onezone’s clock is of one that goes with the machine’s monotonic time. */
  const aheadAt = (atMs: number): number => {
    const { clock } = clockAt(history, atMs)
    const slept = sleeps.reduce((sum, sleep) => sum + (sleep.atMs < atMs ? sleep.forMs : 0), 0)
    return aheadMs(clock, atMs) + slept
  }

  const told: KnownTime['told'] = (judgedAtMs, deliveredAtMs) => {
    const before = samples.at(-1)
    samples.push({ judgedAtMs, deliveredAtMs })
    const movedMs = before === undefined ? 0 : aheadAt(judgedAtMs) - aheadAt(before.judgedAtMs)
    if (Math.abs(movedMs) > LARGEST_DIFFERENCE_MS) contradictedAtMs = deliveredAtMs
  }

  return {
    told,
    get contradictedAtMs() {
      return contradictedAtMs
    },
    get doubtedUntilMs() {
      const setAtMs = history.clocks.at(-1)?.fromMs ?? -Infinity
      return tellsDate ? -Infinity : setAtMs + DOUBTED_MS
    },
    toldOf(holder, askedAtMs, judgedAtMs, deliveredAtMs) {
      voices.set(holder, { askedAtMs, judgedAtMs })
      const setAtMs = history.clocks.at(-1)?.fromMs ?? -Infinity
      const forgottenAtMs = steps.at(-1)?.atMs ?? -Infinity
      const agreeing = [...voices.values()].filter(
        (voice) => voice.judgedAtMs >= setAtMs && voice.askedAtMs > forgottenAtMs,
      )
      if (agreeing.length >= QUORUM) told(judgedAtMs, deliveredAtMs)
    },
    errorMs(atMs, heardByMs, hasOwnEnd = false) {
      if (dateOffMs === 0 && steps.length === 0 && history.clocks.every(isTrue)) return 0
      const last = samples.findLast(({ deliveredAtMs }) => deliveredAtMs <= heardByMs)
      const sinceMs = last?.judgedAtMs ?? -Infinity
      const now = aheadAt(atMs)
      const known = [
        // Without an answer, the gateway takes Onezone’s clock for its own.
        last === undefined ? 0 : aheadAt(sinceMs),
        ...history.clocks
          .filter(({ fromMs }) => fromMs >= sinceMs && fromMs > -Infinity && fromMs <= atMs)
          .flatMap(({ fromMs }) => [aheadAt(fromMs - 0.001), aheadAt(fromMs)]),
      ]
      const offMs = Math.max(...known.map((ahead) => Math.abs(now - ahead)))
      const setMs = steps.reduce((sum, step) => sum + (step.atMs > sinceMs ? step.byMs : 0), 0)
      return offMs + setMs + (hasOwnEnd ? 0 : dateOffMs) + READING_ERROR_MS
    },
    slept(atMs, forMs) {
      sleeps.push({ atMs, forMs })
      steps.push({ atMs: atMs + forMs, byMs: 0 })
    },
    dateIsOff: (aheadMs) => void (dateOffMs = Math.max(dateOffMs, Math.abs(aheadMs))),
    stepped: (atMs, byMs) => void steps.push({ atMs, byMs: Math.max(0, byMs) }),
  }
}

function isTrue({ clock }: History['clocks'][number]): boolean {
  return clock.aheadMs === 0 && clock.drift === 0
}

function clockAt({ clocks, now }: History, atMs: number) {
  return clocks.findLast(({ fromMs }) => fromMs <= atMs) ?? now
}
