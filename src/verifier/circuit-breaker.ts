import type { Clock } from '../clock.ts'
import { PeerFaultError, VerifierFaultError } from '../errors.ts'
import type { PresentedToken } from '../token/index.ts'
import { createFaultAttribution } from './fault-attribution.ts'
import type { Question, Verifier } from './verifier.ts'

/** `closed`: questions pass; `open`: none does; `half-open`: one at a time does, to see whether it is over. */
export type BreakerState = 'closed' | 'half-open' | 'open'

/** Options of {@link withBreaker}. */
export interface BreakerOptions {
  readonly clock: Clock
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number
  /** Told when the state changes. */
  readonly onChange: (state: BreakerState) => void
}

/** A verifier that stops asking one that does not answer. */
export interface BreakingVerifier extends Verifier<PresentedToken> {
  readonly state: BreakerState
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

/**
 * Stops asking where there is no point: without it every request of an outage would wait for the time-out, and a
 * Onezone that comes back would meet all of them at once. A refusal is a good answer; only faults count, and of those
 * none that an answer itself brought about (our own misconfiguration), nor those that are one client's own
 * (`fault-attribution.ts`).
 */
export function withBreaker(
  inner: Verifier<PresentedToken>,
  options: BreakerOptions,
): BreakingVerifier {
  const { clock, random, onChange } = options
  const attribution = createFaultAttribution(clock)
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

  /** A probe need not be news: but a text that its sender made up must not keep it open for others. */
  const counts = (request: Question): boolean =>
    attribution.counts(request) || (state === 'half-open' && request.proven === true)

  return {
    get state() {
      return state
    },
    async verify(request) {
      if (state === 'open' && clock.monotonic() >= openUntilMs) enter('half-open')
      const isProbe = state === 'half-open'
      if (state === 'open' || (isProbe && probing)) {
        const waitMs = Math.max(0, openUntilMs - clock.monotonic())
        throw new VerifierFaultError(
          'ERR_VERIFIER_UNAVAILABLE',
          'The verifier has given no usable answer for a while and is not asked at the moment',
          { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) },
        )
      }
      if (isProbe) probing = true
      try {
        const verification = await inner.verify(request)
        attribution.noteGood(request)
        note(false)
        return verification
      } catch (error) {
        const fault = readFault(error)
        if (fault === 'none') note(false)
        else if (fault === 'unreachable' || (fault === 'fault' && counts(request))) note(true)
        throw error
      } finally {
        if (isProbe) probing = false
      }
    },
    close: () => inner.close(),
  }
}

/**
 * What an error says of the verifier: that it cannot be reached, whoever asks; that it gave no usable answer to this
 * question; `none`: that it did answer; null: nothing.
 */
function readFault(error: unknown): 'unreachable' | 'fault' | 'none' | null {
  if (!(error instanceof VerifierFaultError)) return null
  if (error.code === 'ERR_GATEWAY_MISCONFIGURED') return 'none'
  const { cause } = error
  if (!(cause instanceof PeerFaultError)) return 'none' // in a way that we cannot use
  switch (cause.reason) {
    case 'OVERLOADED': // our own queue was full
    case 'ANSWER_TOO_LARGE': // a token of a stranger had so large a caveat that the answer repeating it was too large
      return null
    case 'UNREACHABLE':
      return 'unreachable'
    default:
      return 'fault'
  }
}
