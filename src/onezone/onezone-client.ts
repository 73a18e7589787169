import type { FinishedCall, HttpClientOptions } from '../http-client/index.ts'
import { HTTP_CLIENT_OPTIONS, readClientOptions } from '../http-client/index.ts'
import { JUDGED_ELSEWHERE } from '../option-shape.ts'
import { createTransport } from './api-transport.ts'
import { credentialFields, type OnezoneCredentials } from './credentials.ts'
import { ONEZONE } from './onezone-peer.ts'
import { createPerform } from './perform.ts'
import { createTokenApi, type TokenApi } from './token-api.ts'
import { createVerifyApi, type VerifyApi } from './verify-api.ts'
import { createZoneApi, type ZoneApi } from './zone-api.ts'

/** One finished call to Onezone, as told to `onCall`. */
export type OnezoneCall = FinishedCall

/** Options of {@link createOnezoneClient}. */
export interface OnezoneClientOptions extends HttpClientOptions {
  /**
   * Base URL of Onezone: scheme, host and port only, e.g. `https://onezone.example.org`. With `http:` every token would
   * travel in the clear, so that is accepted for loopback hosts only; see `allowInsecureHttp`.
   */
  url: string
  /**
   * Whom to call as, where a call has no credentials of its own. Never sent with public operations: a verification
   * would take the caller for the consumer.
   *
   * @default none: operations that are not public need them with every call
   */
  credentials?: OnezoneCredentials | undefined
  /**
   * Longest answer that is read, in bytes. Raise it to confine or examine tokens of that size, or to list more than
   * about 1 500 tokens: Onezone's lists have no pages.
   *
   * @default 65_536
   */
  maxAnswerBytes?: number | undefined
  /**
   * Path under which Onezone serves its REST API, without a slash at its end.
   *
   * @default '/api/v3/onezone'
   */
  apiPrefix?: string | undefined
}

/** A typed client of Onezone's REST API. Its methods bear the names of the API's operations. */
export interface OnezoneClient extends VerifyApi, TokenApi, ZoneApi {
  /**
   * Refuses further calls, lets those under way come to their end (at most `totalTimeoutMs`), and closes all
   * connections. May be called more than once.
   */
  close(): Promise<void>
}

/**
 * Makes a client of one Onezone. It opens connections when they are needed and follows no redirects. Public operations
 * are called anonymously unless the call itself has credentials. Throws a `TypeError` that names the option where one
 * is wrong.
 *
 * Whatever is no answer of Onezone is an `OnezoneFaultError`; nothing is known about the token then:
 *
 * | `code` | cause |
 * |---|---|
 * | `ERR_ONEZONE_UNREACHABLE` | no connection: refused, timed out, name or certificate wrong; or the client is closed |
 * | `ERR_ONEZONE_TIMEOUT` | no complete answer within `totalTimeoutMs` |
 * | `ERR_ONEZONE_RESET` | the connection broke before the answer was complete |
 * | `ERR_ONEZONE_REDIRECT` | status 3xx |
 * | `ERR_ONEZONE_STATUS` | a status, or an error about the request itself, that answers no question;
 * `retryAfterSeconds` is at most 60 |
 * | `ERR_ONEZONE_ANSWER_INVALID` | not HTTP, not JSON, or not of the documented shape |
 * | `ERR_ONEZONE_ANSWER_TOO_LARGE` | longer than `maxAnswerBytes` |
 * | `ERR_ONEZONE_OVERLOADED` | `maxConnections` calls are in flight and `maxQueued` wait |
 *
 * Whatever is an answer, but no, is an `OnezoneApiError` with an `id` of Onezone's catalogue; `knownErrorOf` and
 * `isOnezoneError` tell its details apart. Verifications alone give a refusal as a value.
 *
 * @example
 * const onezone = createOnezoneClient({ url: 'https://onezone.example.org' })
 * const answer = await onezone.verifyAccessToken({ token, peerIp: '192.0.2.1', interface: 'rest' })
 * if (answer.ok) console.log(answer.subject.id)
 */
export function createOnezoneClient(options: OnezoneClientOptions): OnezoneClient {
  const settings = readClientOptions(options, {
    factory: 'createOnezoneClient',
    apiPrefix: '/api/v3/onezone',
    peer: ONEZONE,
    // `credentialFields` judges them, here as with each call.
    shape: { ...HTTP_CLIENT_OPTIONS, credentials: JUDGED_ELSEWHERE },
  })
  const { credentials } = options
  if (credentials !== undefined) credentialFields(credentials)
  const transport = createTransport(settings)
  const perform = createPerform(transport, credentials)
  return {
    ...createVerifyApi(transport),
    ...createTokenApi(perform),
    ...createZoneApi(perform),
    close: () => transport.close(),
  }
}
