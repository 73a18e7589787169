declare const kind: unique symbol

/** Id of a token: opaque, and not secret. */
export type TokenId = string & { readonly [kind]: 'token' }

/** Id of a user of a Onezone: opaque. */
export type UserId = string & { readonly [kind]: 'user' }

/** Id of a Oneprovider, which is its cluster's id as well: opaque. */
export type ProviderId = string & { readonly [kind]: 'provider' }

/** Takes a string for the id of a token. Throws a `TypeError` for what can be none, a token itself included. */
export function tokenId(text: string): TokenId {
  return checkId('token', text) as TokenId
}

/** Takes a string for the id of a user. Throws a `TypeError` for what can be none. */
export function userId(text: string): UserId {
  return checkId('user', text) as UserId
}

/** Takes a string for the id of a Oneprovider. Throws a `TypeError` for what can be none. */
export function providerId(text: string): ProviderId {
  return checkId('Oneprovider', text) as ProviderId
}

const LONGEST_ID = 256
// How every token begins (Onezone API, §1.3, §1.5). Ids become parts of URLs, where no secret may be.
const TOKEN = /^(?:op[wp]-)?MDA/

/** Whether a value can be an id. Dot segments would lead to another resource (RFC 3986, §5.2.4). */
export function isId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value !== '.' &&
    value !== '..' &&
    value.length <= LONGEST_ID &&
    !/\p{Surrogate}/u.test(value) &&
    !TOKEN.test(value)
  )
}

function checkId(of: string, text: string): string {
  if (isId(text)) return text
  throw new TypeError(
    `The id of a ${of} must be a string of 1 to ${LONGEST_ID} characters, no dot segment and no token.`,
  )
}
