import type { Clock } from '../../src/clock.ts'
import type { SourcedVerdict, VerificationRequest, Verifier } from '../../src/verifier/index.ts'

/**
 * What is usual: an answer, yes or no, is remembered for a fixed time under a key. Better than usual in three ways, so
 * that it is the policy that is compared and not its implementation: it never forgets too early, whoever asks the same
 * meanwhile shares the answer, and nothing is ever evicted.
 */
export function withTtlCache(
  inner: Verifier,
  keyOf: (request: VerificationRequest) => string,
  ttlMs: number,
  clock: Clock,
): Verifier {
  type Answer = SourcedVerdict | Promise<SourcedVerdict>
  const known = new Map<string, { readonly answer: Answer; readonly untilMs: number }>()
  return {
    verify(request) {
      const key = keyOf(request)
      const remembered = known.get(key)
      if (remembered !== undefined && clock.monotonic() < remembered.untilMs) {
        return remembered.answer
      }
      const asked = (async () => {
        const { verdict } = await inner.verify(request)
        const answer = { verdict, source: 'cache' } as const
        known.set(key, { answer, untilMs: clock.monotonic() + ttlMs })
        return answer
      })()
      known.set(key, { answer: asked, untilMs: Infinity })
      return asked
    },
    close: () => inner.close(),
  }
}
