import type { Clock } from '../../src/clock.ts'
import type { SourcedVerdict, VerificationRequest, Verifier } from '../../src/verifier/index.ts'
import { seededRandom } from './random.ts'
import { MAX_STALENESS_MS, withVerdictModel } from './verdict-model.ts'

/** How long Onezone takes for an answer. */
export const ONEZONE_MS = 20

/** Makes of a verifier one that asks it less often. */
export type Policy = (onezone: Verifier, clock: Clock, seed: number) => Verifier

/** Cannot be right about `ip` caveats. */
export const BY_TOKEN_ALONE = 'token, TTL 10 s (as an introspection cache does)'

/** The policies that are compared, by name; the first is the product's. */
export const POLICIES: Readonly<Record<string, Policy>> = {
  onegate: (onezone, clock, seed) =>
    withVerdictModel(onezone, { clock, random: seededRandom(seed) }),
  'token+address, TTL 10 s (as Oneprovider does)': (onezone, clock) =>
    withTtlCache(onezone, ({ token, peerIp }) => `${token.digest}/${peerIp}`, clock),
  [BY_TOKEN_ALONE]: (onezone, clock) => withTtlCache(onezone, ({ token }) => token.digest, clock),
}

/**
 * What is usual: an answer, yes or no, is remembered for a fixed time under a key. Better than usual in three ways, so
 * that it is the policy that is compared and not its implementation: it never forgets too early, whoever asks the same
 * meanwhile shares the answer, and nothing is ever evicted.
 */
function withTtlCache(
  inner: Verifier,
  keyOf: (request: VerificationRequest) => string,
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
        known.set(key, { answer, untilMs: clock.monotonic() + MAX_STALENESS_MS })
        return answer
      })()
      known.set(key, { answer: asked, untilMs: Infinity })
      return asked
    },
    close: () => inner.close(),
  }
}
