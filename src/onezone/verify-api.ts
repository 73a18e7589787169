import type { JsonObject } from '../json.ts'
import { checkOptions } from '../option-shape.ts'
import { CALL_OPTIONS, resultOf, type CallOptions } from './api-call.ts'
import type { Transport } from './api-transport.ts'
import { credentialFields } from './credentials.ts'
import { toPeerIp } from './peer-ip.ts'
import { readSignal } from './perform.ts'
import {
  readVerifiedToken,
  VERIFY_REQUEST,
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
 * The verifications (Onezone API, §5). They are public, and anonymous unless the call itself has credentials: then the
 * caller counts as the consumer where there is no `consumerToken`. That a token is no good is a value; they reject with
 * an `OnezoneFaultError` where nobody could say, and with an `OnezoneApiError` where it is the credentials that are not
 * good (`unauthorized`).
 */
export interface VerifyApi {
  /** Asks whether a string is a good access token in the given context. */
  verifyAccessToken(request: VerifyAccessTokenRequest, options?: CallOptions): Promise<VerifyAnswer>
  /** Asks whether a string is a good identity token in the given context. */
  verifyIdentityToken(
    request: VerifyIdentityTokenRequest,
    options?: CallOptions,
  ): Promise<VerifyAnswer>
  /** Asks whether a string is a good invite token in the given context; its usage limit is not looked at. */
  verifyInviteToken(request: VerifyInviteTokenRequest, options?: CallOptions): Promise<VerifyAnswer>
}

/** Makes the {@link VerifyApi}. */
export function createVerifyApi(transport: Transport): VerifyApi {
  const verify = async <Request extends VerifyTokenRequest>(
    operation: string,
    path: string,
    bodyOf: (request: Request) => JsonObject,
    request: Request,
    options: CallOptions | undefined,
  ): Promise<VerifyAnswer> => {
    checkOptions<VerifyTokenRequest>(operation, request, VERIFY_REQUEST)
    if (options !== undefined) checkOptions(operation, options, CALL_OPTIONS)
    const credentials = options?.credentials
    const answer = await transport.call({
      operation,
      method: 'POST',
      path,
      body: bodyOf(request),
      urgent: request.urgent,
      party: request.party,
      authentication: credentials === undefined ? undefined : credentialFields(credentials),
      signal: readSignal(options?.signal),
      refusals: credentials === undefined ? [400] : [400, 401, 403],
      blamesUs,
      read: readVerifiedToken,
    })
    if (answer.ok) return { ok: true, ...answer.result }
    if (answer.status !== 400) return resultOf(operation, answer)
    return { ok: false, error: answer.error }
  }

  return {
    verifyAccessToken: async (request, options) =>
      verify(
        'verifyAccessToken',
        '/tokens/verify_access_token',
        (asked) => ({
          ...presented(asked),
          interface: asked.interface ?? undefined,
          serviceToken: asked.serviceToken ?? undefined,
          allowDataAccessCaveats: asked.allowDataAccessCaveats ?? undefined,
        }),
        request,
        options,
      ),
    verifyIdentityToken: async (request, options) =>
      verify(
        'verifyIdentityToken',
        '/tokens/verify_identity_token',
        (asked) => ({ ...presented(asked), interface: asked.interface ?? undefined }),
        request,
        options,
      ),
    verifyInviteToken: async (request, options) =>
      verify(
        'verifyInviteToken',
        '/tokens/verify_invite_token',
        (asked) => ({
          ...presented(asked),
          expectedInviteType: asked.expectedInviteType ?? undefined,
        }),
        request,
        options,
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
