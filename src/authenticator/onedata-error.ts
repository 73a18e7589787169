/**
 * Every refusal in Onedata's own words, for clients that read nothing else: generated ones look for `error`, and show
 * `None` where there is none.
 *
 * @module
 */

/** An error as Onezone writes it (Onezone API, §9). Without details where it has none. */
export interface OnedataError {
  readonly id: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly description: string
}

/** What is known of one case beyond its code. */
export interface OnedataErrorCase {
  readonly status: number
  readonly detail: string
  readonly caveat: string | null
  readonly requestId: string | null
}

/** Ids of what is wrong with a token: what Onezone gives as `authError`, or as the error where it is no 401. */
const IDS: Readonly<Record<string, string>> = {
  token_malformed: 'badToken',
  idp_token_not_accepted: 'badToken',
  idp_token_invalid: 'badIdpAccessToken',
  token_too_large: 'tokenTooLarge',
  token_invalid: 'tokenInvalid',
  token_expired: 'tokenCaveatUnverified',
  token_revoked: 'tokenRevoked',
  token_type_mismatch: 'tokenInvalid',
  caveat_unverified: 'tokenCaveatUnverified',
  consumer_token_invalid: 'badConsumerToken',
  user_blocked: 'userBlocked',
  service_forbidden: 'tokenServiceForbidden',
  upstream_timeout: 'timeout',
}

/** Ids of what has no name of its own in Onedata, by status. */
const BY_STATUS: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  405: 'notSupported',
  429: 'temporaryFailure',
  500: 'internalServerError',
  501: 'notImplemented',
  502: 'temporaryFailure',
  503: 'serviceUnavailable',
  504: 'timeout',
  508: 'temporaryFailure',
}

/**
 * Words the refusal as Onezone would: what is wrong with a token stands inside of `unauthorized`.
 *
 * @param code A code of the table of answers.
 */
export function onedataErrorOf(code: string, about: OnedataErrorCase): OnedataError {
  const { status, detail } = about
  const id = IDS[code] ?? BY_STATUS[status] ?? 'malformedData'
  const error = { id, ...detailsOf(code, id, about), description: detail }
  if (status !== 401 || id === 'unauthorized') return error
  return { id: 'unauthorized', details: { authError: error }, description: detail }
}

function detailsOf(
  code: string,
  id: string,
  { detail, caveat, requestId }: OnedataErrorCase,
): { readonly details?: Readonly<Record<string, unknown>> } {
  if (code === 'token_expired') return { details: { caveat: { type: 'time' } } }
  if (id === 'tokenCaveatUnverified' && caveat !== null) {
    return { details: { caveat: { type: caveat } } }
  }
  if (id === 'forbidden') return { details: { hint: detail } }
  if (id === 'internalServerError' && requestId !== null)
    return { details: { reference: requestId } }
  return {}
}
