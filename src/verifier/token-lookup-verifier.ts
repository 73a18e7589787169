import { networkOf } from '../client-network.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { TokenLookupFaultError, VerifierFaultError } from '../errors.ts'
import type { PresentedToken } from '../token/index.ts'
import type { LookupAnswer, TokenLookupClient, TokenMetadata } from '../token-lookup/index.ts'
import type { Verdict } from './verdict.ts'
import { accept, refuse } from './verdict.ts'
import type { Question, Verifier } from './verifier.ts'

/** Options of {@link createTokenLookupVerifier}. */
export interface TokenLookupVerifierOptions {
  /** Speaks to the token look-up API. The verifier closes it. */
  readonly client: TokenLookupClient
  /** @default systemClock */
  readonly clock?: Clock | undefined
}

/**
 * The verifier that looks tokens up (Onezone API, §13). A token is good if something is on record about it, it is not
 * revoked, and its end has not come by this machine's clock. That there is a record does not say so: revoked and
 * expired tokens can still have one.
 */
export function createTokenLookupVerifier(
  options: TokenLookupVerifierOptions,
): Verifier<PresentedToken> {
  const { client, clock = systemClock } = options

  async function ask({ token, proven, clientAddress = '' }: Question): Promise<LookupAnswer> {
    try {
      return await client.getTokenMetadataBySecret(token.serialized, {
        urgent: proven ?? false,
        party: networkOf(clientAddress),
      })
    } catch (cause) {
      if (!(cause instanceof TokenLookupFaultError)) throw cause
      throw unavailable(`The token look-up API gave no usable answer: ${cause.message}`, cause)
    }
  }

  return {
    async verify(request) {
      const askedAtMs = clock.monotonic()
      if (request.kind !== 'access') {
        return { verdict: refuse('token_type_mismatch', askedAtMs), source: 'local' }
      }
      const askedAtWallMs = clock.now()
      const answer = await ask(request)
      // The question may have waited, for its turn and for the network: the token may have ended since.
      const times = { askedAtMs, askedAtWallMs, answeredAtWallMs: clock.now() }
      return { verdict: readAnswer(answer, times), source: 'token-lookup' }
    },
    close: () => client.close(),
  }
}

/** When a question was sent, by both clocks, and when its answer was there. */
interface LookupTimes {
  /** Monotonic. */
  readonly askedAtMs: number
  readonly askedAtWallMs: number
  readonly answeredAtWallMs: number
}

function readAnswer(answer: LookupAnswer, times: LookupTimes): Verdict {
  if (answer.ok) return judge(answer.metadata, times)
  if (answer.status === 401 || answer.status === 403) {
    throw new VerifierFaultError(
      'ERR_GATEWAY_MISCONFIGURED',
      `The token look-up API refused this gateway's own Api-Token (${answer.status}); replace it (verifier.apiTokenFile), or give it the scope ClusterTokenManagement`,
    )
  }
  return refuse('token_invalid', times.askedAtMs)
}

/** What an upstream is told of a token must mean the same to every reader. */
const FIT_FOR_HEADER = /^[\x21-\x7e]{1,256}$/

function judge(metadata: TokenMetadata, times: LookupTimes): Verdict {
  const { askedAtMs, askedAtWallMs, answeredAtWallMs } = times
  const { id, userId, revoked, expires, scopes } = metadata
  if (revoked === true) return refuse('token_revoked', askedAtMs)
  if (expires !== null && expires <= answeredAtWallMs) return refuse('token_expired', askedAtMs)
  if (id === null || userId === null) {
    throw unavailable('The token look-up API did not tell "id" and "userId" of a token')
  }
  // No cause: the API did answer, and whoever made this token must not close the gateway to others.
  if (!FIT_FOR_HEADER.test(id) || !FIT_FOR_HEADER.test(userId)) {
    throw unavailable(
      'The token look-up API told an "id" or "userId" of a token that cannot go into a header: 1 to 256 printable characters of ASCII without spaces can',
    )
  }
  return accept({
    subject: { type: 'user', id: userId },
    ttlSeconds: expires === null ? null : (expires - askedAtWallMs) / 1000,
    askedAtMs,
    record: {
      id,
      scopes: scopes ?? [],
      validUntil: expires === null ? null : Math.floor(expires / 1000),
    },
  })
}

function unavailable(message: string, cause?: TokenLookupFaultError): VerifierFaultError {
  return new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', message, {
    ...(cause === undefined ? {} : { cause }),
    retryAfterSeconds: cause?.retryAfterSeconds,
  })
}
