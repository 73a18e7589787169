/**
 * The one table that decides how every refusal and fault is told to a client: HTTP status, problem code
 * (RFC 9457) and challenge (RFC 6750). Doors translate an {@link Answer}; they never choose a status.
 *
 * @module
 */

import type { RefusalReason } from '../verifier/index.ts'
import type { ChallengeError } from './challenges.ts'

/** How one refusal or fault is told. */
export interface AnswerRow {
  readonly status: number
  readonly challenge?: ChallengeError
  readonly title: string
  readonly detail: string
  /** Seconds after which asking again may help, where the fault itself does not say. */
  readonly retryAfterSeconds?: number
}

/** Stable, machine-readable name of a refusal or fault: `code` of the problem body. */
export type AnswerCode =
  | RefusalReason
  | 'credentials_missing'
  | 'credentials_ambiguous'
  | 'credentials_malformed'
  | 'caveat_not_enforced'
  | 'data_readonly'
  | 'data_path_outside'
  | 'idp_token_not_accepted'
  | 'idp_token_invalid'
  | 'idp_client_not_allowed'
  | 'subject_not_allowed'
  | 'scope_missing'
  | 'client_address_invalid'
  | 'asker_not_trusted'
  | 'identity_forged'
  | 'request_invalid'
  | 'handshake_invalid'
  | 'websocket_not_carried'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'body_too_large'
  | 'target_too_long'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'internal_error'
  | 'verification_budget_exceeded'
  | 'client_limit_exceeded'
  | 'coding_not_supported'
  | 'method_not_carried'
  | 'upstream_unreachable'
  | 'verifier_unavailable'
  | 'gateway_misconfigured'
  | 'upstream_timeout'
  | 'loop_detected'

/** The table. */
export const ANSWER_ROWS: Readonly<Record<AnswerCode, AnswerRow>> = {
  credentials_missing: {
    status: 401,
    challenge: 'bare',
    title: 'A token is needed',
    detail: 'Send one in X-Auth-Token or Authorization: Bearer.',
  },
  credentials_ambiguous: {
    status: 400,
    challenge: 'invalid_request',
    title: 'More than one credential',
    detail: 'Send exactly one token, in exactly one header.',
  },
  credentials_malformed: {
    status: 400,
    challenge: 'invalid_request',
    title: 'The Authorization header cannot be read',
    detail: 'Send "Authorization: Bearer TOKEN", with one space and nothing after the token.',
  },
  token_malformed: {
    status: 401,
    challenge: 'invalid_token',
    title: 'Not a token',
    detail: 'The credential cannot be read as a token.',
  },
  token_too_large: {
    status: 401,
    challenge: 'invalid_token',
    title: 'The token is too large',
    detail: 'The token is longer than this gateway or its verifier accepts.',
  },
  token_invalid: {
    status: 401,
    challenge: 'invalid_token',
    title: 'The token is not valid',
    detail: 'Nobody knows this token, or its signature is wrong.',
  },
  token_expired: {
    status: 401,
    challenge: 'invalid_token',
    title: 'The token has expired',
    detail: 'The time of the token has passed; obtain a new token.',
  },
  token_revoked: {
    status: 401,
    challenge: 'invalid_token',
    title: 'The token has been revoked',
    detail: 'The token was revoked; obtain a new token.',
  },
  token_type_mismatch: {
    status: 401,
    challenge: 'invalid_token',
    title: 'The wrong type of token',
    detail: 'This route needs a token of another type (access, identity or invite).',
  },
  caveat_unverified: {
    status: 401,
    challenge: 'invalid_token',
    title: 'A caveat of the token does not hold',
    detail: 'The token may not be used from here or in this way.',
  },
  consumer_token_invalid: {
    status: 401,
    challenge: 'invalid_token',
    title: 'The consumer token is not valid',
    detail: 'X-Onedata-Consumer-Token must carry a valid identity token.',
  },
  caveat_not_enforced: {
    status: 403,
    challenge: 'insufficient_scope',
    title: 'A caveat of the token is not supported here',
    detail:
      'This route neither enforces nor delegates a caveat of the token, so honouring it would exceed what the token allows.',
  },
  data_readonly: {
    status: 403,
    challenge: 'insufficient_scope',
    title: 'The token may only read',
    detail: 'A caveat of the token allows reading only, and this request could change something.',
  },
  data_path_outside: {
    status: 403,
    challenge: 'insufficient_scope',
    title: 'Outside of what the token is for',
    detail: 'The caveats of the token do not allow access to this path or file.',
  },
  idp_token_not_accepted: {
    status: 401,
    challenge: 'invalid_token',
    title: 'A token of an identity provider',
    detail: 'This route takes tokens of Onezone, and none of an identity provider.',
  },
  idp_token_invalid: {
    status: 401,
    challenge: 'invalid_token',
    title: 'The identity provider refuses the token',
    detail: 'The identity provider does not know this token, or no more; obtain a new one.',
  },
  idp_client_not_allowed: {
    status: 403,
    challenge: 'insufficient_scope',
    title: 'The token was issued to another client',
    detail: 'This gateway takes tokens of some clients of the identity provider, not of this one.',
  },
  subject_not_allowed: {
    status: 403,
    challenge: 'insufficient_scope',
    title: 'The subject is not allowed',
    detail: 'The token is valid, but this route does not admit its subject.',
  },
  scope_missing: {
    status: 403,
    challenge: 'insufficient_scope',
    title: 'A scope is missing',
    detail: 'The token is valid, but this route demands scopes that it does not carry.',
  },
  user_blocked: {
    status: 403,
    challenge: 'insufficient_scope',
    title: 'The user is blocked',
    detail: 'The user account has been blocked in Onezone.',
  },
  service_forbidden: {
    status: 403,
    challenge: 'insufficient_scope',
    title: 'The service may not act for this subject',
    detail: 'Onezone does not allow this service to be used with the subject of the token.',
  },
  client_address_invalid: {
    status: 400,
    title: 'The forwarded client address cannot be read',
    detail: 'The proxy that asks sent an X-Forwarded-For value that is no list of IP addresses.',
  },
  asker_not_trusted: {
    status: 403,
    title: 'Not one of the proxies that may ask',
    detail: 'Only the addresses in trustedProxies are answered here.',
  },
  identity_forged: {
    status: 400,
    title: 'A header field states an identity',
    detail:
      'Only the gateway may send fields that state an identity; send the request without them.',
  },
  request_invalid: {
    status: 400,
    title: 'The request is ambiguous',
    detail: 'The request target, its Host or its framing can be read in more than one way.',
  },
  handshake_invalid: {
    status: 400,
    title: 'The WebSocket handshake is not valid',
    detail: 'Send one Sec-WebSocket-Key of 16 bytes in base64, and Sec-WebSocket-Version: 13.',
  },
  websocket_not_carried: {
    status: 400,
    title: 'No WebSocket here',
    detail: 'This route carries ordinary requests only; send it without Upgrade.',
  },
  route_not_found: {
    status: 404,
    title: 'No such route',
    detail: 'No route of this gateway matches the host and the path.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'This gateway does not take this method here; Allow says which it takes.',
  },
  request_timeout: {
    status: 408,
    title: 'The request did not come to its end in time',
    detail: 'Nothing more of the request came for longer than this gateway waits.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    detail: 'The body of the request is longer than this route takes.',
  },
  target_too_long: {
    status: 414,
    title: 'The target is too long',
    detail: 'The path and the query of the request are longer than this gateway reads.',
  },
  expectation_failed: {
    status: 417,
    title: 'Expectation failed',
    detail: 'The only expectation that can be met is 100-continue.',
  },
  verification_budget_exceeded: {
    status: 429,
    title: 'Too many tokens to verify',
    detail:
      'Too many tokens that were no good came from here, or too many texts of one token; slow down.',
    retryAfterSeconds: 1,
  },
  client_limit_exceeded: {
    status: 429,
    title: 'Too much from one address',
    detail: 'There are too many requests or WebSockets of this address; slow down, or close some.',
    retryAfterSeconds: 1,
  },
  headers_too_large: {
    status: 431,
    title: 'Too many header fields',
    detail: 'Send fewer or smaller header fields.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    detail: 'The gateway failed to handle the request; its log says why.',
  },
  coding_not_supported: {
    status: 501,
    title: 'Transfer coding not supported',
    detail: 'The only transfer coding that is understood is chunked.',
  },
  method_not_carried: {
    status: 501,
    title: 'Method not carried',
    detail: 'This gateway does not know the method of the request.',
  },
  upstream_unreachable: {
    status: 502,
    title: 'The upstream cannot be reached',
    detail: 'The service behind this gateway refused, broke off or garbled its answer.',
  },
  verifier_unavailable: {
    status: 503,
    title: 'Tokens cannot be verified at the moment',
    detail: 'The verifier gave no usable answer, so nobody could say whether the token is good.',
    retryAfterSeconds: 2,
  },
  gateway_misconfigured: {
    status: 503,
    title: 'The gateway is misconfigured',
    detail: "The gateway's own credential was refused; its operator has been told.",
    retryAfterSeconds: 30,
  },
  upstream_timeout: {
    status: 504,
    title: 'The upstream did not answer in time',
    detail: 'The service behind this gateway took too long to begin its answer.',
  },
  loop_detected: {
    status: 508,
    title: 'The request has come back',
    detail: 'The request has been here before: a route leads back to this gateway.',
  },
}

/** Every code there is, for documentation and bounded metric labels. */
export const ANSWER_CODES: readonly AnswerCode[] = Object.keys(ANSWER_ROWS) as AnswerCode[]
