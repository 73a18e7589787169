import { networkOf } from '../client-network.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { OnezoneFaultError, VerifierFaultError } from '../errors.ts'
import { isJsonObject } from '../json.ts'
import type { OnezoneClient, OnezoneErrorBody, VerifyAnswer } from '../onezone/index.ts'
import type { PresentedToken } from '../token/index.ts'
import type { RefusalReason, Verdict } from './verdict.ts'
import { accept, refuse } from './verdict.ts'
import type { Question, Verifier } from './verifier.ts'
import { consumerOf } from './verifier.ts'

/** Options of {@link createOnezoneVerifier}. */
export interface OnezoneVerifierOptions {
  /** Speaks to Onezone. The verifier closes it. */
  readonly client: OnezoneClient
  /**
   * Identity token of the Oneprovider service that this gateway acts as. Without one Onezone takes the caller for
   * Onezone itself (trap T4).
   */
  readonly serviceToken?: string | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
}

/** Refusals by `error.id` (Onezone API, §5.3). What is missing here is no word about the token, hence a fault. */
const REASONS: Readonly<Record<string, RefusalReason>> = {
  badToken: 'token_malformed',
  tokenTooLarge: 'token_too_large',
  tokenInvalid: 'token_invalid',
  tokenSubjectInvalid: 'token_invalid',
  tokenSessionInvalid: 'token_invalid',
  tokenRevoked: 'token_revoked',
  notAnAccessToken: 'token_type_mismatch',
  notAnIdentityToken: 'token_type_mismatch',
  notAnInviteToken: 'token_type_mismatch',
  tokenCaveatUnknown: 'caveat_unverified',
  tokenCaveatUnverified: 'caveat_unverified',
  badConsumerToken: 'consumer_token_invalid',
  userBlocked: 'user_blocked',
  tokenServiceForbidden: 'service_forbidden',
}

/**
 * The verifier that asks Onezone: `verify_access_token`, `verify_identity_token` or `verify_invite_token`, anonymously
 * (trap T3), with nothing sent that no caveat reads.
 */
export function createOnezoneVerifier(options: OnezoneVerifierOptions): Verifier<PresentedToken> {
  const { client, serviceToken, clock = systemClock } = options

  async function ask(request: Question): Promise<VerifyAnswer> {
    const { token, peerIp } = request
    const consumer = consumerOf(request)
    const asked = {
      token: token.serialized,
      peerIp,
      ...(consumer === null ? {} : { consumerToken: consumer.serialized }),
      urgent: request.proven,
      party: networkOf(request.clientAddress ?? ''),
    }
    const door = request.interface === null ? {} : { interface: request.interface }
    switch (request.kind) {
      case 'access':
        return client.verifyAccessToken({
          ...asked,
          ...door,
          ...(serviceToken === undefined ? {} : { serviceToken }),
          ...(request.allowDataAccessCaveats ? { allowDataAccessCaveats: true } : {}),
        })
      case 'identity':
        return client.verifyIdentityToken({ ...asked, ...door })
      case 'invite':
        return client.verifyInviteToken({
          ...asked,
          ...(request.inviteType === null ? {} : { expectedInviteType: request.inviteType }),
        })
    }
  }

  return {
    async verify(request) {
      const askedAtMs = clock.monotonic()
      let answer: VerifyAnswer
      try {
        answer = await ask(request)
      } catch (cause) {
        if (!(cause instanceof OnezoneFaultError)) throw cause
        throw new VerifierFaultError(
          'ERR_VERIFIER_UNAVAILABLE',
          `Onezone gave no usable answer: ${cause.message}`,
          { cause, retryAfterSeconds: cause.retryAfterSeconds },
        )
      }
      return { verdict: readAnswer(answer, askedAtMs), source: 'onezone' }
    },
    close: () => client.close(),
  }
}

function readAnswer(answer: VerifyAnswer, askedAtMs: number): Verdict {
  if (answer.ok) {
    return accept({ subject: answer.subject, ttlSeconds: answer.ttl, askedAtMs })
  }
  return readRefusal(answer.error, askedAtMs)
}

function readRefusal(error: OnezoneErrorBody, askedAtMs: number): Verdict {
  const { id, details = {} } = error
  const key = details['key']
  if (id === 'badServiceToken' || (id.startsWith('badValue') && key === 'serviceToken')) {
    throw new VerifierFaultError(
      'ERR_GATEWAY_MISCONFIGURED',
      "Onezone refused this gateway's own service token; replace it (onezone.serviceTokenFile)",
    )
  }
  if (id === 'badValueToken' || id === 'badValueEmpty') {
    if (key === 'consumerToken') return refuse('consumer_token_invalid', askedAtMs)
    if (key === 'token') {
      const tokenError = details['tokenError']
      return refuse(
        idOf(tokenError) === 'tokenTooLarge' ? 'token_too_large' : 'token_malformed',
        askedAtMs,
      )
    }
  }
  const reason = Object.hasOwn(REASONS, id) ? REASONS[id] : undefined
  if (reason === undefined) {
    throw new VerifierFaultError(
      'ERR_VERIFIER_UNAVAILABLE',
      `Onezone refused the verification call itself, not the token (error ${JSON.stringify(id)})`,
    )
  }
  if (id === 'tokenCaveatUnknown') return refuse(reason, askedAtMs, 'unknown')
  if (id !== 'tokenCaveatUnverified') return refuse(reason, askedAtMs)
  const caveat = caveatTypeOf(details['caveat'])
  return caveat === 'time' ? refuse('token_expired', askedAtMs) : refuse(reason, askedAtMs, caveat)
}

function idOf(error: unknown): unknown {
  return isJsonObject(error) ? error['id'] : undefined
}

const CAVEAT_TYPE = /^[a-z][a-z.]{0,31}$/

/** The type of a caveat in Onezone's JSON; the legacy scope caveat has none. */
function caveatTypeOf(caveat: unknown): string {
  if (!isJsonObject(caveat)) return 'unknown'
  const { type } = caveat
  if (typeof type === 'string' && CAVEAT_TYPE.test(type)) return type
  return 'scope' in caveat ? 'scope' : 'unknown'
}
