import { checkOptions } from '../option-shape.ts'
import type { ExaminedToken, TokenId } from '../token/index.ts'
import type { CallOptions } from './api-call.ts'
import {
  NAMED_TOKEN,
  NAMED_TOKEN_CHANGE,
  readTokenIds,
  type ModifyNamedTokenRequest,
  type NamedToken,
} from './named-token.ts'
import { idSegment, type Perform } from './perform.ts'
import { createSubjectTokenApi, type SubjectTokenApi } from './subject-tokens.ts'
import { readAccessTokenScope, type AccessTokenScope } from './token-scope.ts'
import {
  CONFINE_TOKEN,
  EXAMINE_TOKEN,
  INFER_ACCESS_TOKEN_SCOPE,
  readExaminedToken,
  readNamedTokenStatus,
  readToken,
  type ConfineTokenRequest,
  type InferAccessTokenScopeRequest,
} from './wire.ts'

/**
 * Operations on tokens (Onezone API, §6 and §7). They reject with an `OnezoneApiError` where Onezone says no (also to
 * the credentials: 401 and 403), and with an `OnezoneFaultError` where it gives no usable answer. What changes
 * something is sent once: after `ERR_ONEZONE_RESET` or `ERR_ONEZONE_TIMEOUT` nobody knows whether it was done.
 *
 * "Owner's rights" below: those of the token's subject, of a user with `cluster_update` in the subject's cluster, or of
 * one with `oz_tokens_manage` (Onezone API, §7.2).
 */
export interface TokenApi extends SubjectTokenApi {
  /** Decodes a token at Onezone (Onezone API, §6). Nothing about it is verified. Public. */
  examineToken(request: { readonly token: string }, options?: CallOptions): Promise<ExaminedToken>
  /**
   * Appends caveats to a token at Onezone, which checks its subject but neither signature nor revocation (Onezone API,
   * §6). Public. Offline: `confineToken` of `onegate/token`.
   *
   * @throws {OnezoneApiError} `badValueCaveat`, `tokenSubjectInvalid`, `userBlocked`, `tokenServiceForbidden` …
   */
  confineToken(request: ConfineTokenRequest, options?: CallOptions): Promise<{ token: string }>
  /**
   * What data an access token opens, where and until when (Onezone API, §6). Public. The token is verified as an access
   * token, with the caller's address; `service`, `interface` and `data.*` caveats do not make that fail.
   *
   * @throws {OnezoneApiError} whatever makes a verification fail, e.g. `tokenRevoked`, `notAnAccessToken`
   */
  inferAccessTokenScope(
    request: InferAccessTokenScopeRequest,
    options?: CallOptions,
  ): Promise<AccessTokenScope>
  /**
   * Ids of the named tokens of all users and Oneproviders, in no order and without pages (Onezone API, §7.3). Needs
   * `oz_tokens_manage`.
   */
  listAllNamedTokens(options?: CallOptions): Promise<{ tokens: readonly TokenId[] }>
  /**
   * The record of a named token, and the token itself (Onezone API, §7.7). Needs the owner's rights.
   *
   * @throws {OnezoneApiError} `notFound`, to whoever asks
   */
  getNamedToken(id: TokenId, options?: CallOptions): Promise<NamedToken>
  /**
   * Whether a named token is revoked now (Onezone API, §7.3). Needs the owner's rights; Oneproviders that support the
   * user, and members of the Oneprovider's cluster, may as well.
   *
   * @throws {OnezoneApiError} `notFound` where no such token exists (any more)
   */
  getNamedTokenStatus(id: TokenId, options?: CallOptions): Promise<{ revoked: boolean }>
  /**
   * Renames, revokes or restores a named token, or replaces its custom metadata (Onezone API, §7.8). Needs the owner's
   * rights.
   *
   * @throws {OnezoneApiError} `notFound`, `badValueName`, `badValueIdentifierOccupied`, `missingAtLeastOneValue` …
   */
  modifyNamedToken(
    id: TokenId,
    request: ModifyNamedTokenRequest,
    options?: CallOptions,
  ): Promise<void>
  /**
   * Deletes a named token for good (Onezone API, §7.3). Needs the owner's rights.
   *
   * @throws {OnezoneApiError} `notFound`
   */
  deleteNamedToken(id: TokenId, options?: CallOptions): Promise<void>
}

/** Makes the {@link TokenApi}. */
export function createTokenApi(perform: Perform): TokenApi {
  const recordOf = (id: TokenId): string => `/tokens/named/${idSegment('id', id)}`
  const ask = { access: 'public', method: 'POST', reads: true } as const
  const done = (): true => true

  return {
    ...createSubjectTokenApi(perform),
    examineToken: async (request, options) => {
      checkOptions('examineToken', request, EXAMINE_TOKEN)
      return perform(
        {
          operation: 'examineToken',
          ...ask,
          path: '/tokens/examine',
          body: { token: request.token },
          read: readExaminedToken,
        },
        options,
      )
    },
    confineToken: async (request, options) => {
      checkOptions('confineToken', request, CONFINE_TOKEN)
      return perform(
        {
          operation: 'confineToken',
          ...ask,
          path: '/tokens/confine',
          body: { token: request.token, caveats: request.caveats },
          read: readToken,
        },
        options,
      )
    },
    inferAccessTokenScope: async (request, options) => {
      checkOptions('inferAccessTokenScope', request, INFER_ACCESS_TOKEN_SCOPE)
      return perform(
        {
          operation: 'inferAccessTokenScope',
          ...ask,
          path: '/tokens/infer_access_token_scope',
          body: { token: request.token, consumerToken: request.consumerToken },
          read: readAccessTokenScope,
        },
        options,
      )
    },
    listAllNamedTokens: async (options) =>
      perform(
        {
          operation: 'listAllNamedTokens',
          access: 'restricted',
          method: 'GET',
          path: '/tokens/named',
          read: readTokenIds,
        },
        options,
      ),
    getNamedToken: async (id, options) =>
      perform(
        {
          operation: 'getNamedToken',
          access: 'restricted',
          method: 'GET',
          path: recordOf(id),
          ...NAMED_TOKEN,
        },
        options,
      ),
    getNamedTokenStatus: async (id, options) =>
      perform(
        {
          operation: 'getNamedTokenStatus',
          access: 'restricted',
          method: 'GET',
          path: `${recordOf(id)}/status`,
          read: readNamedTokenStatus,
        },
        options,
      ),
    modifyNamedToken: async (id, request, options) => {
      checkOptions('modifyNamedToken', request, NAMED_TOKEN_CHANGE)
      await perform(
        {
          operation: 'modifyNamedToken',
          access: 'restricted',
          method: 'PATCH',
          path: recordOf(id),
          body: { ...request },
          success: 204,
          read: done,
        },
        options,
      )
    },
    deleteNamedToken: async (id, options) => {
      await perform(
        {
          operation: 'deleteNamedToken',
          access: 'restricted',
          method: 'DELETE',
          path: recordOf(id),
          success: 204,
          read: done,
        },
        options,
      )
    },
  }
}
