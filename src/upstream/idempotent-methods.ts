/** Methods that have the same effect once or several times (RFC 9110 §9.2.2), of those that are carried. */
export const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
])
