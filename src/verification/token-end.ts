import type { OnezoneTime } from '../revocation/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type { Acceptance } from '../verifier/index.ts'

/** When a token ends, reckoned in two ways that do not depend on each other. */
export interface TokenEnd {
  /** In Onezone's time as it is known here; Infinity: never. */
  readonly validUntilMs: number
  /** In monotonic milliseconds, by what Onezone said of this very token; Infinity: never. */
  readonly endsAtMs: number
  /** When Onezone was asked who said so, in monotonic milliseconds; Infinity: it never ends. */
  readonly toldAtMs: number
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
  const toldAtMs = endsAtMs === Infinity ? Infinity : askedAtMs
  return { endsAtMs, validUntilMs: endsAtMs + aheadMs, toldAtMs }
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
 *
 * @param setAtMs When it was last seen that the clock was set, in monotonic milliseconds.
 */
export function hasEnded(
  end: TokenEnd,
  onezoneNowMs: number,
  nowMs: number,
  setAtMs: number,
): boolean | null {
  // Even where the clock shows what it did before: until then it may have been set twice.
  if (end.toldAtMs <= setAtMs) return null
  const ended = onezoneNowMs >= end.validUntilMs
  if (ended === nowMs >= end.endsAtMs) return ended
  const movedMs = onezoneNowMs - nowMs - (end.validUntilMs - end.endsAtMs)
  return Math.abs(movedMs) <= DRIFT_MS ? ended : null
}
