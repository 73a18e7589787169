import type { OnezoneTime } from '../revocation/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type { Acceptance } from '../verifier/index.ts'

/** When a token ends, reckoned in two ways that do not depend on each other. */
export interface TokenEnd {
  /** In Onezone's time as it is known here; Infinity: never. */
  readonly validUntilMs: number
  /** In monotonic milliseconds, by what Onezone said of this very token; Infinity: never. */
  readonly endsAtMs: number
}

/** Up to so much the two may have moved against each other without anything having happened to a clock. */
const DRIFT_MS = 2_000

/**
 * When a token ends that was just accepted. Its `ttl` is Onezone's own word about it, to the second, and nobody else's
 * token can change that; Onezone's time as it is known makes it exact.
 *
 * @param nowMs Monotonic time at which the answer is there.
 */
export function endOfToken(
  { validUntil }: Pick<PresentedToken, 'validUntil'>,
  { askedAtMs, ttlSeconds }: Pick<Acceptance, 'askedAtMs' | 'ttlSeconds'>,
  onezoneTime: OnezoneTime,
  nowMs: number,
): TokenEnd {
  const aheadMs = onezoneTime.now() - nowMs
  const endsAtMs = monotonicEnd(validUntil, { askedAtMs, ttlSeconds }, aheadMs, nowMs)
  // Onezone may have said so before its clock was set: then the two disagree until it says so again.
  const isDoubtful = validUntil !== null && askedAtMs <= onezoneTime.setAtMs
  return { endsAtMs, validUntilMs: isDoubtful ? -Infinity : endsAtMs + aheadMs }
}

function monotonicEnd(
  validUntil: number | null,
  { askedAtMs, ttlSeconds }: Pick<Acceptance, 'askedAtMs' | 'ttlSeconds'>,
  aheadMs: number,
  nowMs: number,
): number {
  const byText = validUntil === null ? Infinity : validUntil * 1000 - aheadMs
  if (ttlSeconds === null) return byText
  if (validUntil === null) return askedAtMs + ttlSeconds * 1000
  const least = askedAtMs + (ttlSeconds - 1) * 1000
  const most = nowMs + ttlSeconds * 1000
  return Math.min(Math.max(byText, least), most)
}

/**
 * Whether a token has ended; null: Onezone's clock, as it is known, has been set since Onezone spoke of this token, or
 * another's token makes it look so. Then only Onezone can say.
 */
export function hasEnded(end: TokenEnd, onezoneNowMs: number, nowMs: number): boolean | null {
  const ended = onezoneNowMs >= end.validUntilMs
  // What Onezone said before its clock was set says nothing of an end that has come since.
  if (ended === nowMs >= end.endsAtMs) return ended && end.validUntilMs === -Infinity ? null : ended
  const movedMs = onezoneNowMs - nowMs - (end.validUntilMs - end.endsAtMs)
  return Math.abs(movedMs) <= DRIFT_MS ? ended : null
}
