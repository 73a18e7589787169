import type { ExaminedToken } from '../token/index.ts'
import { resultOf, type ApiCall, type OnezoneCredentials } from './api-call.ts'
import type { Transport } from './api-transport.ts'
import {
  readConfinedToken,
  readExaminedToken,
  readGeneration,
  readNamedTokenStatus,
  type ConfineTokenRequest,
  type VerifiedSubject,
} from './wire.ts'

/**
 * Operations on tokens (Onezone API, §6 and §7). They reject with an `OnezoneApiError` where Onezone says no (also to
 * the credentials: 401 and 403), and with an `OnezoneFaultError` where it gives no usable answer.
 */
export interface TokenApi {
  /** Decodes a token at Onezone. Nothing about it is verified. */
  examineToken(request: { readonly token: string }): Promise<ExaminedToken>
  /**
   * Appends caveats to a token at Onezone, which checks its subject but neither signature nor revocation. Offline:
   * `confineToken` of `onegate/token`.
   */
  confineToken(request: ConfineTokenRequest): Promise<{ token: string }>
  /**
   * The generation of the temporary tokens of a user or Oneprovider; older ones are revoked. The credentials must be
   * those of the subject, of a Oneprovider that supports it, or of an administrator.
   */
  getTemporaryTokenGeneration(
    subject: VerifiedSubject,
    credentials: OnezoneCredentials,
  ): Promise<{ generation: number }>
  /** Whether a named token is revoked now. Onezone answers 404 `notFound` where no such token exists (any more). */
  getNamedTokenStatus(
    tokenId: string,
    credentials: OnezoneCredentials,
  ): Promise<{ revoked: boolean }>
}

const API_ERRORS = [400, 401, 403, 404, 409]

/** Makes the {@link TokenApi}. */
export function createTokenApi(transport: Transport): TokenApi {
  const call = async <Result>(apiCall: Omit<ApiCall<Result>, 'refusals'>): Promise<Result> =>
    resultOf(apiCall.operation, await transport.call({ ...apiCall, refusals: API_ERRORS }))

  return {
    examineToken: async ({ token }) =>
      call({
        operation: 'examineToken',
        method: 'POST',
        path: '/tokens/examine',
        body: { token },
        read: readExaminedToken,
      }),
    confineToken: async ({ token, caveats }) =>
      call({
        operation: 'confineToken',
        method: 'POST',
        path: '/tokens/confine',
        body: { token, caveats },
        read: readConfinedToken,
      }),
    getTemporaryTokenGeneration: async (subject, credentials) =>
      call({
        operation: 'getTemporaryTokenGeneration',
        method: 'GET',
        path: `/${collectionOf(subject)}/${pathSegment('subject.id', subject.id)}/tokens/temporary`,
        credentials: checkCredentials(credentials),
        read: readGeneration,
      }),
    getNamedTokenStatus: async (tokenId, credentials) =>
      call({
        operation: 'getNamedTokenStatus',
        method: 'GET',
        path: `/tokens/named/${pathSegment('tokenId', tokenId)}/status`,
        credentials: checkCredentials(credentials),
        read: readNamedTokenStatus,
      }),
  }
}

function collectionOf({ type }: VerifiedSubject): 'users' | 'providers' {
  if (type === 'user') return 'users'
  if (type === 'oneprovider') return 'providers'
  throw new TypeError('"subject.type" must be "user" or "oneprovider".')
}

function pathSegment(name: string, id: string): string {
  // Dot segments would lead to another resource (RFC 3986, §5.2.4).
  if (typeof id !== 'string' || id === '' || id === '.' || id === '..') {
    throw new TypeError(`"${name}" must be the id of a resource.`)
  }
  return encodeURIComponent(id)
}

function checkCredentials(credentials: OnezoneCredentials): OnezoneCredentials {
  if (typeof credentials?.token !== 'string' || !/^[\x21-\x7e]+$/.test(credentials.token)) {
    throw new TypeError('"credentials.token" must be a token: printable ASCII without spaces.')
  }
  return credentials
}
