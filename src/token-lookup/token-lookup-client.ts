import { TokenLookupApiError } from '../errors.ts'
import type { HttpAnswer, HttpCall, HttpClientOptions } from '../http-client/index.ts'
import {
  createHttpTransport,
  HTTP_CLIENT_OPTIONS,
  readClientOptions,
} from '../http-client/index.ts'
import type { JsonObject } from '../json.ts'
import { textLike } from '../option-shape.ts'
import { TOKEN_LOOKUP } from './token-lookup-peer.ts'
import type {
  CreatedToken,
  ErrorEnvelope,
  NewToken,
  TokenFilter,
  TokenMetadata,
  TokenStub,
  TokenUpdate,
} from './wire.ts'
import {
  readCreatedToken,
  readErrorEnvelope,
  readLookupError,
  readStubs,
  readTokenMetadata,
} from './wire.ts'

/** Options of {@link createTokenLookupClient}. */
export interface TokenLookupClientOptions extends HttpClientOptions {
  /** Secret that the client calls with, as `Authorization: Api-Token`; its scope must be `ClusterTokenManagement`. */
  apiToken: string
  /**
   * Path under which the cluster has its API, without a slash at its end.
   *
   * @default '/api/cluster/v2'
   */
  apiPrefix?: string | undefined
}

/** What a look-up answered: what is on record, or the status that says that nothing is. */
export type LookupAnswer =
  | { readonly ok: true; readonly metadata: TokenMetadata }
  | { readonly ok: false; readonly status: number }

/**
 * A typed client of the cluster's TokensApi (Onezone API, §13). Its methods bear the names of the API's operations.
 * They reject with a `TokenLookupApiError` where the server says no, and with a `TokenLookupFaultError` where it gives
 * no usable answer (the codes are those of the Onezone client, as `ERR_TOKEN_LOOKUP_…`).
 */
export interface TokenLookupClient {
  /** Creates a token (`POST /tokens`). Only this answer ever tells the secret. Never sent twice. */
  createToken(token: NewToken): Promise<CreatedToken>
  /**
   * Deletes a token (`DELETE /tokens/{id}`), by its public id only: a secret must not stand in a path. 400: it is our
   * own.
   */
  deleteToken(id: string): Promise<void>
  /** What is on record about the token with a public id (`GET /tokens/{id}`). 404: there is none. */
  getTokenMetadata(id: string): Promise<TokenMetadata>
  /**
   * What is on record about a token, by the token itself (`POST /tokens/lookup`). That there is something does not say
   * that the token is good: it may be revoked or over. That there is nothing is a value, and so are 401 and 403, about
   * our own credential. Statuses that say nothing about the token are faults (405, 407, 408, 415, 421, 425, 426, 429,
   * 431, 5xx), and so is whatever comes without the API's own error, as from a proxy in front of it.
   */
  getTokenMetadataBySecret(
    token: string,
    options?: { urgent?: boolean; party?: string },
  ): Promise<LookupAnswer>
  /** Lists tokens (`GET /tokens`), `limit` of them at most. */
  listTokens(filter?: TokenFilter): Promise<readonly TokenStub[]>
  /** Changes a token (`PUT /tokens/{id}`). 400: it is our own. */
  updateToken(id: string, update: TokenUpdate): Promise<void>
  /**
   * Refuses further calls, lets those under way come to their end (at most `totalTimeoutMs`), and closes all
   * connections. May be called more than once.
   */
  close(): Promise<void>
}

const SECRET_TEXT = textLike(/^[\x21-\x7e]+$/, 'a secret: printable ASCII without spaces')

const JSON_TYPE = 'application/json; charset=utf-8'
const API_ERRORS = [400, 401, 403, 404, 409, 422]
/** Statuses that say nothing about the token: how it was asked, by way of whom, and when. */
const NO_REFUSALS = [405, 407, 408, 415, 421, 425, 426, 429, 431]
const LOOKUP_REFUSALS = Array.from({ length: 100 }, (_, index) => 400 + index).filter(
  (status) => !NO_REFUSALS.includes(status),
)

/**
 * Makes a client of one cluster. It opens connections when they are needed and follows no redirects.
 *
 * @throws {TypeError} that names the option that is wrong; secrets are not repeated.
 */
export function createTokenLookupClient(options: TokenLookupClientOptions): TokenLookupClient {
  const settings = readClientOptions(options, {
    factory: 'createTokenLookupClient',
    apiPrefix: '/api/cluster/v2',
    peer: TOKEN_LOOKUP,
    shape: { ...HTTP_CLIENT_OPTIONS, apiToken: SECRET_TEXT },
  })
  const { apiToken } = options
  if (apiToken === undefined) throw new TypeError('"apiToken" must be given')
  const http = createHttpTransport(settings)

  const send = async <Result>(
    call: Omit<HttpCall<Result, ErrorEnvelope>, 'headers'>,
  ): Promise<HttpAnswer<Result, ErrorEnvelope>> =>
    http.call({
      ...call,
      headers: {
        authorization: `Api-Token ${apiToken}`,
        ...(call.body === undefined ? {} : { 'content-type': JSON_TYPE }),
      },
    })

  const call = async <Result>(
    asked: Omit<HttpCall<Result, ErrorEnvelope>, 'headers' | 'readError' | 'refusals'>,
  ): Promise<Result> => {
    const answer = await send({ ...asked, refusals: API_ERRORS, readError: readErrorEnvelope })
    if (answer.ok) return answer.result
    const { status, error } = answer
    const message = `${asked.operation}: the token look-up API answered ${status}.`
    throw new TokenLookupApiError(message, { status, violations: error.violations })
  }
  const nothing = (): true => true

  return {
    createToken: async ({ name, scopes, expiresIn }) =>
      call({
        operation: 'createToken',
        method: 'POST',
        path: '/tokens',
        body: { name, scopes, expiresIn },
        success: 201,
        changesThings: true,
        read: (body, headers) => readCreatedToken(body, headers['location']),
      }),
    deleteToken: async (id) => {
      const path = pathOf(id)
      await call({
        operation: 'deleteToken',
        method: 'DELETE',
        path,
        success: 204,
        changesThings: true,
        read: nothing,
      })
    },
    getTokenMetadata: async (id) =>
      call({
        operation: 'getTokenMetadata',
        method: 'GET',
        path: pathOf(id),
        read: readTokenMetadata,
      }),
    getTokenMetadataBySecret: async (token, { urgent, party } = {}) => {
      const answer = await send({
        operation: 'getTokenMetadataBySecret',
        method: 'POST',
        path: '/tokens/lookup',
        body: { token },
        urgent,
        party,
        refusals: LOOKUP_REFUSALS,
        readError: readLookupError,
        read: readTokenMetadata,
      })
      return answer.ok
        ? { ok: true, metadata: answer.result }
        : { ok: false, status: answer.status }
    },
    listTokens: async (filter = {}) =>
      call({
        operation: 'listTokens',
        method: 'GET',
        path: `/tokens${queryOf(filter)}`,
        read: readStubs,
      }),
    updateToken: async (id, { name, revoked, scopes }) => {
      const path = pathOf(id)
      await call({
        operation: 'updateToken',
        method: 'PUT',
        path,
        body: { name, revoked, scopes } satisfies JsonObject,
        success: 204,
        changesThings: true,
        read: nothing,
      })
    },
    close: () => http.close(),
  }
}

/** What the secrets of this API look like: a prefix, the public part, and 64 characters that nobody else may see. */
const SECRET = /^dt0[a-z]\d{2}\.[A-Z0-9]+\.[A-Z0-9]{32,}$/i
/** Longer than any public id. */
const LONGEST_ID = 96

function pathOf(id: string): string {
  // Dot segments would lead to another resource (RFC 3986, §5.2.4).
  if (typeof id !== 'string' || id === '' || id === '.' || id === '..') {
    throw new TypeError('"id" must be the public id of a token.')
  }
  if (SECRET.test(id) || id.length > LONGEST_ID) {
    throw new TypeError('"id" is a secret; give the public id, since paths end up in logs.')
  }
  return `/tokens/${encodeURIComponent(id)}`
}

function queryOf({ limit, user, permissions = [], from, to }: TokenFilter): string {
  const query = new URLSearchParams()
  const single = { limit, user, from, to }
  for (const [name, value] of Object.entries(single)) {
    if (value !== undefined) query.set(name, String(value))
  }
  for (const permission of permissions) query.append('permissions', permission)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
