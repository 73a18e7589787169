/**
 * Methods whose requests have no body that means anything (RFC 9110 §9.3). A server may leave one unread and take it
 * for the next request of the connection, so there must not be a next one.
 */
export const BODILESS_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

/** Methods that have the same effect once or several times (RFC 9110 §9.2.2), of those that are carried. */
export const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
])
