import type { Clock } from '../../src/clock.ts'
import type { SourcedVerdict, VerificationRequest, Verifier } from '../../src/verifier/index.ts'

export interface TtlCacheOptions {
  readonly keyOf: (request: VerificationRequest) => string
  readonly ttlMs: number
  readonly clock: Clock
}

/**
 * What is usual: an answer, yes or no, is remembered for a fixed time under a key. Better than usual in three ways, so
 * that it is the policy that is compared and not its implementation: it never forgets too early, whoever asks the same
 * meanwhile shares the answer, and nothing is ever evicted.
 */
export function withTtlCache(inner: Verifier, options: TtlCacheOptions): Verifier {
  const { keyOf, ttlMs, clock } = options
  const known = new Map<
    string,
    { readonly verification: SourcedVerdict; readonly untilMs: number }
  >()
  const underWay = new Map<string, Promise<SourcedVerdict>>()

  const ask = async (key: string, request: VerificationRequest): Promise<SourcedVerdict> => {
    const { verdict } = await inner.verify(request)
    known.set(key, {
      verification: { verdict, source: 'cache' },
      untilMs: clock.monotonic() + ttlMs,
    })
    underWay.delete(key)
    return { verdict, source: 'onezone' }
  }

  return {
    verify(request) {
      const key = keyOf(request)
      const remembered = known.get(key)
      if (remembered !== undefined && clock.monotonic() < remembered.untilMs) {
        return remembered.verification
      }
      const shared = underWay.get(key)
      if (shared !== undefined) return shared
      const asked = ask(key, request)
      underWay.set(key, asked)
      return asked
    },
    close: () => inner.close(),
  }
}
