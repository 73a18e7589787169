import type { Clock } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'

/** `closed`: questions pass; `open`: none does; `half-open`: one at a time does, to see whether it is over. */
export type BreakerState = 'closed' | 'half-open' | 'open'

/** Options of {@link createCircuit}. */
export interface CircuitOptions {
  readonly clock: Clock
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number
  /** Told when the state changes. */
  readonly onChange: (state: BreakerState) => void
  /** Who is asked, at the beginning of a sentence. @default 'The verifier' */
  readonly whom?: string | undefined
}

/** What a failed call says: that there was no usable answer; that there was one; nothing. */
export type Finding = 'fault' | 'answer' | 'nothing'

/** A way to a peer that is closed while the peer gives no usable answers. */
export interface Circuit {
  readonly state: BreakerState
  /**
   * Makes a call, unless the circuit is open.
   *
   * @param judge What an error of the call says of the peer.
   * @throws {VerifierFaultError} where it is open; and whatever the call throws.
   */
  run<Result>(call: () => Promise<Result>, judge: (error: unknown) => Finding): Promise<Result>
}

/** How many faults in a row open the breaker … */
const FAULTS_IN_A_ROW = 5
/** … or when so many of the calls of the window failed, if there were enough of them. */
const FAULT_RATIO = 0.5
const LEAST_CALLS = 20
const WINDOW_MS = 10_000

/** How long the breaker stays open at first, longer each time that the probe fails, and at the longest. */
const FIRST_PAUSE_MS = 5_000
const PAUSE_GROWTH = 1.5
const LONGEST_PAUSE_MS = 60_000
const PAUSE_JITTER = 0.2

/** How many good answers in a row close the breaker. */
const GOOD_PROBES = 3

/** What happened in one second of the window. */
interface Second {
  readonly startedAtMs: number
  calls: number
  faults: number
}

/** Makes a circuit, which is closed at first. */
export function createCircuit(options: CircuitOptions): Circuit {
  const { clock, random, onChange, whom = 'The verifier' } = options
  let state: BreakerState = 'closed'
  let seconds: Second[] = []
  let faultsInARow = 0
  let goodProbes = 0
  let probing = false
  let pauseMs = FIRST_PAUSE_MS
  let openUntilMs = 0

  const enter = (next: BreakerState): void => {
    if (next === state) return
    state = next
    onChange(next)
  }

  const open = (): void => {
    openUntilMs = clock.monotonic() + pauseMs * (1 + PAUSE_JITTER * (2 * random() - 1))
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * PAUSE_GROWTH)
    goodProbes = 0
    enter('open')
  }

  const close = (): void => {
    seconds = []
    faultsInARow = 0
    pauseMs = FIRST_PAUSE_MS
    enter('closed')
  }

  const currentSecond = (): Second => {
    const nowMs = clock.monotonic()
    const last = seconds.at(-1)
    if (last !== undefined && nowMs - last.startedAtMs < 1_000) return last
    const second = { startedAtMs: nowMs, calls: 0, faults: 0 }
    seconds = [...seconds.filter(({ startedAtMs }) => nowMs - startedAtMs < WINDOW_MS), second]
    return second
  }

  const sum = (count: 'calls' | 'faults'): number =>
    seconds.reduce((total, second) => total + second[count], 0)

  const note = (fault: boolean): void => {
    if (state === 'half-open') {
      if (fault) open()
      else if (++goodProbes >= GOOD_PROBES) close()
      return
    }
    if (state === 'open') return // asked before it opened
    faultsInARow = fault ? faultsInARow + 1 : 0
    const second = currentSecond()
    second.calls += 1
    if (!fault) return
    second.faults += 1
    const calls = sum('calls')
    const many = calls >= LEAST_CALLS && sum('faults') >= calls * FAULT_RATIO
    if (many || faultsInARow >= FAULTS_IN_A_ROW) open()
  }

  return {
    get state() {
      return state
    },
    async run(call, judge) {
      if (state === 'open' && clock.monotonic() >= openUntilMs) enter('half-open')
      const isProbe = state === 'half-open'
      if (state === 'open' || (isProbe && probing)) {
        const waitMs = Math.max(0, openUntilMs - clock.monotonic())
        throw new VerifierFaultError(
          'ERR_VERIFIER_UNAVAILABLE',
          `${whom} has given no usable answer for a while and is not asked at the moment`,
          { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) },
        )
      }
      if (isProbe) probing = true
      try {
        const result = await call()
        note(false)
        return result
      } catch (error) {
        const finding = judge(error)
        if (finding !== 'nothing') note(finding === 'fault')
        throw error
      } finally {
        if (isProbe) probing = false
      }
    },
  }
}
