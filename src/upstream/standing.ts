import type { Clock } from '../clock.ts'
import type { UpstreamSettings } from './upstream-options.ts'

/** How one upstream fares, as far as requests to it and checks of it tell. */
export interface Standing {
  /** Whether it is in use: neither ejected, nor found down by its check. */
  readonly up: boolean
  /**
   * Whether a request should go there. After an ejection one request is the trial of all: until it has succeeded, or
   * has taken as long as the ejection did, no other is admitted.
   */
  admit(): boolean
  /** A request was answered, whatever the status. True if that is news. */
  succeeded(): boolean
  /** A request failed. For how long the upstream is ejected now, in milliseconds; 0: it is not. */
  failed(): number
  /** A check ended. True if that changes anything. */
  checked(passed: boolean): boolean
}

/** One lost packet does not make an upstream ill; the first check ever does, for nothing is known before it. */
const FAILED_CHECKS = 2

/** Makes the standing of an upstream of which nothing is known yet: it is in use. */
export function createStanding(ejection: UpstreamSettings['ejection'], clock: Clock): Standing {
  let failures = 0
  let ejections = 0
  let ejectedUntilMs = -Infinity
  let trialUntilMs = -Infinity
  let failedChecks = FAILED_CHECKS - 1
  let down = false

  const lengthMs = (): number => Math.min(ejection.maxMs, ejection.baseMs * 2 ** (ejections - 1))

  return {
    get up() {
      return !down && (ejections === 0 || clock.monotonic() >= ejectedUntilMs)
    },
    admit() {
      if (down) return false
      if (ejections === 0) return true
      const nowMs = clock.monotonic()
      if (nowMs < ejectedUntilMs || nowMs < trialUntilMs) return false
      trialUntilMs = nowMs + lengthMs()
      return true
    },
    succeeded() {
      failures = 0
      if (ejections === 0) return false
      ejections = 0
      return true
    },
    failed() {
      const nowMs = clock.monotonic()
      // What had been sent before the ejection says nothing new.
      if (ejections > 0 && nowMs < ejectedUntilMs) return 0
      failures += 1
      if (ejections === 0 && failures < ejection.failures) return 0
      failures = 0
      ejections += 1
      ejectedUntilMs = nowMs + lengthMs()
      trialUntilMs = -Infinity
      return lengthMs()
    },
    checked(passed) {
      failedChecks = passed ? 0 : failedChecks + 1
      const before = down
      down = failedChecks >= FAILED_CHECKS
      return down !== before
    },
  }
}
