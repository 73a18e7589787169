import type { Token } from '../../src/token/index.ts'
import { parseToken } from '../../src/token/index.ts'
import type { VerificationOptions } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import type { VerificationRequest, Verifier } from '../../src/verifier/index.ts'

/** The bound that is the product's default. */
export const MAX_STALENESS_MS = 10_000

/**
 * The product's verdict model in front of any verifier.
 *
 * @param options `maxEntries`: how many tokens and families are remembered at most. @default 50_000, as in the product
 */
export function withVerdictModel(
  inner: Verifier,
  options: Pick<VerificationOptions, 'clock' | 'random'> & { readonly maxEntries?: number } = {},
): Verifier {
  const { clock, random, maxEntries = 50_000 } = options
  const { verifier } = createVerification({
    backend: {
      verify: (request) => inner.verify(request as VerificationRequest),
      close: () => inner.close(),
      traits: {
        backend: 'custom-bench',
        readToken: parseToken,
        statesScopes: false,
        serviceTokenConfigured: false,
      },
      totalTimeoutMs: 1_000,
      openWatch: null,
    },
    clock,
    random,
    verdicts: { maxTokens: maxEntries, maxFamilies: maxEntries },
  })
  return verifier as Verifier
}

/** The request that a REST route for access tokens makes of a token. */
export function requestOf(token: Token, peerIp: string): VerificationRequest {
  return {
    token,
    kind: 'access',
    peerIp,
    interface: 'rest',
    consumerToken: null,
    allowDataAccessCaveats: false,
    inviteType: null,
    clientAddress: peerIp,
  }
}
