const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** Names to which the gateway or HTTP itself gives a meaning. */
const TAKEN =
  /^(?:connection|content-.*|cookie|date|expect|forwarded|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|via|x-auth-token|x-forwarded-(?:for|host|proto)|x-onedata-consumer-token|x-real-ip|authorization|macaroon)$/

/**
 * Checks the name of a header field that is to carry a part of the identity.
 *
 * @returns The name itself.
 * @throws {TypeError} for text that is no field name (RFC 9110 §5.1), and for names that are taken.
 */
export function parseIdentityHeaderName(text: string): string {
  if (!FIELD_NAME.test(text)) {
    throw new TypeError('must be the name of a header field, e.g. X-Forwarded-User')
  }
  if (TAKEN.test(foldHeaderName(text))) {
    throw new TypeError('has another meaning already; choose another name')
  }
  return text
}

/** Names that CGI, WSGI or PHP cannot tell apart fold to the same text. */
export function foldHeaderName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}
