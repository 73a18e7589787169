import { toPeerIp } from './peer-ip.ts'
import type { JsonObject } from '../http-client/index.ts'
import type { Transport } from './api-transport.ts'
import {
  readVerifiedToken,
  type OnezoneErrorBody,
  type VerifiedToken,
  type VerifyAccessTokenRequest,
  type VerifyIdentityTokenRequest,
  type VerifyInviteTokenRequest,
  type VerifyTokenRequest,
} from './wire.ts'

/**
 * What Onezone says about a token. `ok: false` carries its error as it came; mind whom it blames (Onezone API, §5.3):
 *
 * - `badServiceToken`, or any `badValue…` with `details.key` `serviceToken`: the service token of the asking party;
 * - `badConsumerToken`, or any `badValue…` with `details.key` `consumerToken`: the consumer token;
 * - everything else, ids unknown to this version included: the token, or the context in which it was presented.
 */
export type VerifyAnswer =
  ({ readonly ok: true } & VerifiedToken) | { readonly ok: false; readonly error: OnezoneErrorBody }

/**
 * The verifications (Onezone API, §5). All are anonymous: called with credentials, the caller would count as the
 * consumer. That a token is no good is a value; they reject with an `OnezoneFaultError` where nobody could say.
 */
export interface VerifyApi {
  /** Asks whether a string is a good access token in the given context. */
  verifyAccessToken(request: VerifyAccessTokenRequest): Promise<VerifyAnswer>
  /** Asks whether a string is a good identity token in the given context. */
  verifyIdentityToken(request: VerifyIdentityTokenRequest): Promise<VerifyAnswer>
  /** Asks whether a string is a good invite token in the given context; its usage limit is not looked at. */
  verifyInviteToken(request: VerifyInviteTokenRequest): Promise<VerifyAnswer>
}

/** Makes the {@link VerifyApi}. */
export function createVerifyApi(transport: Transport): VerifyApi {
  const verify = async (
    operation: string,
    path: string,
    body: JsonObject,
    { urgent }: VerifyTokenRequest,
  ): Promise<VerifyAnswer> => {
    const answer = await transport.call({
      operation,
      method: 'POST',
      path,
      body,
      urgent,
      refusals: [400],
      blamesUs,
      read: readVerifiedToken,
    })
    return answer.ok ? { ok: true, ...answer.result } : { ok: false, error: answer.error }
  }

  return {
    verifyAccessToken: async (request) =>
      verify(
        'verifyAccessToken',
        '/tokens/verify_access_token',
        {
          ...presented(request),
          interface: request.interface ?? undefined,
          serviceToken: request.serviceToken ?? undefined,
          allowDataAccessCaveats: request.allowDataAccessCaveats ?? undefined,
        },
        request,
      ),
    verifyIdentityToken: async (request) =>
      verify(
        'verifyIdentityToken',
        '/tokens/verify_identity_token',
        {
          ...presented(request),
          interface: request.interface ?? undefined,
        },
        request,
      ),
    verifyInviteToken: async (request) =>
      verify(
        'verifyInviteToken',
        '/tokens/verify_invite_token',
        {
          ...presented(request),
          expectedInviteType: request.expectedInviteType ?? undefined,
        },
        request,
      ),
  }
}

// Members that are undefined stay out of the JSON. Only peerIp may be null: Onezone refuses a null for any other field.
function presented({ token, peerIp, consumerToken }: VerifyTokenRequest): JsonObject {
  return { token, peerIp: toPeerIp(peerIp ?? null), consumerToken: consumerToken ?? undefined }
}

const ABOUT_THE_REQUEST = new Set([
  'malformedData',
  'missingRequiredValue',
  'missingAtLeastOneValue',
  'notSupported',
])
const TOKEN_FIELDS = new Set(['token', 'serviceToken', 'consumerToken'])

/** A mistake in a field that no client of ours controls says nothing about the token. */
function blamesUs({ id, details }: OnezoneErrorBody): boolean {
  if (ABOUT_THE_REQUEST.has(id)) return true
  const key = details?.['key']
  return id.startsWith('bad') && typeof key === 'string' && !TOKEN_FIELDS.has(key)
}
